"""Many small decompositions at once, each on one thread of torch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import torch

from analysis.rank.spectra.torch_threads import torch_threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

T = TypeVar("T")
R = TypeVar("R")


def map_on_one_thread_each(call: Callable[[T], R], items: Iterable[T]) -> list[R]:
    """The results of a function, in the order of what it was given, as many at a time as torch has threads.

    Threads that wait for each other within a decomposition gain little, and where other programs take turns on the
    cores they lose a factor of 10 and more.
    """
    threads = torch.get_num_threads()
    with (
        torch_threads(None),
        ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool,
    ):
        return list(pool.map(call, items))
