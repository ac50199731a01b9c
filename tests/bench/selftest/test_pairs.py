"""Pairs of processes are made, slowed, and ended whatever happens."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.comparison.compare import compare_live
from bench.records.case import Case
from bench.records.settings import Settings
from bench.selftest import noisy_neighbour
from bench.selftest.noisy_neighbour import live_beside_neighbour
from bench.selftest.pairs import LEVELS, find_failure, measure_pairs, open_groups, read_pairs
from bench.workers.child_process import Child
from bench.workers.executor import WorkerError

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)


@pytest.fixture
def play(executor, tmp_path):
    """The groups of a self-test after their pairs, and the group of each step."""

    def run(*cases, pairs=2, left_s=math.inf, levels=LEVELS, **changes):
        settings = Settings(**{"slice_s": 0.1, "round_s": 0.5, **changes})
        executors = executor, executor
        groups = open_groups(
            cases or (CASE,), settings=settings, executors=executors, scratch=tmp_path, pairs=pairs, levels=levels
        )
        return groups, list(measure_pairs(groups, lambda: left_s - executor.clock))

    return run


def test_a_pair_has_turns_of_every_level_in_random_order(play, executor):
    [group], _ = play(round_s=3.0)
    pairs = read_pairs(group)
    assert len(pairs) == 2
    # As many at each level as a comparison of this length takes: calls of 10 ms, one of which is not kept.
    assert {len(turns) for pair in pairs for turns in (*pair.base_s, *pair.head_s)} == {round(3.0 / 0.11)}
    slowed = [np.median([np.median(turn) for turn in turns]) for turns in pairs[0].head_s]
    assert np.array(slowed) / slowed[0] == pytest.approx(1 + np.array(LEVELS), rel=0.002)
    plain = [np.median([np.median(turn) for turn in turns]) for turns in pairs[0].base_s]
    assert np.array(plain) / plain[0] == pytest.approx(np.ones(len(LEVELS)), rel=0.002)
    assert all(handle.closed for handle in executor.handles)
    assert len(executor.handles) == 4


def test_levels_are_those_that_were_named(play):
    [group], _ = play(levels=(0.0, 0.1))
    pair = read_pairs(group, (0.0, 0.1))[0]
    assert len(pair.base_s) == len(pair.head_s) == 2
    plain, slowed = (np.median([np.median(turn) for turn in turns]) for turns in pair.head_s)
    assert slowed / plain == pytest.approx(1.1, rel=0.002)


def test_the_pairs_of_a_self_test_are_the_rounds_of_a_comparison(play, executor):
    """A self-test without slow-downs puts to its workers, question by question, what a live comparison does."""
    [group], _ = play(pairs=3, levels=(0.0,))
    asked = list(executor.asked)
    executor.asked.clear()
    settings = Settings(slice_s=0.1, round_s=0.5, min_rounds=3, max_rounds=3)
    with tempfile.TemporaryDirectory() as folder:
        [compared] = compare_live([(CASE, CASE)], (executor, executor), settings=settings, scratch=Path(folder))
    assert executor.asked == asked
    assert len(compared.head.rounds) == len(read_pairs(group, (0.0,))) == 3


@pytest.mark.parametrize("count", [2, 3])
def test_a_disturbed_pair_is_measured_again_at_every_level_though_it_is_the_last(play, executor, count):
    executor.dirty_windows = {1}
    [group], steps = play(pairs=count)
    pairs = read_pairs(group)
    assert (len(steps), len(pairs)) == (count + 1, count)
    assert [pair.machine["others_percent"] for pair in pairs] == [0] * count
    base, head = group.states
    assert [len(rounds) for rounds in head.slowed.values()] == [count] * (len(LEVELS) - 1)
    assert (len(base.repeated), len(head.repeated)) == (1, 1)


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ({"fails_at": "warm_up"}, "the worker died: exit code 1"),
        ({"logits": np.zeros((4, 2, 10), np.float32)}, "output differs from eager fp32"),
    ],
)
def test_a_worker_that_fails_or_computes_something_else_ends_its_case_and_no_other(play, executor, script, reason):
    executor.scripts = {"openvino": script}
    groups, steps = play(CASE, replace(CASE, backend="openvino"), pairs=3)
    assert [groups.index(group) for group in steps] == [0, 1, 0, 0]
    assert find_failure(groups[0]) == ""
    assert reason in find_failure(groups[1])
    assert [len(read_pairs(group)) for group in groups] == [3, 0]
    assert all(handle.closed for handle in executor.handles)


@pytest.mark.parametrize(("left_s", "pairs"), [(0.0, 2), (200.0, 4)])
def test_time_ends_a_self_test_after_its_second_pair_at_the_earliest(play, executor, left_s, pairs):
    executor.round_cost_s = 20.0
    [group], _ = play(pairs=None, left_s=left_s)
    assert len(read_pairs(group)) == pairs
    assert group.measurements()[0].status == "ok"


def test_a_neighbour_tells_how_busy_it_was_and_whether_it_lives(monkeypatch):
    started = []
    monkeypatch.setattr(
        noisy_neighbour, "Child", lambda *words, **named: started.append(Child(*words, **named)) or started[0]
    )
    with live_beside_neighbour() as read_share:
        assert 0 <= read_share() <= 1.1
        started[0].kill()
        started[0].popen.wait()
        with pytest.raises(WorkerError, match="the neighbour died: killed"):
            read_share()
