"""Which class a folder stands for: its place in the order of names, or its line in a file. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexnet_core.errors import InputError

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
    for number, line in enumerate(_read(file).rstrip().splitlines(), start=1):
        name, place = line.strip(), f"{file}:{number}"
        if not name:
            raise InputError(f"{place}: a line must hold the name of a class, this one is empty; remove or fill it")
        if name.startswith(".") or "/" in name or "\0" in name:
            raise InputError(f"{place}: a line must hold the name of a class folder, not {name!r}; correct it")
        if name in lines:
            raise InputError(f"{place}: a class stands on one line, {name!r} is on line {lines[name]} too; remove one")
        lines[name] = number
    if not lines:
        raise InputError(f"{file} names no class; write the name of one on each line")
    return tuple(lines)


def index_classes(folder: Path, present: Sequence[str], file: Path | None) -> tuple[dict[str, int], int]:
    """Name of each class folder to its index, and how many classes there are.

    Args:
        folder: That holds them, for messages.
        present: Names of the class folders.
        file: Names all classes in order; None where the folders are all, in the order of their names.

    Raises:
        InputError: The file can't be used, lacks a folder, or the order of the names is not that of their numbers.
    """
    if file is None:
        _check_order(folder, present)
        return {name: index for index, name in enumerate(sorted(present))}, len(present)
    names = read_classes(file)
    known = {name: index for index, name in enumerate(names)}
    for name in sorted(present):
        if name not in known:
            raise InputError(f"each class folder must be named in {file}, {folder / name} is not; add or move it")
    return {name: known[name] for name in present}, len(names)


def _check_order(folder: Path, present: Iterable[str]) -> None:
    """By name, 10 comes before 2: folders that are numbered without leading zeros would be given wrong classes."""
    names = sorted(present)
    if all(name.isascii() and name.isdigit() for name in names) and names != sorted(names, key=int):
        raise InputError(
            f"the order of class folders is that of their names, {folder} has numbers whose order by value is another; "
            "give --classes-file with a name on each line, in the order of the classes"
        )


def _read(file: Path) -> str:
    try:
        if not file.is_file():
            raise InputError(f"--classes-file must be a file; got {file}")
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"--classes-file must be a list of names, {file} is too large for one; name another")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"--classes-file must be UTF-8 text, {file} is not; save it as such") from None
    except OSError as error:
        raise InputError(f"--classes-file must be readable; {file}: {error.strerror}") from None
