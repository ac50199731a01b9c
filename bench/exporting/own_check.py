"""What a folder holds to check itself where rexbench is not: a picture, the outputs for it, and a short program."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np

from analysis.data_tables import load_table
from rexnet_core.errors import ModelError

if TYPE_CHECKING:
    from pathlib import Path

    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from bench.exporting.verification import Verified

PROGRAM, STORED, LABELS = "verify.py", "check.npz", "labels.txt"
#: How far outputs may be from those stored, over the largest: another processor sums in another order, and rounds
#: other numbers of an int8 network.
LIMITS = {"fp32": 1e-3, "fp16": 1e-3, "int8": 0.1}
_MOST_TIME_S = 600


def dump(folder: Path, form: Form, original: Original, verified: Verified) -> None:
    """Write the program, what it compares, and the names of the classes."""
    np.savez_compressed(
        folder / STORED, input=verified.fed, output=verified.given, output_of_original=verified.original
    )
    table = load_table(__file__)
    parts = {key: value.strip() for key, value in table[form.format].items()}
    (folder / PROGRAM).write_text(table["script"].lstrip().format(**parts), encoding="utf-8")
    if original.class_names:
        lines = [" ".join(name.split()) for name in original.class_names]
        (folder / LABELS).write_text("\n".join(lines) + "\n", encoding="utf-8", errors="backslashreplace")


def run(folder: Path) -> None:
    """Run the program as anybody would, in a process of its own.

    Raises:
        ModelError: It finds the folder wrong.
    """
    variables = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    try:
        done = subprocess.run(
            [sys.executable, "-I", str(folder / PROGRAM)],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_MOST_TIME_S,
            check=False,
            env=variables,
        )
    except subprocess.TimeoutExpired:
        raise ModelError(f"{PROGRAM} must end within {_MOST_TIME_S} s; nothing was written") from None
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise ModelError(
            f"the artefact must pass its own {PROGRAM}; it says {said[-1] if said else 'nothing'}; nothing was written"
        )
