"""The files that hold what a model is fed with: one for each input, written by one process and read by others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from bench.records.files import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt

#: Most inputs that a model may have.
MOST_INPUTS = 64


def name_input(index: int) -> str:
    """File name of an input; a model with one has the file that models with one image have always had."""
    return IMAGES if index == 0 else f"input{index}.npy"


def dump_inputs(folder: Path, inputs: Sequence[npt.NDArray[Any]]) -> None:
    """Write the inputs, each of shape ``(batches, N, ...)``, in the order in which the model takes them."""
    for index, values in enumerate(inputs):
        np.save(folder / name_input(index), values)


def load_inputs(folder: Path) -> tuple[npt.NDArray[Any], ...]:
    """The inputs that `dump_inputs` wrote."""
    names = [name_input(index) for index in range(MOST_INPUTS)]
    return tuple(np.load(folder / name) for name in names if (folder / name).exists())


def stream_inputs(folder: Path, batches: int) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """The inputs that `dump_inputs` wrote, so many batches at a time, so that few are in memory at once."""
    names = [name_input(index) for index in range(MOST_INPUTS)]
    files = [np.load(folder / name, mmap_mode="r") for name in names if (folder / name).exists()]
    for start in range(0, len(files[0]), batches):
        yield tuple(_read_part(file, start, min(batches, len(file) - start)) for file in files)


def _read_part(file: np.memmap[Any, Any], start: int, count: int) -> npt.NDArray[Any]:
    """Some batches, read: pages of a mapped file would count as memory of the process."""
    size = file[0].size
    values = np.fromfile(
        str(file.filename), file.dtype, count * size, offset=file.offset + start * size * file.itemsize
    )
    return values.reshape(count, *file.shape[1:])
