"""Which pictures of a folder the end-to-end scenario begins with; they are read once, before the first second."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from bench.planning.calibration import locate_set, name_set, spread_evenly
from bench.records.case import END_TO_END
from bench.records.pictures import PictureSet
from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.preprocess import SUFFIXES, Preprocessing, is_image_name, read_image

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

#: Pictures of a folder, at most: each is computed in every process round, to be compared.
MOST_PICTURES = 32


def read_pictures(asked: str | None, scenarios: Collection[str] = (END_TO_END,)) -> PictureSet:
    """The set that a caller asks for, up to `MOST_PICTURES` at even distances over the folder and the folders in it.

    Args:
        asked: A folder; None for generated pictures.
        scenarios: Of the run.

    Raises:
        InputError: There is no such folder, it has no picture, one can't be read, or no case would use them.
    """
    if asked is None:
        return PictureSet()
    if END_TO_END not in scenarios:
        raise InputError(
            f"--pictures applies only to the {END_TO_END} scenario, which is not chosen; add --scenarios {END_TO_END}"
        )
    folder = Path(asked)
    with refused_paths("--pictures names a folder", folder, "name one that can be read"):
        found = sorted(_find(folder)) or [path for inner in _list_folders(folder) for path in sorted(_find(inner))]
    if not found:
        raise InputError(
            f"--pictures needs a picture, {folder} has none; put files ending in {', '.join(SUFFIXES)} there"
        )
    chosen = [found[place] for place in spread_evenly(range(len(found)), min(MOST_PICTURES, len(found)))]
    names = tuple(str(path.relative_to(folder)) for path in chosen)
    named = PictureSet(name=name_set(folder, names), source=locate_set(asked), files=names, found=len(found))
    for path in chosen:
        read_image(path, Preprocessing())
    return named


def _find(folder: Path) -> Iterator[Path]:
    yield from (path for path in folder.iterdir() if is_image_name(path.name) and path.is_file())


def _list_folders(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_dir())
