"""Answers as a caller takes them: text, one JSON document or rows as CSV, and an exit code."""

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

#: Exit codes: done; some cases failed, or it was stopped; the call or the input is wrong.
DONE, FAILED, WRONG = 0, 1, 2


def add_output(parser: argparse.ArgumentParser, *, csv: bool = True) -> None:
    """Declare the forms an answer may take.

    Args:
        parser: Of a command that answers with data.
        csv: Whether rows come out.
    """
    parser.add_argument("--json", action="store_true", help="one JSON document on standard output")
    if csv:
        text = "the rows as CSV, on standard output unless a file is named"
        parser.add_argument("--csv", nargs="?", const="-", metavar="FILE", help=text)


def check_output(args: argparse.Namespace) -> None:
    """Find out before anything runs that two answers want the same place, or that one has none.

    Raises:
        InputError: It is so.
    """
    check_target("--csv", getattr(args, "csv", None))
    if getattr(args, "json", False) and getattr(args, "csv", None) == "-":
        raise InputError("--json and --csv - both ask for standard output; give --csv a file")


def check_target(option: str, target: str | None) -> None:
    """Find out before anything runs that a file can't be written; nothing is made.

    Args:
        option: That names it.
        target: The file; ``-`` for standard output, None for none.

    Raises:
        InputError: It can't.
    """
    if target is None or target == "-":
        return
    path = Path(target)
    if path.is_dir() or not os.access(path if path.exists() else path.parent, os.W_OK):
        reason = "is a folder" if path.is_dir() else "can't be written, or its folder is not there"
        raise InputError(f"{option} needs a file it can write; {target} {reason}")


def give_answer(
    args: argparse.Namespace, document: Any, frame: pd.DataFrame, text: Callable[[], str] | None = None
) -> int:
    """Give the answer in the forms that were asked for.

    Args:
        args: With what `add_output` declared.
        document: For JSON.
        frame: For CSV, and for text where there is no other.
        text: Makes the text.
    """
    if args.csv:
        write_csv(args.csv, frame)
    if args.json:
        sys.stdout.write(render_json(document) + "\n")
    elif args.csv != "-":
        shown = text() if text else frame.to_string(index=False, na_rep="-")
        sys.stdout.write(shown + "\n")
    return DONE


def out_folder(out: Path | None, run: str) -> Path:
    """The folder of a run's report: the one asked for, or its own."""
    return out if out is not None else Path("results") / run


def write_csv(target: str, frame: pd.DataFrame) -> None:
    """Write the rows to a file, or to standard output where it is ``-``.

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
        text: What goes into it.
        option: That named the file, for the message.

    Raises:
        InputError: The file can't be written.
    """
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{option} needs a file it can write; {target}: {error.strerror or error}") from None
