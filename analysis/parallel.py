"""One function over many items: in this process, or on a pool of processes with one thread of torch each."""

from __future__ import annotations

import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TypeVar

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


class ParallelMap(Protocol):
    """What `open_parallel_map` gives: results in the order of the items, each as soon as those before it are there."""

    def __call__(self, call: Callable[[T], R], items: Iterable[T], /) -> Iterator[R]:
        """Apply a function of a module to each item."""


def map_in_process(call: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    """The results in this process, with one thread of torch: tasks are too small to share."""
    from analysis.rank.spectra.torch_threads import torch_threads  # noqa: PLC0415 - torch

    with torch_threads(1):
        yield from map(call, items)


@contextmanager
def open_parallel_map(processes: int) -> Iterator[ParallelMap]:
    """A map over a pool of processes, which several calls share; over this process alone for 1.

    An exception in the context, such as that of Ctrl-C, ends the processes whatever they are doing.

    Args:
        processes: Their number, 1 or more.

    Raises:
        InputError: The number is below 1, or a process of the pool was killed.
    """
    if processes < 1:
        raise InputError(f"the number of processes must be 1 or more; got {processes}")
    if processes == 1:
        yield map_in_process
        return
    others = set(multiprocessing.active_children())
    # Spawned, because the threads of torch and OpenVINO do not survive a fork.
    pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), initializer=_prepare_process)

    def map_on_pool(call: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        yield from pool.map(call, items)

    try:
        yield map_on_pool
    except BrokenProcessPool:
        raise InputError(
            "a worker process was killed, most likely for lack of memory; use fewer processes or a smaller study"
        ) from None
    except BaseException:
        # Who is told to stop does not wait for tasks that may take minutes.
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _prepare_process() -> None:
    """Leave Ctrl-C to the parent, which ends the pool; use one thread, as the processes share the cores."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch  # noqa: PLC0415 - the parent lives without

    torch.set_num_threads(1)
