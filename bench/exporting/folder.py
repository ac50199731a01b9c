"""The folder of an artefact: made aside, put into its place whole, and never over what is not ours."""

from __future__ import annotations

import contextlib
import errno
import json
import secrets
import shutil
import tempfile
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CARD = "card.json"
KIND = "rexbench-export"
#: What C++ says of a file that takes no more.
_STREAM = "iostream error"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
_NEED = "--out needs a folder that can be made, with room"


def check_target(target: Path, *, force: bool) -> None:
    """Check before anything runs that an artefact can take its place.

    Raises:
        InputError: There is something that must stay, or the folder can't be made.
    """
    with refused_paths(_NEED, target):
        there = target.is_symlink() or target.exists()
    if there and not _is_ours(target):
        raise InputError(f"--out names a new folder; {target} is there and is no export; name another")
    if there and not force:
        raise InputError(f"--out names a new folder; {target} holds an export; add --force to replace it")
    if not there:
        with _draft(target):
            pass


def _is_ours(target: Path) -> bool:
    """Whether a folder is an export and holds nothing that is not of it."""
    with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
        card = json.loads((target / CARD).read_text(encoding="utf-8"))
        names = {path.name for path in target.iterdir()}
        return not target.is_symlink() and card["kind"] == KIND and names <= {CARD, *card["files"]}
    return False


@contextlib.contextmanager
def refused_writes(target: Path) -> Iterator[None]:
    """A context in which a full disk is an error of the caller, whoever finds it full.

    Raises:
        InputError: Something can't be written.
    """
    try:
        yield
    except (RuntimeError, OSError) as error:
        if not (isinstance(error, OSError) and error.errno in _NO_ROOM) and _STREAM not in str(error):
            raise
        place = f"{target} or {tempfile.gettempdir()}"
        raise InputError(f"{_NEED}; {place} takes no more; name another or make room") from None


@contextlib.contextmanager
def place_folder(target: Path, *, force: bool) -> Iterator[Path]:
    """A new folder that takes the place of `target` where the context ends without an error; else nothing is left.

    Raises:
        InputError: It can't be made, or something has taken the place meanwhile.
    """
    with _draft(target) as draft:
        yield draft
        check_target(target, force=force)
        with refused_paths(_NEED, target):
            _replace(draft, target)


def _replace(draft: Path, target: Path) -> None:
    """Put a folder into its place; an export that is there goes, or comes back where the new one can't be placed."""
    if not target.exists():
        draft.rename(target)
        return
    old = draft.with_name(f"{draft.name}-old")
    target.rename(old)
    try:
        draft.rename(target)
    except BaseException:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _draft(target: Path) -> Iterator[Path]:
    """A folder beside the target, so that the last step is a rename; what is left of it at the end goes."""
    made: list[Path] = []
    draft: Path | None = None
    try:
        with refused_paths(_NEED, target):
            place = target.resolve().parent
            made += [path for path in (place, *place.parents) if not path.exists()]
            place.mkdir(parents=True, exist_ok=True)
            named = place / f".{target.name[:40]}-{secrets.token_hex(8)}"
            named.mkdir()
            draft = named
        yield draft
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
        for path in made:  # those that hold the artefact by now stay
            with contextlib.suppress(OSError):
                path.rmdir()
