"""What every graph file must be before anything reads it: a file, of a size that fits what it declares."""

from __future__ import annotations

import os
import stat
from math import prod
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rexnet_core.sources.tensors import TensorSpec

#: No runtime takes a tensor of more; a file that declares more is damaged, or is meant to fill the memory.
_MOST_DIMENSIONS = 64
#: An input with more elements is refused, for it is made in memory before the model runs.
_MOST_INPUT_ELEMENTS = 2**31


def read_whole(path: Path, kind: str, most_bytes: int) -> bytes:
    """The bytes of a graph file.

    Args:
        path: The file.
        kind: What it should be, such as ``an ONNX file``.
        most_bytes: A larger one is refused unread.

    Raises:
        InputError: It is missing, no plain file, empty, too large or not readable.
    """
    size = find_size(path, kind)
    if not size:
        raise InputError(f"{kind} must hold a model; {path} is empty; export it again")
    if size > most_bytes:
        raise InputError(
            f"{kind} may have {most_bytes} bytes at most, weights in a file beside it aside; {path} has {size}; "
            "keep the weights in a file of their own"
        )
    with refused_paths(f"{kind} must be readable", path, "name another"):
        return path.read_bytes()


def find_size(path: Path, kind: str) -> int:
    """The size of a plain file [bytes].

    Raises:
        InputError: It is missing, or no plain file.
    """
    with refused_paths(f"{kind} must be there", path, "name another"):
        state = path.stat()
    if not stat.S_ISREG(state.st_mode):
        what = "a folder" if stat.S_ISDIR(state.st_mode) else "no plain file"
        raise InputError(f"{kind} must be a file; {path} is {what}; name the file itself")
    return state.st_size


def read_text(value: str | bytes, owner: object) -> str:
    """The text of a field; protobuf gives what is no UTF-8 as bytes.

    Raises:
        InputError: It is no UTF-8.
    """
    if isinstance(value, bytes):
        raise InputError(f"names must be written in UTF-8; {owner} has {value[:40]!r}; export the model again")
    return value


def check_inside(folder: Path, target: Path, owner: Path) -> None:
    """Refuse a file of weights that a link leads out of the model's folder.

    Raises:
        InputError: It lies elsewhere.
    """
    home, place = (os.path.realpath(one) for one in (folder, target))
    if os.path.commonpath([home, place]) != home:
        raise InputError(
            f"weights must lie in the folder of their model; {target.name} of {owner} is a link that leads out of it; "
            "copy the weights beside the model"
        )


def count_elements(shape: Sequence[int], owner: str) -> int:
    """The elements of a tensor of a declared shape.

    Raises:
        InputError: No tensor can have that shape.
    """
    if len(shape) > _MOST_DIMENSIONS or any(side < 0 for side in shape):
        raise InputError(f"tensors must have real shapes; {owner} declares {str(shape)[:60]}; export the model again")
    return prod(shape)


def check_specs(inputs: Iterable[TensorSpec], path: Path) -> None:
    """Refuse inputs that no memory holds.

    Raises:
        InputError: An input's fixed dimensions alone are too many elements.
    """
    for spec in inputs:
        if count_elements([side or 1 for side in spec.shape], f"{path}: {spec.name}") > _MOST_INPUT_ELEMENTS:
            raise InputError(
                f"inputs may have {_MOST_INPUT_ELEMENTS} elements at most; {spec.name} of {path} has "
                f"{spec.shape}; export the model for smaller inputs"
            )
