"""What a command writes: text, one JSON document or rows as CSV on standard output, and messages on standard error."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from reports.files.bundle import render_csv
from rexbench.streams import write_to
from rexnet_core.errors import InputError
from rexnet_core.files import check_file, write_file
from rexnet_core.printable import escape_controls, hide_passwords, make_message

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from types import TracebackType

    import pandas as pd

#: Names standard output where a file could be named.
STDOUT = "-"


def log(text: str) -> None:
    """Write one line on standard error, beside the answer; where nobody can read it, it is lost."""
    write_to(sys.stderr, f"rexbench: {make_message(text)}\n")


def log_traceback(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Write the traceback of a fault of ours, whose message may quote input as any other does."""
    for part in traceback.format_exception(kind, error, trace):
        write_to(sys.stderr, hide_passwords(escape_controls(part, keep="\n")))


def answer(text: str) -> None:
    """Write to standard output; what a terminal would act on is written out.

    Raises:
        InputError: Standard output takes no more.
    """
    if error := write_to(sys.stdout, escape_controls(text, keep="\n")):
        raise InputError(
            f"standard output must take the answer; it gave {error.strerror or error}; name a file or make room"
        )


def flush_answer() -> None:
    """Write what others have printed on standard output; an `InputError` as of `answer`."""
    answer("")


def add_output(parser: argparse.ArgumentParser, *, csv: bool = True, folder: bool = False) -> None:
    """Declare the forms that an answer can take.

    Args:
        parser: The parser of a command that answers with data.
        csv: Whether the answer has rows.
        folder: Whether the command writes a report.
    """
    if folder:
        parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the report (results/RUN)")
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    if csv:
        text = "the rows as CSV, on standard output unless a file is named"
        parser.add_argument("--csv", nargs="?", const="-", metavar="FILE", help=text)


def check_output(args: argparse.Namespace) -> None:
    """Check before anything runs that each form of the answer has a place of its own.

    Raises:
        InputError: Two forms would go to standard output, or a file can't be written.
    """
    check_target("--csv", getattr(args, "csv", None))
    if getattr(args, "json", False) and getattr(args, "csv", None) == STDOUT:
        raise InputError("--json and --csv - both ask for standard output; give --csv a file")


def check_target(option: str, target: str | Path | None) -> None:
    """Check before anything runs that a file can be written; no file is made.

    Args:
        option: The option that names the file.
        target: The file; ``-`` for standard output, None for no output.

    Raises:
        InputError: The file can't be written.
    """
    if target is not None and target != STDOUT:
        check_file(Path(target), _need(option))


def write_output(
    args: argparse.Namespace, document: Any, frame: pd.DataFrame, text: Callable[[], str] | None = None
) -> None:
    """Write the answer in the forms that were asked for; a file that can't be written costs no other form.

    Args:
        args: The values of what `add_output` declared.
        document: The answer as JSON.
        frame: The answer as CSV, and as text where `text` is None.
        text: Makes the answer as text.

    Raises:
        InputError: A form can't be written.
    """
    try:
        if args.csv:
            write_csv(args.csv, frame)
    finally:
        if args.json:
            answer(render_json(document) + "\n")
        elif args.csv != STDOUT:
            answer((text() if text else frame.to_string(index=False, na_rep="-")) + "\n")


def print_report_path(args: argparse.Namespace, path: Path) -> None:
    """Print where the report is: after a text on standard output, beside other answers on standard error."""
    line = f"{'' if args.json else 'report: '}{path}\n"
    if args.json or args.csv == STDOUT:
        write_to(sys.stderr, escape_controls(line, keep="\n"))
    else:
        answer(line)


def out_folder(out: Path | None, run: str) -> Path:
    """The folder of a run's report: the one that was asked for, or the run's own."""
    return out if out is not None else Path("results") / run


def write_csv(target: str, frame: pd.DataFrame) -> None:
    """Write rows to a file, or to standard output if the target is ``-``.

    Raises:
        InputError: The file can't be written.
    """
    write_text(target, render_csv(frame), option="--csv")


def write_text(target: str | Path, text: str, option: str = "--out") -> None:
    """Write a document to a file, or to standard output if the target is ``-``.

    Args:
        target: The file.
        text: The document.
        option: The option that names the file, for messages.

    Raises:
        InputError: The file can't be written.
    """
    if target == STDOUT:
        answer(text)
    else:
        write_file(Path(target), escape_controls(text, keep="\n\t"), need=_need(option))


def _need(option: str) -> str:
    return f"{option} needs a file it can write"
