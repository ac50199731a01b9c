"""Pairs of processes are made, slowed, and ended whatever happens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.settings import Settings
from bench.selftest import noisy_neighbour
from bench.selftest.noisy_neighbour import live_beside_neighbour
from bench.selftest.pairs import LEVELS, SelfTest, make_pairs
from bench.workers.child_process import Child
from bench.workers.executor import WorkerError

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)


def test_a_pair_has_turns_of_every_level_in_random_order(executor, tmp_path):
    settings = Settings(slice_s=0.1, round_s=3.0)
    test = SelfTest(CASE, settings=settings, executor=executor, scratch=tmp_path)
    pairs = [pair for _, pair in make_pairs([test], lambda done, _s: done == 2, executor.now)]
    assert len(pairs) == 2
    # As many at each level as a comparison of this length takes: calls of 10 ms, one of which is not kept.
    assert {len(turns) for pair in pairs for turns in (*pair.base_s, *pair.head_s)} == {round(3.0 / 0.11)}
    slowed = [np.median([np.median(turn) for turn in turns]) for turns in pairs[0].head_s]
    assert np.array(slowed) / slowed[0] == pytest.approx(1 + np.array(LEVELS), rel=0.002)
    assert all(handle.closed for handle in executor.handles)
    assert len(executor.handles) == 4


def test_levels_are_those_that_were_named(executor, tmp_path):
    test = SelfTest(CASE, settings=Settings(), executor=executor, scratch=tmp_path, levels=(0.0, 0.1))
    test.prepare()
    pair = test.make_pair()
    assert len(pair.base_s) == len(pair.head_s) == 2
    plain, slowed = (np.median([np.median(turn) for turn in turns]) for turns in pair.head_s)
    assert slowed / plain == pytest.approx(1.1, rel=0.002)


def test_a_worker_that_fails_takes_the_other_along(executor, tmp_path):
    executor.scripts = {"eager": {"fails_at": "warm_up"}}
    test = SelfTest(CASE, settings=Settings(), executor=executor, scratch=tmp_path)
    test.prepare()
    with pytest.raises(WorkerError, match="the worker died"):
        test.make_pair()
    assert all(handle.closed for handle in executor.handles)


def test_a_case_that_fails_does_not_end_the_others(executor, tmp_path):
    executor.scripts = {"openvino": {"fails_at": "warm_up"}}
    cases = CASE, replace(CASE, backend="openvino")
    tests = [SelfTest(case, settings=Settings(), executor=executor, scratch=tmp_path) for case in cases]
    found = list(make_pairs(tests, lambda done, _s: done == 3, executor.now))
    assert [place for place, _ in found] == [0, 1, 0, 0]
    assert [str(one) for _, one in found if isinstance(one, WorkerError)] == ["the worker died: exit code 1"]


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
