"""The answer of `rexbench published` as plain values: verdicts, counts under each convention, and who uses which."""

from __future__ import annotations

import functools
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from analysis.complexity.conventions import CONVENTIONS
from analysis.published.conditions import is_registered, read_input
from analysis.published.conventions import MANY_DIGITS, QUICK, SLOW_SIDE, stated_convention
from analysis.published.gather import EVERY, FROM_CONFIG, conventions_for, fill_cache, total_from
from analysis.published.judge import judge_rows
from analysis.published.rounding import digits
from analysis.published.timm_index import TIMM_INDEX
from analysis.published.verdict import VERDICTS
from analysis.study import Study
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from analysis.complexity.conventions.cache import CountCache
    from analysis.published.latency import Measured
    from analysis.published.table import PublishedRow
    from analysis.published.verdict import Verdict

#: What the explorer shows by default: one network of each kind, because converting a network takes seconds.
EXPLORED = (
    *("rexnet_1.0", "rexnet_2.0", "rexnet_lite_1.0"),
    *("efficientnet_b0", "mobilenet_v2_1.0", "regnetx_3.2gf"),
)
_TIMM = {
    "name": TIMM_INDEX,
    "title": "timm's model index",
    "quantity": "operations",
    "unit": "multiply-adds and operations",
    "counts": "as thop 0.0.31, on a photograph resized by its shorter side and not cropped (285 x 224)",
    "leaves_out": "the classifier, and batch norm of ReXNet and RegNet, which were subclasses; activations, functions "
    "and operators between modules",
    "source": "inferred from 24 printed numbers of 22 models",
}


def make_document(
    rows: Sequence[PublishedRow],
    cache: CountCache,
    *,
    explored: Sequence[str] = EXPLORED,
    measured: Sequence[Measured] = (),
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _of: None,
) -> Study:
    """Judge every row and count every explored model under every convention.

    Args:
        rows: Published numbers.
        cache: Keeps the counts.
        explored: Registered names that the explorer shows, each at its own input side.
        measured: Latencies measured here.
        jobs: Processes that count.
        progress: Receives the number of counted models and the number of all.

    Raises:
        InputError: An unknown model among `explored`.
    """
    sides = {model: model_info(model).resolution for model in explored}
    wanted = [(model, side, name) for model, side in sides.items() for name in conventions_for(model)]
    fill_cache(cache, [*wanted, *wanted_by(rows)], jobs=jobs, progress=progress)
    verdicts = judge_rows(rows, total_from(cache), _checkpoint_bytes, measured)
    payload = {
        "counts": _tally(verdicts),
        "by_source": _tally_by_source(verdicts),
        "rows": [verdict.as_dict() for verdict in verdicts],
        "conventions": [*_describe_conventions(), _TIMM],
        "uses": _uses(verdicts),
        "explorer": [_explore(cache, model, side, name) for model, side, name in wanted],
    }
    return Study(kind="published", payload=payload)


@functools.cache
def _checkpoint_bytes(model: str) -> int | None:
    from analysis.published.checkpoint_size import count_checkpoint_bytes  # noqa: PLC0415 - torch only where it counts

    return count_checkpoint_bytes(model)


def wanted_by(rows: Sequence[PublishedRow]) -> Iterator[tuple[str, int, str]]:
    """What the verdicts will ask the cache for: the candidates where a source does not say how it counted."""
    for row in rows:
        if row.metric not in {"flops", "params"} or not is_registered(row.model):
            continue
        stated, side = stated_convention(row), read_input(row).side
        names = {stated} if stated else {*QUICK} - _in_vain(row, side or 0)
        if side and (stated or row.metric == "flops"):
            known = names.intersection(conventions_for(row.model)) - FROM_CONFIG
            yield from ((row.model, side, name) for name in sorted(known))


def _in_vain(row: PublishedRow, side: int) -> set[str]:
    """What won't be tried: where many digits come out exactly, trying ends; fvcore runs the model besides."""
    index = "timm" in row.source.lower()
    others = set() if index else {TIMM_INDEX}
    if digits(row) < MANY_DIGITS:
        return others | ({"fvcore"} if side > SLOW_SIDE else set())
    return others | ({*QUICK[QUICK.index(TIMM_INDEX) + 1 :]} if index else {"fvcore"})


def _tally(verdicts: Sequence[Verdict]) -> dict[str, int]:
    """How many rows have each verdict; one that none has is 0."""
    found = Counter(verdict.verdict for verdict in verdicts)
    return {name: found[name] for name in VERDICTS}


def _tally_by_source(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    sources: defaultdict[str, list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        sources[verdict.row.source].append(verdict)
    return [{"source": source, "rows": len(own), **_tally(own)} for source, own in sources.items()]


def _describe_conventions() -> list[dict[str, Any]]:
    return [{name: getattr(convention, name) for name in _TIMM} for convention in CONVENTIONS.values()]


def _uses(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    """Which publication uses which convention, and how many of its rows come out under it."""
    found: defaultdict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for verdict in verdicts:
        if verdict.convention:
            found[verdict.row.source, verdict.row.metric, verdict.convention][verdict.verdict] += 1
    return [
        {"source": source, "metric": metric, "convention": convention, "rows": tally.total(), **tally}
        for (source, metric, convention), tally in found.items()
    ]


def _explore(cache: CountCache, model: str, side: int, name: str) -> dict[str, Any]:
    count = cache.count(name, model, side)
    return {
        "model": model,
        "height": count.height,
        "width": count.width,
        "convention": name,
        "quantity": "operations" if name in EVERY else "parameters",
        "total": count.total,
        "groups": count.by_group(),
        "operators": count.by_operator(),
        "uncounted": list(count.uncounted),
    }
