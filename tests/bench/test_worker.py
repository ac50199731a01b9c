"""A worker times its calls, and can make them longer by a known share."""

from __future__ import annotations

import itertools

import pytest

from bench import worker
from bench.worker import Worker


@pytest.mark.parametrize(("slow_by", "taken_ns"), [(0.0, 1000), (0.05, 1050), (0.5, 1500)])
def test_a_call_is_made_longer_by_a_share_of_its_own_time(monkeypatch, slow_by, taken_ns):
    ticks = itertools.count()
    moments = [0, 1000]  # the call itself; then the clock goes on by 10 ns at each look
    monkeypatch.setattr(
        worker.time, "perf_counter_ns", lambda: moments[tick] if (tick := next(ticks)) < 2 else 1000 + 10 * (tick - 1)
    )
    own = object.__new__(Worker)
    own.runners, own.next = [lambda: None], 0
    assert own.sample(slow_by) == pytest.approx(taken_ns * 1e-9, abs=21e-9)
