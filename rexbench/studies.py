"""A study as a command runs it: the study is stored, then published as a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.options import add_store
from bench.running.progress import Progress
from bench.store.store import Store
from bench.store.studies import record_study
from reports.files.writable import check_writable
from reports.report import build_frames, find_report, write_report
from rexbench.output import add_output, log, out_folder, print_report_path, write_output
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping

    from analysis.study import Study


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Declare where a study is stored and how it answers."""
    add_store(parser.add_argument)
    add_output(parser, folder=True)


def run_study(
    args: argparse.Namespace, kind: str, setting: Mapping[str, Any], study: Callable[[Progress], Study]
) -> int:
    """Run a study, store it and write its report; the exit code.

    Args:
        args: The values of what `add_study_options` declared.
        kind: The study, such as ``layers``.
        setting: Everything that determines the study, as plain values.
        study: Makes the study.
    """
    store = Store(args.store)
    check_writable(args.out or Path("results"))
    with record_study(store, f"rank {kind}", setting) as record, Progress() as bars:
        answer = study(bars)
        record.keep(answer)
    publish_study(args, answer, record.run.id)
    if answer.stopped:
        log("stopped; finished parts are kept")
        return ExitCode.FAILED
    return ExitCode.DONE


def publish_study(args: argparse.Namespace, study: Study, run: str) -> None:
    """Write the report of a study, and answer with the study."""
    path = write_report(study.kind, study, out_folder(args.out, run), run=run)
    frame = next(iter(build_frames(study.kind, study).values()))
    answer = {"run": run, "report": str(path), **study.as_answer()}
    write_output(args, answer, frame, text=lambda: find_report(study.kind).text(study))
    print_report_path(args, path)
