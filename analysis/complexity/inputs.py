"""What a model is counted on: the shapes and types of its inputs. No torch here."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.complexity.resolution import check_resolution
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Types an input may have, as numpy writes them, and torch's one that numpy has not.
DTYPES = (
    *("float32", "float16", "bfloat16", "float64"),
    *("int64", "int32", "int16", "int8", "uint8", "bool"),
)

#: Axes of a batch of images: batch, channels, height, width.
_IMAGE_AXES = 4

#: No tensor has more axes: torch stores them for 64.
_MOST_AXES = 64

_SHAPES_RULE = "input shapes must be whole numbers from 1 on, one shape for each input, such as 1,3,224,224"


@dataclass(frozen=True, slots=True)
class Inputs:
    """The inputs of one run, in the order in which a model takes them.

    Args:
        shapes: One for each input, with the batch of 1 in front.
        dtypes: One of `DTYPES` for each input; empty where all are of the type of the model's own numbers.
    """

    shapes: tuple[tuple[int, ...], ...]
    dtypes: tuple[str, ...] = ()

    @property
    def image(self) -> tuple[int, int, int] | None:
        """Channels, height and width where the only input is an image ``(1, C, H, W)`` of the model's own type."""
        first = self.shapes[0]
        if len(self.shapes) > 1 or self.dtypes or len(first) != _IMAGE_AXES:
            return None
        return first[1], first[2], first[3]

    @property
    def channels(self) -> int:
        """Channels of the first input; 3 where that is no ``(1, C, H, W)``, as registered models take."""
        first = self.shapes[0]
        return first[1] if len(first) == _IMAGE_AXES else 3

    @property
    def place(self) -> tuple[int, int]:
        """Height and width of the first input; for one that is no ``(1, C, H, W)``, twice its largest axis."""
        first = self.shapes[0]
        return (first[2], first[3]) if len(first) == _IMAGE_AXES else (max(first), max(first))

    def __str__(self) -> str:
        """Shapes and types as a reader writes them: ``(1, 3, 64, 64) and (1, 10) of int64``."""
        kinds = self.dtypes or ("",) * len(self.shapes)
        words = (f"{shape} of {kind}" if kind else str(shape) for shape, kind in zip(self.shapes, kinds, strict=True))
        return " and ".join(words)


#: A side, or height and width, of an image of three channels [pixels]; or inputs of any kind.
Resolution = int | tuple[int, int] | Inputs


def read_inputs(resolution: Resolution, in_channels: int = 3) -> Inputs:
    """The inputs that a resolution stands for; inputs themselves stay as they are.

    Args:
        resolution: A side, or height and width, of an image [pixels], or inputs.
        in_channels: Channels of the image.

    Raises:
        InputError: A side breaks the rule of `check_resolution`, or there are not two.
    """
    if isinstance(resolution, Inputs):
        return resolution
    if not isinstance(resolution, tuple):
        resolution = (check_resolution(resolution),) * 2
    if len(resolution) != 2:  # noqa: PLR2004 - height and width
        raise InputError(f"an input has a height and a width, got {resolution!r}; give one side or two")
    height, width = map(check_resolution, resolution)
    return Inputs(((1, in_channels, height, width),))


def choose_inputs(
    resolution: Resolution,
    in_channels: int,
    shapes: Sequence[Sequence[int]] | None,
    dtypes: Sequence[str] | None,
) -> Inputs:
    """Inputs of the given shapes and types; without shapes, an image of this resolution.

    Raises:
        InputError: As `read_inputs` and `check_inputs`.
    """
    if shapes is not None:
        return check_inputs(shapes, dtypes)
    image = read_inputs(resolution, in_channels)
    return image if dtypes is None else check_inputs(image.shapes, dtypes)


def check_inputs(shapes: Sequence[Sequence[int]], dtypes: Sequence[str] | None = None) -> Inputs:
    """Inputs of any kind, whose sizes have no limits but those of memory.

    Args:
        shapes: One for each input. The first begins with the batch, which is 1, for costs are those of one image.
        dtypes: One of `DTYPES` for each input, or None for the type of the model's own numbers.

    Raises:
        InputError: A shape or a type that is none, another batch, or another number of types than of shapes.
    """
    if not _is_list(shapes) or not shapes:
        raise InputError(f"{_SHAPES_RULE}; got {shapes!r}")
    checked = tuple(map(_check_shape, shapes))
    if checked[0][:1] != (1,):
        raise InputError(f"costs are for one image: the first input must begin with a batch of 1, got {checked[0]}")
    return Inputs(checked, _check_dtypes(dtypes, len(checked)))


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))


def _is_size(value: Any) -> bool:
    return not isinstance(value, bool) and hasattr(value, "__index__") and value >= 1


def _check_shape(shape: Sequence[int]) -> tuple[int, ...]:
    if not _is_list(shape) or len(shape) > _MOST_AXES or not all(map(_is_size, shape)):
        raise InputError(f"{_SHAPES_RULE}; got {shape!r}")
    return tuple(map(operator.index, shape))


def _check_dtypes(dtypes: Sequence[str] | None, count: int) -> tuple[str, ...]:
    if dtypes is None:
        return ()
    rule = f"types of inputs must be one for each of the {count} inputs, of {', '.join(DTYPES)}"
    if not _is_list(dtypes) or len(dtypes) != count or not all(dtype in DTYPES for dtype in dtypes):
        raise InputError(f"{rule}; got {dtypes!r}")
    return tuple(dtypes)
