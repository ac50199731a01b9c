"""Which class a folder stands for: its place in the order of names, or its line in a file. No torch here."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

#: A million names of 64 letters; whatever is larger is no list of classes.
_MOST_BYTES = 64 * 2**20


def read_classes(file: Path) -> tuple[str, ...]:
    """The names in a file, one on each line, in the order of the classifier's outputs.

    Raises:
        InputError: It is no readable UTF-8 file, or a line holds no name of a folder, or one that an earlier line has.
    """
    lines: dict[str, int] = {}
    for number, name in enumerate(read_lines(file), start=1):
        place = f"{file}:{number}"
        if name.startswith(".") or "/" in name or "\0" in name:
            raise InputError(f"{place}: a line must hold the name of a class folder, not {name!r}; correct it")
        if name in lines:
            raise InputError(f"{place}: a class stands on one line, {name!r} is on line {lines[name]} too; remove one")
        lines[name] = number
    return tuple(lines)


def read_lines(file: Path) -> list[str]:
    """The names in a file, one on each line; what a name may be is up to the caller.

    Raises:
        InputError: It is no readable UTF-8 file, or has an empty line, or none.
    """
    names = [line.strip() for line in _read(file).rstrip().splitlines()]
    if not names:
        raise InputError(f"{file} names no class; write the name of one on each line")
    if "" in names:
        place = f"{file}:{names.index('') + 1}"
        raise InputError(f"{place}: a line must hold the name of a class, this one is empty; remove or fill it")
    return names


def index_classes(
    folder: Path, present: Sequence[str], file: Path | None, told: Sequence[str] = ()
) -> tuple[dict[str, int], int]:
    """Name of each class folder to its index, and how many classes there are.

    Args:
        folder: That holds them, for messages.
        present: Names of the class folders.
        file: Names all classes in order; None where the model tells them, or the folders are all, in the order of
            their names.
        told: Names of all classes in order, as the model's file has them. Where they have nothing to do with those of
            the folders, such as names in words beside folders of synset ids, they say nothing.

    Raises:
        InputError: The names lack a folder, or libraries would put the names in different orders.
    """
    if file is None and not set(told) & set(present):
        _check_order(folder, present)
        return {name: index for index, name in enumerate(sorted(present))}, len(present)
    names, owner = (
        (told, "among the classes of the model's file") if file is None else (read_classes(file), f"in {file}")
    )
    known = {name: index for index, name in enumerate(names)}
    for name in sorted(present):
        if name not in known:
            remedy = "add or move it" if file else "move it, or give all names in order in a --classes-file"
            raise InputError(f"each class folder must be named {owner}, {folder / name} is not; {remedy}")
    return {name: known[name] for name in present}, len(names)


def _check_order(folder: Path, present: Iterable[str]) -> None:
    """Refuse names that libraries put in different orders: a checkpoint of another library would get wrong classes.

    torchvision goes by letters: ``c10`` comes before ``c2``, ``Z`` before ``a``. timm goes by numbers, and does not
    tell upper from lower case.

    Source: torchvision 0.28 datasets/folder.py ``find_classes``; timm 1.0.31 data/readers/reader_image_folder.py.
    """
    for first, second in pairwise(sorted(present)):
        if not _natural_key(first) < _natural_key(second):
            raise InputError(
                f"the order of class folders must be the same by letters and by numbers without case; in {folder} that "
                f"of {first!r} and {second!r} is not, and libraries differ; give --classes-file with a name on each "
                "line, in the order of the checkpoint's outputs"
            )


def _natural_key(name: str) -> list[str | int]:
    """Texts and numbers in turns, which compare with those of any other name."""
    parts = re.split(r"(\d+)", name.lower())
    return [int(part) if place % 2 else part for place, part in enumerate(parts)]


def _read(file: Path) -> str:
    try:
        if not file.is_file():
            raise InputError(f"--classes-file must be a file; got {file}")
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"--classes-file must be a list of names, {file} is too large for one; name another")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"--classes-file must be UTF-8 text, {file} is not; save it as such") from None
    except (OSError, ValueError) as error:
        raise InputError(f"--classes-file must be readable; {file}: {first_line(error)}") from None
