"""The files of a training: written whole or not at all, and read without running anything in them."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import torch

from rexnet_core.errors import InputError, first_line
from rexnet_core.files import refused_paths, replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LAST, BEST, LOG = "last.pth", "best.pth", "log.csv"
FORMAT, FORMAT_VERSION = "rexbench-training", 1
#: What a process that is killed while it writes leaves.
_DRAFT = ".rexbench-"
#: What a training without a checkpoint leaves.
_REPORT = frozenset({"csv", "figures", "report.html", "result.json", "tensorboard"})
#: What a training writes into its folder, beside its report.
_NEED = "--out needs a folder with room for checkpoints"


def write_checkpoint(path: Path, content: Mapping[str, Any]) -> None:
    """Write tensors and plain data; the file is on the disk before an earlier one is replaced.

    Raises:
        InputError: It can't be written; an earlier file stays whole.
    """
    memory = io.BytesIO()
    torch.save({"format": FORMAT, "format_version": FORMAT_VERSION, **content}, memory)
    with refused_paths(_NEED, path):
        replace_file(path, memory.getvalue(), sync=True)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """What `write_checkpoint` wrote; nothing in the file is run.

    Raises:
        InputError: There is no such file, or it is damaged or of another kind.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise InputError(
            f"--resume needs a training that has begun, {path} is not there; leave the option out"
        ) from None
    except Exception as error:  # noqa: BLE001 - a damaged or hostile file fails in ways no list covers
        raise InputError(f"{path} is damaged or no checkpoint ({first_line(error)}); begin anew elsewhere") from None
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f"--resume needs a checkpoint that a training wrote, {path} is another file; begin elsewhere")
    if (version := content.get("format_version")) != FORMAT_VERSION:
        raise InputError(f"{path} has format {version!r}, {FORMAT_VERSION} can be read; update rexbench")
    return content


def write_log(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a row for each epoch as CSV.

    Raises:
        InputError: It can't be written.
    """
    if not rows:
        return
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    with refused_paths(_NEED, path):
        replace_file(path, text.getvalue(), sync=True)


def check_out(out: Path, *, resume: bool) -> None:
    """Check that a folder is new, empty or, to resume, holds a training; nothing is made.

    Raises:
        InputError: It holds something else.
    """
    with refused_paths(_NEED, out):
        names = {path.name for path in out.iterdir()} if out.exists() else set()
    names = {name for name in names if not name.startswith(_DRAFT)}
    if resume or _is_left_over(out, names):
        return
    if LAST in names:
        raise InputError(f"{out} holds a training; give --resume to go on with it, or another --out")
    if names:
        raise InputError(f"--out must be a new or an empty folder, {out} holds {min(names)!r}; name another")


def _is_left_over(out: Path, names: set[str]) -> bool:
    """Whether a folder holds only what a training has left that diverged before its first checkpoint."""
    if not names <= _REPORT:
        return False
    try:
        told = json.loads((out / "result.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return names <= {"tensorboard"}
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and (told.get("kind"), told.get("ended")) == ("training", "diverged")


def make_out(out: Path) -> None:
    """Make the folder, and remove what a process that was killed while it wrote has left there.

    Raises:
        InputError: It can't be written.
    """
    with refused_paths(_NEED, out):
        out.mkdir(parents=True, exist_ok=True)
        for draft in out.glob(f"{_DRAFT}*"):
            draft.unlink(missing_ok=True)
