"""Stored runs as published latencies are compared with them."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from made_up import CASE as PLAIN
from made_up import make_measurement

from bench.records.run import RunInfo
from bench.store.paper_latency import find_measured
from rexnet_core.errors import StoreError

CASE = replace(PLAIN, threads=2)
RIVALS = [["rexnet_1.0", "efficientnet_b1"]]


def measured(case, scale=1.0, status="ok", rounds=5):
    turns_s = [[[scale * (1 + 0.01 * turn + 0.02 * index)] * 3 for turn in range(6)] for index in range(rounds)]
    return make_measurement(turns_s, case, status=status)


def rival(**changes):
    return replace(CASE, model="efficientnet_b1", resolution=240, **changes)


@pytest.fixture
def keep(store):
    def save(name, *measurements, preset="paper-latency"):
        started = f"2026-01-0{name[-1]}T00:00:00+00:00"
        known = {"environment": {"cpu": {"model": "A processor"}}, "settings": {"rivals": RIVALS}}
        store.save_run(RunInfo(id=name, started_at=started, preset=preset, **known))
        store.save_measurements(name, measurements)

    return save


def test_a_store_without_such_a_run_has_nothing(store, keep):
    keep("run1", measured(CASE), preset="quick")
    assert find_measured(store) == []


def test_latencies_and_paired_ratios_come_with_where_they_were_taken(store, keep):
    keep("run1", measured(CASE, 0.02), measured(rival(), 0.03))
    (one,) = find_measured(store)
    assert (one.device, one.batch) == ("cpu", 1)
    assert one.description == "run run1, A processor, eager, batch 1, 2 threads"
    assert one.latency_s["rexnet_1.0"].low < one.latency_s["rexnet_1.0"].value < one.latency_s["rexnet_1.0"].high
    assert one.paired["efficientnet_b1", "rexnet_1.0"].value == pytest.approx(1.5)


def test_the_newest_run_of_the_preset_is_taken_and_another_where_it_is_named(store, keep):
    keep("run1", measured(CASE, 0.02))
    keep("run2", measured(CASE, 0.04))
    keep("run3", measured(CASE, 0.08), preset="quick")
    assert find_measured(store)[0].description.startswith("run run2")
    assert find_measured(store, "run3")[0].description.startswith("run run3")
    with pytest.raises(StoreError, match="run9"):
        find_measured(store, "run9")


@pytest.mark.parametrize(
    "other",
    [
        {"backend": "openvino"},
        {"precision": "bf16"},
        {"memory_format": "channels_last"},
        {"scenario": "throughput"},
        {"resolution": 160},
        {"model": "one_of_long_ago"},
    ],
)
def test_what_published_latencies_were_not_taken_with_is_left_out(store, keep, other):
    keep("run1", measured(replace(CASE, **other)))
    assert find_measured(store) == []


def test_what_failed_or_has_no_interval_is_left_out(store, keep):
    keep("run1", measured(CASE, status="failed"), measured(rival(), rounds=1))
    found = find_measured(store)
    assert [one.latency_s for one in found] == [{}]
    assert [one.paired for one in found] == [{}]


def test_devices_and_batches_are_kept_apart(store, keep):
    keep("run1", measured(CASE, 0.02), measured(replace(CASE, device="cuda", batch=64), 0.05))
    assert {(one.device, one.batch) for one in find_measured(store)} == {("cpu", 1), ("cuda", 64)}


def test_a_run_that_can_not_be_read_is_passed_over_unless_it_is_named(store, keep, tmp_path):
    keep("run1", measured(CASE))
    keep("run2", measured(CASE, 2.0))
    with sqlite3.connect(tmp_path / "results.db") as connection:
        connection.execute("update cases set status = 'odd' where run = 'run2'")
    connection.close()
    [found] = find_measured(store)
    assert "run run1" in found.description
    with pytest.raises(StoreError, match="contents of run run2"):
        find_measured(store, "run2")
