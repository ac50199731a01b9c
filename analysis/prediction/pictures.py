"""Which pictures a caller means: files, folders, and standard input. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.accuracy.folder import walk_files
from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.preprocess import SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Names standard input where a picture could be named, and what a picture from there is called.
STDIN, STDIN_NAME = "-", "standard input"


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that is to be classified.

    Args:
        name: As answers call it.
        source: The file, or what it holds.
    """

    name: str
    source: Path | bytes


def find_pictures(asked: Sequence[str], read_stdin: Callable[[], bytes], *, recursive: bool) -> list[Picture]:
    """The pictures in the order in which they were asked for; those of a folder in the order of their names.

    Args:
        asked: Files, folders, and once at most ``-``.
        read_stdin: Gives all of standard input.
        recursive: Whether the subfolders of folders are entered.

    Raises:
        InputError: There is no such file, it can't be a picture, or a folder has none.
    """
    if asked.count(STDIN) > 1:
        raise InputError(f"standard input holds one picture, {STDIN} is given {asked.count(STDIN)} times; give it once")
    found: list[Picture] = []
    for name in asked:
        if name == STDIN:
            found.append(Picture(STDIN_NAME, read_stdin()))
        else:
            found += [Picture(str(path), path) for path in _find(name, recursive=recursive)]
    return found


def _find(name: str, *, recursive: bool) -> Iterator[Path]:
    if not name:
        raise InputError("a picture is a file or a folder of them; its name is empty; give one, or . for this folder")
    place = Path(name)
    with refused_paths("a picture is a file or a folder of them", place, "name one that can be read"):
        place.stat()
    if place.is_file():
        yield place
    elif place.is_dir():
        yield from _search(place, recursive=recursive)
    else:
        raise InputError(f"a picture must be a file, {place} is a pipe or a device; give - and send it there with <")


def _search(folder: Path, *, recursive: bool) -> list[Path]:
    files = list(walk_files(folder, recursive=recursive))
    images = [path for path, is_image in files if is_image]
    if not images:
        deeper = not recursive and any(path.is_dir() for path, _ in files)
        remedy = "add --recursive to look into its subfolders" if deeper else "name another, or a file itself"
        raise InputError(f"a folder must have pictures, named *{', *'.join(SUFFIXES)}; {folder} has none; {remedy}")
    return images
