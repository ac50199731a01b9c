"""The files that hold pictures, and how they are prepared: written by one process and read by the workers."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.schema import read_as
from bench.records.inputs import name_input
from rexnet_core.preprocess import Preprocessing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

_STEPS = "steps.json"
_SUFFIX = ".picture"


def dump_pictures(folder: Path, pictures: Sequence[bytes], steps: Preprocessing) -> None:
    """Write the bytes of pictures in order, and what is done to them."""
    for place, picture in enumerate(pictures):
        (folder / f"{place:06d}{_SUFFIX}").write_bytes(picture)
    (folder / _STEPS).write_text(json.dumps(asdict(steps)))


def load_pictures(folder: Path, batch: int) -> npt.NDArray[Any]:
    """The bytes of the pictures, as an array of objects of shape ``(batches, N)``."""
    files = sorted(folder.glob(f"*{_SUFFIX}"))
    pictures = np.empty(len(files), object)
    for place, file in enumerate(files):
        pictures[place] = file.read_bytes()
    return pictures.reshape(-1, batch)


def load_steps(folder: Path) -> Preprocessing:
    """What is done to the pictures."""
    return read_as(Preprocessing, json.loads((folder / _STEPS).read_text()))


def load_type(folder: Path) -> np.dtype[Any]:
    """The type of what the model sees of them."""
    seen: np.dtype[Any] = np.load(folder / name_input(0), mmap_mode="r", allow_pickle=False).dtype
    return seen
