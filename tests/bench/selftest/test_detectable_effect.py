"""The effect that counts is the newest of this very machine, and says how old it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analysis.study import Study
from bench.records.run import RunInfo
from bench.selftest.detectable_effect import DetectableEffect, find_detectable_effect
from bench.selftest.power import detectable_effect

HERE = {"cpu": {"model": "EPYC", "arch": "x86_64", "logical": 2}, "limits": {"threads": 2}}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def save(store):
    def run(name, finished_at, spreads, environment=HERE, *, pairs=10, threads=2, **changes):
        times = {"started_at": finished_at, "finished_at": finished_at}
        store.save_run(RunInfo(id=name, preset="selftest", environment=environment, **times))
        cases = [
            {"backend": backend, "spread": spread, "pairs": pairs, "threads": threads}
            for backend, spread in spreads.items()
        ]
        known = {"kind": "selftest", "format_version": 1, "rounds": 10, "neighbour": False, "cases": cases}
        store.save_study(name, Study.from_dict({**known, **changes}))

    return run


@pytest.fixture
def find(store):
    return lambda **asked: find_detectable_effect(store, HERE, now=NOW, **asked)


def test_a_machine_that_was_never_tested_has_none(save, find):
    elsewhere = {**HERE, "cpu": {**HERE["cpu"], "model": "Xeon"}}
    save("a", "2026-11-21T10:00:00+00:00", {"eager": 0.01}, elsewhere)
    assert find() is None


def test_the_newest_counts_and_reports_its_age(save, find):
    save("a", "2026-11-18T10:00:00+00:00", {"eager": 0.01}, neighbour=True)
    effect = find()
    assert effect.old
    assert effect.describe() == (
        "changes under 1.3 % (eager) can't be detected here "
        "(self-test of 3 days ago, beside a neighbour: older than a day, run `rexbench selftest` again)"
    )
    save("b", "2026-11-21T09:00:00+00:00", {"eager": 0.01, "openvino": 0.002})
    effect = find()
    assert (effect.run, effect.age_s, effect.old) == ("b", 3 * 3600, False)
    assert effect.of("openvino") == pytest.approx(detectable_effect(0.002, 10))
    assert effect.of("compile") == effect.of("eager")
    assert effect.describe() == (
        "changes under 1.3 % (eager), 0.26 % (openvino) can't be detected here today (self-test of 3 h ago)"
    )


def test_one_beside_a_neighbour_counts_only_where_there_is_no_other(save, find):
    save("b", "2026-11-21T09:00:00+00:00", {"eager": 0.05}, neighbour=True)
    assert find().run == "b"
    save("a", "2026-11-21T08:00:00+00:00", {"eager": 0.01})
    assert find().run == "a"


def test_more_rounds_see_smaller_changes(save, find):
    save("a", "2026-11-21T09:00:00+00:00", {"eager": 0.01})
    effects = [find(rounds=rounds).of("eager") for rounds in (4, 10, 40)]
    assert effects == sorted(effects, reverse=True)


@pytest.mark.parametrize("changes", [{"spread": None}, {"pairs": 2}, {"threads": 1}, {"format_version": 9}])
def test_a_test_without_a_spread_of_two_pairs_of_other_threads_or_of_a_later_format_is_passed_over(save, find, changes):
    save("a", "2026-11-21T08:00:00+00:00", {"eager": 0.05})
    changes = dict(changes)
    save("b", "2026-11-21T09:00:00+00:00", {"eager": changes.pop("spread", 0.01)}, **changes)
    assert find().run == "a"


def test_a_minute_is_shown_in_minutes():
    assert "of 5 min ago" in DetectableEffect(run="r", age_s=300.0, by_backend={"eager": 0.01}).describe()


def test_a_backend_that_the_newest_left_out_is_that_of_the_day_before_it(save, find):
    save("a", "2026-11-19T10:00:00+00:00", {"compile": 0.09})
    save("b", "2026-11-20T10:00:00+00:00", {"eager": 0.05, "openvino": 0.04})
    save("c", "2026-11-21T09:00:00+00:00", {"openvino": 0.01})
    effect = find()
    assert effect.run == "c"
    assert effect.by_backend == pytest.approx(
        {"eager": detectable_effect(0.05, 10), "openvino": detectable_effect(0.01, 10)}
    )


def test_threads_that_were_tested_have_their_floor(save, find):
    save("a", "2026-11-21T08:00:00+00:00", {"eager": 0.05}, threads=1)
    assert find() is None
    assert find(threads=1).run == "a"
