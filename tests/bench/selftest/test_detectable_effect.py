"""The effect that counts is the newest of this very machine, and says how old it is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from analysis.study import Study
from bench.records.run import RunInfo
from bench.selftest.detectable_effect import DetectableEffect, find_detectable_effect
from bench.selftest.power import detectable_effect
from bench.store.store import Store

HERE = {"cpu": {"model": "EPYC", "arch": "x86_64", "logical": 2}, "limits": {"threads": 2}}
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def store(tmp_path):
    return Store(f"sqlite:///{tmp_path}/r.db")


def save(store, name, finished_at, spreads, environment=HERE, *, pairs=10, threads=2, **changes):
    run = RunInfo(id=name, started_at=finished_at, finished_at=finished_at, preset="selftest", environment=environment)
    store.save_run(run)
    cases = [
        {"backend": backend, "spread": spread, "pairs": pairs, "threads": threads}
        for backend, spread in spreads.items()
    ]
    document = {"kind": "selftest", "format_version": 1, "rounds": 10, "neighbour": False, "cases": cases, **changes}
    store.save_study(name, Study.from_dict(document))


def test_a_machine_that_was_never_tested_has_none(store):
    elsewhere = {**HERE, "cpu": {**HERE["cpu"], "model": "Xeon"}}
    save(store, "a", "2026-11-21T10:00:00+00:00", {"eager": 0.01}, elsewhere)
    assert find_detectable_effect(store, HERE, now=NOW) is None


def test_the_newest_counts_and_tells_its_age(store):
    save(store, "a", "2026-11-18T10:00:00+00:00", {"eager": 0.05})
    save(store, "b", "2026-11-21T09:00:00+00:00", {"eager": 0.01, "openvino": 0.002})
    found = find_detectable_effect(store, HERE, now=NOW)
    assert (found.run, found.age_s, found.old) == ("b", 3 * 3600, False)
    assert found.of("openvino") == pytest.approx(detectable_effect(0.002, 10))
    assert found.of("compile") == found.of("eager")
    assert found.describe() == (
        "changes under 1.3 % (eager), 0.26 % (openvino) can't be seen here today (self-test of 3 h ago)"
    )


def test_one_from_another_day_says_so(store):
    save(store, "a", "2026-11-18T10:00:00+00:00", {"eager": 0.01}, neighbour=True)
    found = find_detectable_effect(store, HERE, now=NOW)
    assert found.old
    assert found.describe() == (
        "changes under 1.3 % (eager) can't be seen here "
        "(self-test of 3 days ago, beside a neighbour: older than a day, run `rexbench selftest` again)"
    )


def test_one_beside_a_neighbour_counts_only_where_there_is_no_other(store):
    save(store, "b", "2026-11-21T09:00:00+00:00", {"eager": 0.05}, neighbour=True)
    assert find_detectable_effect(store, HERE, now=NOW).run == "b"
    save(store, "a", "2026-11-21T08:00:00+00:00", {"eager": 0.01})
    assert find_detectable_effect(store, HERE, now=NOW).run == "a"


def test_more_rounds_see_smaller_changes(store):
    save(store, "a", "2026-11-21T09:00:00+00:00", {"eager": 0.01})
    effects = [find_detectable_effect(store, HERE, rounds=rounds, now=NOW).of("eager") for rounds in (4, 10, 40)]
    assert effects == sorted(effects, reverse=True)


def test_a_self_test_without_a_spread_is_passed_over(store):
    save(store, "a", "2026-11-21T08:00:00+00:00", {"eager": 0.01})
    save(store, "b", "2026-11-21T09:00:00+00:00", {"eager": None})
    assert find_detectable_effect(store, HERE, now=NOW).run == "a"


def test_a_minute_is_shown_in_minutes():
    assert "of 5 min ago" in DetectableEffect(run="r", age_s=300.0, by_backend={"eager": 0.01}).describe()


def test_a_backend_that_the_newest_left_out_is_that_of_the_day_before_it(store):
    save(store, "a", "2026-11-19T10:00:00+00:00", {"compile": 0.09})
    save(store, "b", "2026-11-20T10:00:00+00:00", {"eager": 0.05, "openvino": 0.04})
    save(store, "c", "2026-11-21T09:00:00+00:00", {"openvino": 0.01})
    found = find_detectable_effect(store, HERE, now=NOW)
    assert found.run == "c"
    assert found.by_backend == pytest.approx(
        {"eager": detectable_effect(0.05, 10), "openvino": detectable_effect(0.01, 10)}
    )


@pytest.mark.parametrize("changes", [{"pairs": 2}, {"threads": 1}, {"format_version": 9}])
def test_a_test_of_two_pairs_of_other_threads_or_of_a_later_format_gives_none(store, changes):
    save(store, "a", "2026-11-21T08:00:00+00:00", {"eager": 0.05})
    save(store, "b", "2026-11-21T09:00:00+00:00", {"eager": 0.01}, **changes)
    assert find_detectable_effect(store, HERE, now=NOW).run == "a"


def test_threads_that_were_tested_have_their_floor(store):
    save(store, "a", "2026-11-21T08:00:00+00:00", {"eager": 0.05}, threads=1)
    assert find_detectable_effect(store, HERE, now=NOW) is None
    assert find_detectable_effect(store, HERE, threads=1, now=NOW).run == "a"
