"""Answers as other programs take them: one JSON document, or rows as CSV."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from bench.records import make_plain
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    import pandas as pd


def render_json(document: Any) -> str:
    """The document as JSON; NaN and infinity, which JSON lacks, become null, numpy numbers Python's."""
    return json.dumps(make_plain(document), indent=2)


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
