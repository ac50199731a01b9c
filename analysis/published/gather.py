"""Counts of many models under many conventions, made on all cores."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from analysis.complexity import count
from analysis.complexity.conventions import CONVENTIONS, from_dict
from analysis.complexity.conventions.cache import CountCache
from analysis.parallel import open_parallel_map
from analysis.published.timm_index import TIMM_INDEX, count_as_timm_index, covers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    #: Model, side [pixels], convention.
    Key = tuple[str, int, str]

#: Every way a model of the table is counted, in the order it is shown.
EVERY = (*(name for name, one in CONVENTIONS.items() if one.quantity == "operations"), TIMM_INDEX)
PARAMETERS = tuple(name for name, one in CONVENTIONS.items() if one.quantity == "parameters")


def open_cache(folder: Path | None) -> CountCache:
    """A cache of counts under every convention and as timm's index has them."""
    return CountCache(folder, others={TIMM_INDEX: count_as_timm_index})


def total_from(cache: CountCache) -> Callable[[str, str, int], int]:
    """Totals by convention, model and side; what the config alone determines does not go through the cache."""

    @functools.cache
    def total(convention: str, model: str, side: int) -> int:
        if convention == "params":
            return count(model, side).params
        if convention == "params_with_statistics":
            return count_with_statistics(model, side)
        if convention in FACTORS:
            return FACTORS[convention] * count(model, side).macs
        return cache.count(convention, model, side).total

    return total


def count_with_statistics(model: str, side: int) -> int:
    """Parameters, and batch norm's means and variances, of which there are as many as of its scales and shifts."""
    cost = count(model, side)
    return cost.params + sum(layer.params for layer in cost.layers if layer.kind == "batch_norm")


#: What one multiply-add counts under conventions that count nothing else.
FACTORS = {"macs": 1, "two_per_mac": 2}
#: Conventions that the config alone determines.
FROM_CONFIG = frozenset({*FACTORS, "params", "params_with_statistics"})


def conventions_for(model: str) -> tuple[str, ...]:
    """The conventions that apply to a model: timm's index covers only some families."""
    return tuple(name for name in (*EVERY, *PARAMETERS) if name != TIMM_INDEX or covers(model))


def fill_cache(
    cache: CountCache,
    keys: Iterable[Key],
    *,
    jobs: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> None:
    """Make the counts that the cache lacks, model by model.

    Args:
        cache: Takes the counts.
        keys: The counts that will be needed.
        jobs: Processes; 1 counts in this one.
        progress: Receives the number of finished models and the number of all.
    """
    tasks: dict[tuple[str, int], list[str]] = {}
    for model, side, convention in dict.fromkeys(keys):
        if not cache.knows(convention, model, side):
            tasks.setdefault((model, side), []).append(convention)
    # The slow ones first, so that the last process does not start one when the others have nothing left.
    order = sorted(((*place, names) for place, names in tasks.items()), key=lambda task: (-len(task[2]), task))
    if not order:
        return
    progress(0, len(order))
    with open_parallel_map(min(jobs, len(order))) as parallel_map:
        for done, documents in enumerate(parallel_map(_count_task, order), start=1):
            for document in documents:
                cache.take(from_dict(document))
            progress(done, len(order))


def _count_task(task: tuple[str, int, Sequence[str]]) -> list[dict[str, Any]]:
    """The counts of one model as plain values, which go from process to process."""
    model, side, names = task
    cache = open_cache(None)
    return [cache.count(name, model, side).as_dict() for name in names]
