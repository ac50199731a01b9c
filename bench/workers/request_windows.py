"""Requests in flight as windows: what is counted while every queue is full, and how long each request took.

Pure logic; starts and ends are read on one clock that all processes of the machine share.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Requests that each place of a queue takes at least in a turn: one that settles, one that is sure to be counted, and
#: one that keeps the queue full meanwhile.
LEAST_REQUESTS = 3


@dataclass(frozen=True, slots=True)
class RequestLog:
    """The requests of one queue, or of one process that answers one after the other.

    Args:
        starts_s: When each was handed over [s].
        ends_s: When each was complete [s], in the order of `starts_s`.
        depth: Requests in flight at once.
    """

    starts_s: tuple[float, ...]
    ends_s: tuple[float, ...]
    depth: int = 1

    @property
    def full(self) -> tuple[float, float]:
        """From when and until when the queue was full and settled [s]; empty where the second is not the later.

        It is settled once as many requests have ended as are in flight (those of a slow place need not be among them:
        waiting for it would leave out what the others do meanwhile), and full until the first end after the last
        start.
        """
        ends = sorted(self.ends_s)
        last = max(self.starts_s, default=0.0)
        if len(ends) < self.depth:
            return last, last
        return ends[self.depth - 1], next((end for end in ends if end > last), last)


@dataclass(frozen=True, slots=True)
class WindowedSamples:
    """Samples of a turn of several queues or processes.

    Args:
        windows_s: Time of successive windows [s], each of as many completed requests as are in flight, so that it
            makes no difference how far a queue is with its request when the window begins.
        requests_s: Time of each request that was begun meanwhile, from its start to its end [s], which may lie beyond.
    """

    windows_s: tuple[float, ...]
    requests_s: tuple[float, ...]


def cut_windows(logs: Sequence[RequestLog]) -> WindowedSamples:
    """Count completed requests from one completion to another, while all queues are full.

    Windows follow one another without a pause, and are cut backwards from the last completion. A turn ends at the first
    completion after a fixed moment. The slower a request is, the likelier it is in flight at that moment. If windows
    were cut forwards, the incomplete window at the end would be dropped, slow requests would be missing, and throughput
    would come out too high. The requests dropped at the beginning are chosen by their place, not by how long they took.
    Requests are chosen by their start for the same reason.
    """
    begin, finish = max(log.full[0] for log in logs), min(log.full[1] for log in logs)
    requests = [pair for log in logs for pair in zip(log.starts_s, log.ends_s, strict=True)]
    counted = sorted(end for _, end in requests if begin <= end <= finish)
    marks = counted[:: -sum(log.depth for log in logs)][::-1]
    return WindowedSamples(
        windows_s=tuple(after - before for before, after in pairwise(marks)),
        # All of them have ended: a queue drains before it answers.
        requests_s=tuple(end - start for start, end in sorted(requests) if begin <= start < finish),
    )
