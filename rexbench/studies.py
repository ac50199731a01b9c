"""A rank study as a command runs it: its document is stored, then published as a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import reports.rank
from bench.options import add_store
from bench.running.progress import StudyBars
from bench.store.store import Store
from bench.store.studies import record_study
from reports.files.writable import check_writable
from rexbench.output import add_output, log, out_folder, print_report_path, write_output
from rexnet_core.exit_codes import ExitCode

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Mapping


def add_study_options(parser: argparse.ArgumentParser) -> None:
    """Declare where a study is stored and how it answers."""
    add_store(parser.add_argument)
    add_output(parser, folder=True)


def run_study(
    args: argparse.Namespace, kind: str, setting: Mapping[str, Any], study: Callable[[StudyBars], dict[str, Any]]
) -> int:
    """Run a study, store its document and write its report; the exit code.

    Args:
        args: The values of what `add_study_options` declared.
        kind: The study, such as ``layers``.
        setting: Everything that determines the study, as plain values.
        study: Makes the document.
    """
    store = Store(args.store)
    check_writable(args.out or Path("results"))
    with record_study(store, f"rank {kind}", setting) as record, StudyBars() as bars:
        record.document = study(bars)
    publish_study(args, record.document, record.run.id)
    if record.document.get("stopped"):
        log("stopped; what was finished is kept")
        return ExitCode.FAILED
    return ExitCode.DONE


def publish_study(args: argparse.Namespace, document: dict[str, Any], run: str) -> None:
    """Write the report of a study and answer with its document."""
    path = reports.rank.write_rank_report(document, out_folder(args.out, run))
    frame = next(iter(reports.rank.rank_frames(document).values()))
    answer = {"run": run, "report": str(path), **document}
    write_output(args, answer, frame, text=lambda: reports.rank.render_rank(document))
    print_report_path(args, path)
