from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bench.statistics.case_result import summarise
from reports.run import frames

if TYPE_CHECKING:
    import pandas as pd

    from reports.run.data import RunData

CONTRACT = ["model", "resolution", "batch", "backend", "precision", "memory_format", "threads", "status", "reason"]
CONTRACT += ["latency_s", "latency_low_s", "latency_high_s", "throughput_per_s"]


def one_case(run: RunData, model: str, batch: int, backend: str) -> pd.Series:
    cases = frames.frame_of(run, "cases")
    return cases[(cases["model"] == model) & (cases["batch"] == batch) & (cases["backend"] == backend)].iloc[0]


def test_cases_begin_with_the_columns_others_rely_on(run: RunData) -> None:
    assert list(frames.frame_of(run, "cases").columns[:13]) == CONTRACT


def test_every_case_is_a_row_whatever_its_status(run: RunData) -> None:
    cases = frames.frame_of(run, "cases")
    assert len(cases) == len(run.measurements)
    assert set(cases["status"]) == {"ok", "mismatch", "failed", "unavailable", "unsupported"}


def test_a_row_carries_the_summary_of_its_measurement(run: RunData) -> None:
    row, summary = frames.frame_of(run, "cases").iloc[3], summarise(run.measurements[3])
    assert row["latency_s"] == summary.latency.value
    assert row["latency_low_s"] == summary.latency.low
    assert row["p99_s"] == summary.percentiles_s[99]
    assert row["throughput_per_s"] == summary.throughput.value


def test_what_was_not_measured_is_missing_and_never_zero(run: RunData) -> None:
    row = one_case(run, "rexnet_2.0", 8, "compile")
    missing = ["latency_s", "throughput_per_s", "speedup", "p90_s", "peak_rss_bytes", "parity_cosine", "steady"]
    assert row[missing].isna().all()
    assert row["samples"] == 0


def test_speedup_is_over_eager_of_the_same_match(run: RunData) -> None:
    assert one_case(run, "rexnet_1.0", 8, "openvino")["speedup"] == pytest.approx(2.1, rel=0.05)
    eager = one_case(run, "rexnet_1.0", 8, "eager")
    assert (eager["speedup"], eager["speedup_low"], eager["speedup_high"]) == (1, 1, 1)


def test_a_mismatch_keeps_its_times_but_gets_no_speedup(run: RunData) -> None:
    row = one_case(run, "rexnet_2.0", 1, "torchscript")
    assert row["latency_s"] > 0
    assert math.isnan(row["speedup"])
    assert row["parity_passed"] is False


def test_without_a_comparable_eager_there_is_no_speedup(run: RunData) -> None:
    broken = replace(run.measurements[0], status="mismatch")
    assert (
        frames.frame_of(replace(run, measurements=(broken, *run.measurements[1:])), "cases")["speedup"]
        .iloc[3:4]
        .isna()
        .all()
    )


def test_a_queue_of_requests_has_throughput_and_no_latency(run: RunData) -> None:
    measurement = run.measurements[3]
    queued = replace(
        measurement,
        case=replace(measurement.case, scenario="throughput"),
        effective=replace(measurement.effective, jobs=8),
    )
    row = frames.frame_of(replace(run, measurements=(queued,)), "cases").iloc[0]
    assert math.isnan(row["latency_s"])
    assert row["interval_reason"] == "under load: no request was timed by itself"
    assert row["throughput_per_s"] == pytest.approx(8 * summarise(measurement).throughput.value)


def test_requests_in_flight_have_a_latency_under_load(run: RunData) -> None:
    cases = frames.frame_of(run, "cases")
    queued, alone = (cases[cases["scenario"] == name] for name in ("throughput", "latency"))
    assert (queued["load_latency_low_s"] <= queued["load_latency_s"]).all()
    assert (queued["load_latency_s"] <= queued["load_p95_s"]).all()
    assert queued["load_requests"].tolist() == (3 * queued["samples"]).tolist()
    assert alone["load_latency_s"].isna().all()
    rounds = frames.frame_of(run, "rounds")
    assert (rounds["load_latency_s"].notna() == (rounds["scenario"] == "throughput")).all()


def test_a_row_of_requests_in_flight_tells_of_the_interval_of_its_throughput(run: RunData) -> None:
    queued = next(measurement for measurement in run.measurements if measurement.case.scenario == "throughput")
    few = replace(queued, rounds=queued.rounds[:3])
    single = replace(queued, rounds=queued.rounds[:1])
    # Four requests a round are too few for an interval of their median, and enough for images over time.
    short = [replace(part, turns_s=part.turns_s[:4], requests_s=((1.0,),) * 4) for part in queued.rounds]
    rows = frames.frame_of(
        replace(run, measurements=(queued, few, single, replace(queued, rounds=tuple(short)))), "cases"
    )
    assert rows["interval_method"].tolist() == ["student", "student", "", "student"]
    assert rows["interval_reason"].tolist() == [
        "", "", "1 round is too few for an interval; use --rounds 3 or more",
        "under load: a round has fewer than 5 samples",
    ]  # fmt: skip


def test_phases_tell_cold_from_cached(run: RunData) -> None:
    phases = frames.frame_of(run, "phases")
    rows = phases[(phases["model"] == "rexnet_1.0") & (phases["batch"] == 1) & (phases["backend"] == "compile")]
    assert dict(zip(rows["compile_cache"], rows["rounds"], strict=True)) == {"cold": 1, "cached": 5}
    assert dict(zip(rows["compile_cache"], rows["compile_s"] > 10, strict=True)) == {"cold": True, "cached": False}
    costs = dict(zip(rows["compile_cache"], rows["break_even_images"], strict=True))
    assert 0 < costs["cached"] < costs["cold"]


def test_samples_are_tidy_and_complete(run: RunData) -> None:
    samples = frames.frame_of(run, "samples")
    expected = [s for m in run.measurements for r in m.rounds for turn in r.turns_s for s in turn]
    assert samples["time_s"].tolist() == expected
    assert not samples.duplicated(subset=samples.columns.drop("time_s")).any()


def test_layers_keep_their_order_and_name_their_model(run: RunData) -> None:
    layers = frames.frame_of(run, "layers")
    assert layers["index"].tolist() == [*range(48), *range(48)]
    assert layers["out_shape"].iloc[0] == "1x16x14x14"
    assert set(layers["model"]) == {"rexnet_1.0", "rexnet_2.0"}


def test_names_of_columns_end_in_their_unit() -> None:
    units = {
        "_per_s": "images/s",
        "_s": "s",
        "_bytes": "B",
        "_percent": "%",
        "_images": "images",
        "_image_s": "s/image",
        "_j_per_image": "J/image",
        "_w": "W",
        "_db": "dB",
    }
    for table in frames.TABLES.values():
        for name, column in table.items():
            endings = [ending for ending in units if name.endswith(ending)]
            assert column.unit == (units[max(endings, key=len)] if endings else "px" if "resolution" in name else ""), (
                name
            )


def test_plain_rows_hold_what_json_can_carry(run: RunData) -> None:
    rows = frames.plain_rows(frames.frame_of(run, "cases"))
    kinds = {type(value) for row in rows for value in row.values()}
    assert kinds <= {str, int, float, bool, type(None)}
    assert all(math.isfinite(value) for row in rows for value in row.values() if isinstance(value, float))


def test_reports_import_without_torch_and_the_store() -> None:
    blocked = "import sys; [sys.modules.__setitem__(n, None) for n in ('torch', 'openvino', 'sqlalchemy', 'fvcore')]; "
    subprocess.run([sys.executable, "-c", blocked + "import reports.run.report, reports.run.summary"], check=True)
