"""The layer study as a user calls it: from protocols with overrides to one study."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.parallel import open_parallel_map
from analysis.rank.layers import protocols
from analysis.rank.layers.document import describe
from analysis.rank.layers.exact import RATIOS as EXACT_RATIOS
from analysis.rank.layers.exact import compare_exactly
from analysis.rank.layers.search import OPEN_CHOICES, search_closest
from analysis.rank.layers.sign_map import describe_map, map_signs
from analysis.rank.layers.study import run_layers
from analysis.rank.layers.verdicts import as_rows, judge, judge_grid, tally_levels, try_claims
from analysis.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from analysis.parallel import ParallelMap
    from analysis.rank.layers.setting import LayerSetting
    from analysis.rank.layers.task import LayersTask
    from analysis.rank.layers.verdicts import Trial

_EXACT_NETWORKS = 10


def _silent(what: str, done: int, total: int) -> None:
    pass


def run_layers_task(task: LayersTask, progress: Callable[[str, int, int], None] = _silent) -> Study:
    """Run the protocols; after Ctrl-C the study holds what was finished.

    Args:
        task: What to run.
        progress: Receives the name of a part, its finished steps and the number of all.

    Returns:
        A study with the payload ``protocols, claims, sensitivity, search, sign_map``.
    """
    search = _search_rows(protocols.load_closest()) if "closest" in task.protocols else None
    document: dict[str, Any] = {"protocols": [], "claims": [], "sensitivity": [], "search": search}
    document |= {"sensitivity_setting": None, "sign_map": [], "sign_map_setting": None}
    stopped = False
    settings, grid = task.settings(), task.grid()
    with open_parallel_map(task.workers) as parallel_map:
        try:
            for name, setting in settings.items():
                _add_protocol(document, name, setting, parallel_map=parallel_map, task=task, progress=progress)
            if grid:
                document["sensitivity_setting"] = protocols.describe_grid(task.grid_base())
                _add_grid(document, grid, parallel_map, progress)
                document["sign_map_setting"] = describe_map(task.seed)
                document["sign_map"] = map_signs(parallel_map, seed=task.seed, progress=partial(progress, "sign map"))
        except KeyboardInterrupt:
            stopped = True
            if not document["protocols"] and not document["claims"]:
                raise
    return Study(kind="layers", stopped=stopped, payload=document)


def _add_protocol(
    document: dict[str, Any],
    name: str,
    setting: LayerSetting,
    *,
    parallel_map: ParallelMap,
    task: LayersTask,
    progress: Callable[[str, int, int], None],
) -> None:
    sample = run_layers(setting, parallel_map, partial(progress, name))
    exact = []
    if task.exact and not document["protocols"]:  # integer networks have no protocol: once is enough
        exact = compare_exactly(
            blocks=setting.blocks,
            activations=setting.activations,
            ratios=[ratio for ratio in setting.ratios if ratio in EXACT_RATIOS] or setting.ratios,
            networks=min(_EXACT_NETWORKS, setting.networks),
            seed=setting.seed,
            progress=partial(progress, "exact ranks"),
        )
    document["protocols"].append(describe(sample, name, exact))
    document["claims"] += as_rows(judge(sample, name))
    if sample.stopped_by == "interrupted":
        raise KeyboardInterrupt


def _add_grid(
    document: dict[str, Any],
    grid: list[tuple[dict[str, str], LayerSetting]],
    parallel_map: ParallelMap,
    progress: Callable[[str, int, int], None],
) -> None:
    trials: list[Trial] = []
    done = 0
    try:
        for levels, setting in grid:
            trials += try_claims(run_layers(setting, parallel_map).whole(), levels)
            done += 1
            progress("sensitivity", done, len(grid))
    finally:
        # What is finished counts, also after Ctrl-C; the setting says how much of the grid that is.
        document["sensitivity_setting"]["settings_run"] = done
        if trials:
            document["sensitivity"] = tally_levels(trials)
            document["claims"] += as_rows(judge_grid(trials, "sensitivity"))


def run_search(
    *, tries: int, networks: int, seed: int, workers: int, progress: Callable[[str, int, int], None] = _silent
) -> dict[str, Any]:
    """Search for the setting nearest to the paper's figure, see `analysis.rank.layers.search`.

    Args:
        tries: Random settings before the best are improved.
        networks: Random networks of each.
        seed: Seed of the settings.
        workers: Processes.
        progress: Receives the settings tried; their final number is known for the random ones only.

    Returns:
        What `search_closest` gives, with ``tries, networks, seed``.
    """
    with open_parallel_map(workers) as parallel_map:
        result = search_closest(
            parallel_map,
            tries=tries,
            networks=networks,
            seed=seed,
            # Climbing goes on from the random ones for as long as it helps: about as many again.
            progress=lambda done: progress("settings tried", done, max(done + 1, 2 * tries)),
        )
    return {"tries": tries, "networks": networks, "seed": seed, **result}


def _search_rows(found: Mapping[str, Any]) -> dict[str, Any]:
    """The stored search as the report shows it: flat rows, the nearest first."""
    names = [*OPEN_CHOICES, "primary"]
    rows = [
        {
            "rank": place,
            "distance": one["distance"],
            **one["panels"],
            **{name: _flat(one["setting"][name]) for name in names},
        }
        for place, one in enumerate(found["best"], start=1)
    ]
    return {
        "settings_tried": found["settings_tried"],
        "views_tried": found["views_tried"],
        "validated_distance": found["validated"]["distance"],
        "best": rows,
    }


def _flat(value: Any) -> Any:
    return " ".join(str(part) for part in value) if isinstance(value, list) else value
