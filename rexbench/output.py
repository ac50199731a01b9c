"""What a command writes: text, one JSON document or rows as CSV on standard output, and messages on standard error."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    import pandas as pd


def log(text: str) -> None:
    """Write one line on standard error, beside the answer."""
    print(f"rexbench: {text}", file=sys.stderr, flush=True)


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
    if getattr(args, "json", False) and getattr(args, "csv", None) == "-":
        raise InputError("--json and --csv - both ask for standard output; give --csv a file")


def check_target(option: str, target: str | None) -> None:
    """Check before anything runs that a file can be written; no file is made.

    Args:
        option: The option that names the file.
        target: The file; ``-`` for standard output, None for no output.

    Raises:
        InputError: The file can't be written.
    """
    if target is None or target == "-":
        return
    path = Path(target)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "is a folder" if path.is_dir() else "can't be written, or its folder is not there"
        raise InputError(f"{option} needs a file it can write; {target} {reason}")


def write_output(
    args: argparse.Namespace, document: Any, frame: pd.DataFrame, text: Callable[[], str] | None = None
) -> None:
    """Write the answer in the forms that were asked for.

    Args:
        args: The values of what `add_output` declared.
        document: The answer as JSON.
        frame: The answer as CSV, and as text where `text` is None.
        text: Makes the answer as text.
    """
    if args.csv:
        write_csv(args.csv, frame)
    if args.json:
        sys.stdout.write(render_json(document) + "\n")
    elif args.csv != "-":
        sys.stdout.write((text() if text else frame.to_string(index=False, na_rep="-")) + "\n")


def print_report_path(args: argparse.Namespace, path: Path) -> None:
    """Print where the report is: after a text on standard output, beside other answers on standard error."""
    stream = sys.stderr if args.json or args.csv == "-" else sys.stdout
    print(f"{'' if args.json else 'report: '}{path}", file=stream)


def out_folder(out: Path | None, run: str) -> Path:
    """The folder of a run's report: the one that was asked for, or the run's own."""
    return out if out is not None else Path("results") / run


def write_csv(target: str, frame: pd.DataFrame) -> None:
    """Write rows to a file, or to standard output if the target is ``-``.

    Raises:
        InputError: The file can't be written.
    """
    if target == "-":
        frame.to_csv(sys.stdout, index=False)
        return
    try:
        frame.to_csv(target, index=False)
    except OSError as error:
        raise InputError(f"--csv needs a file it can write; {target}: {error.strerror or error}") from None


def write_text(target: Path, text: str, option: str = "--out") -> None:
    """Write a document to a file.

    Args:
        target: The file.
        text: The document.
        option: The option that names the file, for messages.

    Raises:
        InputError: The file can't be written.
    """
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{option} needs a file it can write; {target}: {error.strerror or error}") from None
