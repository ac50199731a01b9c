"""Counts of many models under many conventions, made on all cores."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

from analysis.complexity import count
from analysis.complexity.conventions import CONVENTIONS, from_dict
from analysis.complexity.conventions.cache import CountCache
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
    """Counts under every convention and as timm's index has them, kept in a folder."""
    return CountCache(folder, others={TIMM_INDEX: count_as_timm_index})


def total_from(book: CountCache) -> Callable[[str, str, int], int]:
    """Totals by convention, model and side; those that the config alone tells are not asked from the book."""

    def total(convention: str, model: str, side: int) -> int:
        if convention == "params":
            return count(model, side).params
        if convention in FACTORS:
            return FACTORS[convention] * count(model, side).macs
        return book.count(convention, model, side).total

    return total


#: What one multiply-add counts where nothing else does.
FACTORS = {"macs": 1, "two_per_mac": 2}


def conventions_for(model: str) -> tuple[str, ...]:
    """The conventions a model can be counted under: timm's index is known for some families alone."""
    return tuple(name for name in (*EVERY, *PARAMETERS) if name != TIMM_INDEX or covers(model))


def fill_book(
    book: CountCache, keys: Iterable[Key], *, jobs: int, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> None:
    """Make the counts that the book lacks, model by model.

    Args:
        book: Takes them.
        keys: What will be asked for.
        jobs: Processes; 1 counts in this one.
        progress: Told how many models are done, of how many.
    """
    tasks: dict[tuple[str, int], list[str]] = {}
    for model, side, convention in dict.fromkeys(keys):
        if not book.knows(convention, model, side):
            tasks.setdefault((model, side), []).append(convention)
    # The slow ones first, so that the last process does not start one when the others have nothing left.
    order = sorted(tasks.items(), key=lambda task: (-len(task[1]), task[0]))
    if not order:
        return
    progress(0, len(order))
    if jobs == 1 or len(order) == 1:
        for done, (place, names) in enumerate(order, start=1):
            _count_all(book, *place, names)
            progress(done, len(order))
        return
    # Spawned, because torch's and OpenVINO's threads do not survive a fork.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(jobs, len(order)), mp_context=context, initializer=_use_one_thread) as pool:
        waiting = [pool.submit(_count_task, *place, names) for place, names in order]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                for document in future.result():
                    book.take(from_dict(document))
                progress(done, len(order))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _use_one_thread() -> None:
    import torch  # noqa: PLC0415 - only in the processes that count

    torch.set_num_threads(1)


def _count_task(model: str, side: int, names: Sequence[str]) -> list[dict[str, Any]]:
    """In a process of the pool: the counts as plain values."""
    book = open_cache(None)
    _count_all(book, model, side, names)
    return [book.count(name, model, side).as_dict() for name in names]


def _count_all(book: CountCache, model: str, side: int, names: Sequence[str]) -> None:
    for name in names:
        book.count(name, model, side)
