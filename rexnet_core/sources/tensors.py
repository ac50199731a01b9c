"""What goes into a model and comes out of it, in plain values; and shapes as text. No torch here."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Sequence

    #: The shape of one input for one image, without the axis of the batch.
    Shape = tuple[int, ...]

#: Side of images where neither the caller nor the model says one [pixels].
USUAL_SIDE = 224
#: Types of which any value is a proper input; others, such as int64, hold numbers that only the model's author knows.
DRAWABLE = ("float16", "float32", "float64", "uint8", "int8")
_IMAGE_AXES = 4
_MOST_CHANNELS = 4
_MOST_ELEMENTS = 2**31
#: Of one input for one image; more than any model has, and numpy has a limit of its own.
_MOST_DIMENSIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorSpec:
    """An input or output of a model.

    Args:
        name: As the file has it; for a module the name of the argument, or empty.
        shape: The batch first; None is a dimension that may vary.
        dtype: As numpy writes it, such as ``float32``.
    """

    name: str
    shape: tuple[int | None, ...]
    dtype: str


def show_shape(shape: Sequence[int | None]) -> str:
    """A shape in words, such as ``(?, 3, 224, 224)``, with a question mark for what may vary."""
    return f"({', '.join('?' if size is None else str(size) for size in shape)})"


def make_image_spec(channels: int | None = 3, height: int | None = None, width: int | None = None) -> TensorSpec:
    """The input of an image classifier; what is not given may vary."""
    return TensorSpec(name="", shape=(None, channels, height, width), dtype="float32")


def write_shapes(shapes: Sequence[Shape]) -> str:
    """Shapes as text, without the batch, such as ``3x48x192`` or ``3x64x64,10``."""
    return ",".join("x".join(map(str, shape)) for shape in shapes)


def read_shapes(text: str) -> tuple[Shape, ...]:
    """The shapes that `write_shapes` wrote.

    Raises:
        InputError: The text holds no shapes.
    """
    if not re.fullmatch(r"[0-9]+(?:[x,][0-9]+)*", text):
        raise InputError(f"shapes must be written such as 3x48x192 or 3x64x64,10, got {shorten(text)!r}")
    return tuple(tuple(map(int, one.split("x"))) for one in text.split(","))


def parse_shape(text: str) -> Shape:
    """A shape as a caller writes it, such as ``1,3,224,224``, without its batch, which each case has of its own.

    Raises:
        InputError: It is no such shape.
    """
    batch, *words = (word.strip() for word in text.replace("x", ",").split(","))
    sizes = [int(word) for word in words[:_MOST_DIMENSIONS] if re.fullmatch(r"[0-9]{1,9}", word)]
    whole = len(sizes) == len(words) and bool(re.fullmatch(r"\?|-1|[0-9]+", batch))
    if not whole or not sizes or not 0 < math.prod(sizes) <= _MOST_ELEMENTS:
        raise InputError(
            "--input-shape takes the sizes of an input with the batch in front, such as 1,3,224,224, "
            f"got {shorten(text)!r}"
        )
    return tuple(sizes)


def fix_shapes(
    inputs: Sequence[TensorSpec],
    *,
    resolution: int | None = None,
    asked: Sequence[Shape] = (),
    channels: int | None = None,
) -> tuple[Shape, ...]:
    """The shapes, without the batch, in which a model's inputs are fed.

    Args:
        inputs: What the model takes.
        resolution: Side of a square image [pixels]; None is the model's own, or `USUAL_SIDE`.
        asked: Shapes in place of all others.
        channels: Channels in place of those of an image that may have any.

    Raises:
        UnsupportedModelError: An input can't be made up, or a dimension is open.
    """
    for spec in inputs:
        if spec.dtype not in DRAWABLE:
            raise UnsupportedModelError(
                f"input {spec.name!r} has type {spec.dtype}, whose values only the model's author knows; "
                f"inputs must have one of the types {', '.join(DRAWABLE)}"
            )
    if asked:
        if len(asked) != len(inputs):
            raise UnsupportedModelError(
                f"the model has {len(inputs)} inputs, --input-shape gives {len(asked)} shapes; give one for each input"
            )
        return tuple(asked)
    if not inputs:
        raise UnsupportedModelError("the model has no input; rexbench measures models that compute on inputs")
    return tuple(_fix(spec, resolution, channels) for spec in inputs)


def _fix(spec: TensorSpec, resolution: int | None, channels: int | None) -> Shape:
    sizes: list[int | None] = list(spec.shape[1:])
    axes = find_image_axes(spec)
    if axes:
        for axis in axes:
            if resolution is not None or sizes[axis] is None:
                sizes[axis] = resolution or USUAL_SIDE
        depth = next(axis for axis in range(3) if axis not in axes)
        sizes[depth] = sizes[depth] or channels or 3
    if not sizes or not all(sizes):
        raise UnsupportedModelError(
            f"input {spec.name!r} has the shape {show_shape(spec.shape)}, of which a dimension is open; "
            "fix it with --input-shape"
        )
    return tuple(size for size in sizes if size is not None)


def find_image_axes(spec: TensorSpec) -> tuple[int, int] | None:
    """The axes of height and width, not counting the batch, of an input that is an image; None for any other."""
    if len(spec.shape) != _IMAGE_AXES:
        return None
    _, first, _, last = spec.shape
    if last is not None and last <= _MOST_CHANNELS and (first is None or first > _MOST_CHANNELS):
        return 0, 1
    return 1, 2
