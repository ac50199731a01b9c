"""The main suite: latency and throughput of every case of the plan, measured by workers in interleaved groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bench.pytest_plugin import REPLAY, replay
from bench.statistics.summary import estimate_throughput, turns_of
from rexnet_core.errors import RexbenchError
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    from bench.records.case import Case
    from bench.running.session import Session


@pytest.mark.benchmark(timer=REPLAY)
def test_latency(case: Case, bench_session: Session, benchmark: Any) -> None:
    try:
        measurement = bench_session.measure(case)
    except RexbenchError as error:  # the store is full, say: no later case would fare better
        pytest.exit(str(error), returncode=ExitCode.WRONG)
    if measurement.status in {"unavailable", "unsupported"}:
        benchmark.skipped = True
        pytest.skip(measurement.reason)
    if measurement.status != "ok":
        pytest.fail(f"{measurement.status}: {measurement.reason}", pytrace=False)
    benchmark.group = f"{case.model} {case.resolution} px, batch {case.batch}, {case.precision}, {case.threads} threads"
    throughput = estimate_throughput(turns_of(measurement.rounds), measurement.images_per_sample).value
    benchmark.extra_info.update(case.as_dict(), throughput_per_s=throughput, stop=measurement.stop_reason)
    replay(benchmark, [sample for part in measurement.rounds for turn in part.turns_s for sample in turn])
