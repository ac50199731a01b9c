"""From a stored run to its report and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexbench.output import out_folder, print_report_path, write_output
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from bench.records.measurement import Measurement
    from bench.store.store import Store
    from reports.run.data import RunData


def _load(store: Store, run: str) -> RunData:
    from analysis.published import load  # noqa: PLC0415
    from bench.selftest.detectable_effect import find_detectable_effect  # noqa: PLC0415
    from reports.run.data import RunData  # noqa: PLC0415

    info = store.find_run(run)
    floor = find_detectable_effect(store, info.environment)
    return RunData(
        info=info,
        measurements=store.measurements(run),
        costs=store.costs(run),
        printed=load(),
        floor=floor.describe() if floor else "",
    )


def _publish(args: argparse.Namespace, store: Store, run: str) -> int:
    """Write the report of a run and say what it holds; the exit code its cases deserve."""
    from reports.report import write_report  # noqa: PLC0415
    from reports.run.frames import frame_of, plain_rows  # noqa: PLC0415
    from reports.run.knees import render_knees  # noqa: PLC0415
    from reports.run.text import render_cases  # noqa: PLC0415

    data = _load(store, run)
    path = write_report("run", data, out_folder(args.out, run), run=run)
    frame, knees = frame_of(data, "cases"), frame_of(data, "knees")
    answer = {"cases": plain_rows(frame), "knees": plain_rows(knees), "floor": data.floor or None}
    document = {"run": run, "report": str(path), **answer}
    lines = [render_cases(data.result.cases), render_knees(data.result.series), data.floor]
    write_output(args, document, frame, text=lambda: "\n".join(filter(None, lines)))
    print_report_path(args, path)
    return _judge(data.measurements)


def _judge(measurements: Iterable[Measurement]) -> int:
    """1 if a case failed, was interrupted or mismatched, or nothing could be measured at all."""
    statuses = [measurement.status for measurement in measurements]
    bad = {"failed", "mismatch", "interrupted"}
    return ExitCode.FAILED if bad.intersection(statuses) or "ok" not in statuses else ExitCode.DONE
