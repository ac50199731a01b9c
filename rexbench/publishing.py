"""From a stored run to its report and its exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.published import load
from bench.selftest.detectable_effect import find_detectable_effect
from reports.report import write_report
from reports.run.data import RunData
from reports.run.frames import frame_of, plain_rows
from reports.run.knees import render_knees
from reports.run.published_order import render_orders
from reports.run.text import render_cases
from rexbench.output import out_folder, print_report_path, write_output
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from bench.store.store import Store


def publish_run(args: argparse.Namespace, store: Store, run: str) -> int:
    """Write the report of a run, and answer with its cases; the exit code that they deserve.

    Args:
        args: The values of what `rexbench.output.add_output` declared.
        store: Holds the run.
        run: Id of the run.
    """
    data = _load(store, run)
    path = write_report("run", data, out_folder(args.out, run), run=run)
    frame = frame_of(data, "cases")
    answer = {"cases": plain_rows(frame)}
    answer |= {name: plain_rows(frame_of(data, name)) for name in ("knees", "accuracies", "published_order")}
    result = data.result
    lines = [render_cases(result.cases), render_knees(result.series), render_orders(result.orders), data.floor]
    document = {"run": run, "report": str(path), **answer, "floor": data.floor or None}
    write_output(args, document, frame, text=lambda: "\n".join(filter(None, lines)))
    print_report_path(args, path)
    return judge([measurement.status for measurement in data.measurements])


def _load(store: Store, run: str) -> RunData:
    info = store.find_run(run)
    detectable = find_detectable_effect(store, info.environment)
    return RunData(
        info=info,
        measurements=store.measurements(run),
        costs=store.costs(run),
        printed=load(),
        floor=detectable.describe() if detectable else "",
    )


def judge(statuses: Collection[str]) -> int:
    """1 if a case failed, was interrupted or mismatched, or nothing could be measured at all."""
    bad = {"failed", "mismatch", "interrupted"}
    return ExitCode.FAILED if bad.intersection(statuses) or "ok" not in statuses else ExitCode.DONE
