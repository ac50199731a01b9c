"""Windows are cut where every lane is full, and count what was completed there."""

from __future__ import annotations

import random
from itertools import chain
from statistics import fmean

import pytest

from bench.workers.request_windows import RequestLog, cut_windows


def one_after_the_other(period_s, calls, begin_s=0.0):
    """A process that answers one call at a time."""
    starts = [begin_s + period_s * call for call in range(calls)]
    return RequestLog(tuple(starts), tuple(start + period_s for start in starts))


def queue(depth, period_s, calls):
    """A queue whose places all take as long, and in which a request starts when another ends."""
    starts = [period_s * (call // depth) for call in range(calls)]
    return RequestLog(tuple(starts), tuple(start + period_s for start in starts), depth)


def late(lane, by_s):
    """The same requests, each later by so much."""
    return RequestLog(tuple(one + by_s for one in lane.starts_s), tuple(one + by_s for one in lane.ends_s), lane.depth)


def turn_of(draw, *, slow_share, begin_s=0.0):
    """A process that answers for 0.15 s, in 10 ms a call or ten times that."""
    ends = [begin_s]
    while ends[-1] < 0.15:
        ends.append(ends[-1] + (0.1 if draw.random() < slow_share else 0.01))
    return RequestLog(tuple(ends[:-1]), tuple(ends[1:]))


def mean_times(turns):
    """The mean window and the mean request of many turns [s]."""
    flows = list(map(cut_windows, turns))
    windows, requests = ([one.windows_s for one in flows], [one.requests_s for one in flows])
    return [fmean(chain.from_iterable(times)) for times in (windows, requests)]


@pytest.mark.parametrize(("lane", "requests"), [(one_after_the_other(2.0, 5), 4), (queue(3, 2.0, 15), 12)])
def test_a_window_holds_as_many_requests_as_are_in_flight(lane, requests):
    flow = cut_windows([lane])
    assert flow.windows_s == (2.0,) * 4
    assert flow.requests_s == (2.0,) * requests


@pytest.mark.parametrize("late_s", [0.0, 0.3, 0.9, 1.5])
def test_the_phase_between_processes_makes_no_difference(late_s):
    flow = cut_windows([one_after_the_other(1.0, 20), one_after_the_other(1.0, 20, late_s)])
    assert flow.windows_s == pytest.approx([1.0] * len(flow.windows_s))
    assert len(flow.windows_s) >= 16


def test_what_is_completed_while_a_lane_is_not_full_is_not_counted():
    """The second starts late and the first goes on alone at the end."""
    flow = cut_windows([one_after_the_other(1.0, 30), one_after_the_other(1.0, 10, 10.5)])
    assert sum(flow.windows_s) == pytest.approx(9.0)
    assert len(flow.requests_s) == 18


def test_windows_touch_so_that_their_sum_over_their_count_is_the_rate():
    """Two processes of different speed, 1 and 1.25 per second together 2.25."""
    flow = cut_windows([one_after_the_other(1.0, 400), one_after_the_other(0.8, 500)])
    assert 2 * len(flow.windows_s) / sum(flow.windows_s) == pytest.approx(2.25, rel=0.01)


def test_a_queue_that_runs_empty_is_full_until_the_first_end_after_its_last_start():
    lane = RequestLog((0.0, 0.0, 1.0, 1.5, 2.0), (1.0, 1.5, 2.0, 2.5, 9.0), depth=2)
    assert lane.full == (1.5, 2.5)
    assert cut_windows([lane]).windows_s == (1.0,)


def test_a_slow_request_makes_its_window_long_and_is_not_lost():
    starts, ends = (0.0, 1.0, 2.0, 7.0), (1.0, 2.0, 7.0, 8.0)
    flow = cut_windows([RequestLog(starts, ends)])
    assert flow.windows_s == (1.0, 5.0, 1.0)
    assert max(flow.requests_s) == 5.0


def test_a_slow_request_in_flight_at_the_end_of_a_turn_is_not_lost():
    """One place answers every 10 ms until 0.15; the other begins a request at 0.05 that takes 0.2."""
    fast = [(0.01 * call, 0.01 * (call + 1)) for call in range(15)]
    slow = [*((0.01 * call, 0.01 * (call + 1)) for call in range(5)), (0.05, 0.25)]
    starts, ends = zip(*sorted([*fast, *slow]), strict=True)
    flow = cut_windows([RequestLog(starts, ends, depth=2)])
    assert max(flow.requests_s) == pytest.approx(0.2)
    assert sum(window == pytest.approx(0.02) for window in flow.windows_s) == 5
    assert min(flow.requests_s) == pytest.approx(0.01)


def test_a_stall_of_all_lanes_at_the_end_of_a_turn_is_in_a_window():
    """They go in step, so that of the last completions the first ends the turn."""
    starts = tuple(0.01 * call for call in range(10))
    ends = (*starts[1:], 0.3)
    flow = cut_windows([RequestLog(starts, ends), late(RequestLog(starts, ends), 1e-6)])
    assert flow.windows_s[-1] == pytest.approx(0.21, abs=1e-5)
    assert sorted(flow.requests_s)[-2:] == pytest.approx([0.21, 0.21], abs=1e-5)


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_many_short_turns_have_the_rate_of_a_long_one_though_some_requests_are_slow(depth):
    """Places in step, one request in twenty ten times as long: 14.5 ms on average, in turns of 0.15 s."""
    draw = random.Random(depth)
    lanes = (turn_of(draw, slow_share=0.05) for _ in range(4000))
    times = mean_times([late(lane, 1e-6 * place) for place in range(depth)] for lane in lanes)
    assert times == pytest.approx([0.0145, 0.0145], rel=0.03)


def test_slow_requests_of_one_place_alone_are_in_the_latency_and_all_but_in_the_rate():
    """What is left of such a request when the others end the turn is in no window: 1.6 % in this extreme."""
    draw = random.Random(0)
    window, request = mean_times(
        [turn_of(draw, slow_share=0.01, begin_s=draw.random() * 0.001) for _ in range(2)] for _ in range(4000)
    )
    assert request == pytest.approx(0.0109, rel=0.03)
    assert 0.97 < window / 0.0109 < 1


def test_a_queue_is_settled_when_as_many_requests_have_ended_as_are_in_flight():
    """One place answers at 1 and 2, the other first at 3: what the one does until then counts."""
    lane = RequestLog((0.0, 0.0, 1.0, 2.0, 3.0, 3.0), (1.0, 3.0, 2.0, 3.0, 4.0, 4.0), depth=2)
    assert lane.full == (2.0, 4.0)


def test_lanes_that_were_never_full_at_the_same_time_give_an_empty_turn():
    assert cut_windows([one_after_the_other(1.0, 3), one_after_the_other(1.0, 3, 50.0)]).windows_s == ()
    assert cut_windows([RequestLog((0.0,), (1.0,), depth=2)]).windows_s == ()
