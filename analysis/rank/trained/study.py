"""The trained check as a whole: every network from every seed, without those already trained, and one study."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from analysis.rank.trained.claims import compare_all, judge_claims, mean_over_seeds
from analysis.rank.trained.journal import Journal
from analysis.rank.trained.networks import plan_networks
from analysis.rank.trained.run import METRICS
from analysis.study import Study

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from analysis.rank.trained.networks import TrainedNetwork
    from analysis.rank.trained.run import Run
    from analysis.rank.trained.setting import TrainedSetting


def run_trained(
    setting: TrainedSetting,
    progress: Callable[[int, int], None] | None = None,
    folder: Path | None = None,
) -> Study:
    """Train what is not trained yet and summarise all of it.

    All networks of a seed come before the next seed, so that a study cut short is still paired. Ctrl-C ends it with
    the runs that are finished; before the first of them it is passed on.

    Args:
        setting: What to train; with the versions of torch and scikit-learn it determines the numbers.
        progress: Receives the finished runs and the number of all, also before the first.
        folder: Where finished runs are kept and looked for; None keeps none.

    Returns:
        A study with the payload ``stopped_by`` (``seeds`` or ``interrupted``), ``runs``, ``summary``, ``pairs``,
        ``claims``. Accuracies are shares; None stands for what is not known.

    Raises:
        InputError: scikit-learn is missing, or the folder holds runs of another setting.
    """
    networks = plan_networks(setting)
    versions = _versions()
    journal = Journal(folder, setting.recipe() | versions)
    wanted = [(network, seed) for seed in range(setting.seeds) for network in networks]
    stopped_by = "seeds"
    try:
        _train_missing(setting, wanted, journal, progress)
    except KeyboardInterrupt:
        stopped_by = "interrupted"
        if not journal.runs:
            raise
    runs = {key: journal.runs[key] for network, seed in wanted if (key := (network.name, seed)) in journal.runs}
    payload = {
        "stopped_by": stopped_by,
        "runs": [run.as_dict() for run in runs.values()],
        "summary": [_summarise(network, list(runs.values())) for network in networks],
        "pairs": compare_all(networks, runs),
        "claims": judge_claims(networks, runs),
    }
    return Study(
        kind="trained",
        settings=setting.as_dict() | versions,
        stopped=stopped_by == "interrupted",
        payload=make_plain(payload),
    )


def _versions() -> dict[str, str]:
    """Versions on which the numbers depend; asking for them also finds out early whether scikit-learn is there."""
    import torch  # noqa: PLC0415 - planning lives without

    from analysis.rank.trained.data import data_version  # noqa: PLC0415 - torch

    return {"scikit_learn": data_version(), "torch": str(torch.__version__)}


def _train_missing(
    setting: TrainedSetting,
    wanted: Sequence[tuple[TrainedNetwork, int]],
    journal: Journal,
    progress: Callable[[int, int], None] | None,
) -> None:
    from analysis.rank.trained import training  # noqa: PLC0415 - torch

    missing = [(network, seed) for network, seed in wanted if (network.name, seed) not in journal.runs]
    for number, (network, seed) in enumerate(missing, start=len(wanted) - len(missing)):
        if progress:
            progress(number, len(wanted))
        journal.add(training.train(network, setting, seed))
    if progress:
        progress(len(wanted), len(wanted))


def _summarise(network: TrainedNetwork, runs: Sequence[Run]) -> dict[str, Any]:
    """Means over seeds with their intervals, beside what the paper printed."""
    whole = [run for run in runs if run.network == network.name and run.status == "ok"]
    config = network.config
    summary: dict[str, Any] = {
        "network": network.name,
        "group": network.group,
        "label": network.label,
        "widths": "-".join(str(width) for width in (config.stem.w_out, *(block.w_out for block in config.blocks))),
        "expansion": config.blocks[0].w_mid // config.blocks[0].w_in,
        "feature_channels": config.head.w_conv,
        "params": network.params,
        "macs": network.macs,
        "seeds": len(whole),
        "failed": sum(run.network == network.name and run.status != "ok" for run in runs),
    }
    for metric in METRICS:
        mean = mean_over_seeds([getattr(run, metric) for run in whole])
        summary |= {metric: mean.value, f"{metric}_low": mean.low, f"{metric}_high": mean.high}
    printed = ("printed_accuracy", "printed_nuclear_norm", "printed_macs")
    return summary | {name: getattr(network, name) for name in printed}
