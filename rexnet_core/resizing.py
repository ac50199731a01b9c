"""Resizing without antialiasing, as OpenCV and TensorFlow do it: each pixel is mixed of its 2 or 4 nearest alone.

A network that was trained on such pictures expects them: smoothed ones, as Pillow makes them, look different to it.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from rexnet_core.geometry import Window

    Values = npt.NDArray[np.float32]

#: Of the cubic kernel. Source: OpenCV 4 imgproc/src/resize.cpp, ``interpolateCubic``; TensorFlow 2
#: core/kernels/image/resize_bicubic_op.cc, ``GetCoeffsTable`` without half-pixel centres.
_CUBIC_A = -0.75


def resize_unsmoothed(
    pixels: npt.NDArray[np.uint8], window: Window, resolution: int, *, cubic: bool, centred: bool
) -> npt.NDArray[np.uint8]:
    """The square of a window, rounded to whole values: shape ``(resolution, resolution, 3)``.

    Publishers go on with fractions, so a value differs from theirs by half a step of 256 at most, and by what a cubic
    kernel gives beyond black and white.

    Args:
        pixels: The whole picture, of shape ``(height, width, 3)``.
        window: What of it is resized to what size, and where the square lies.
        resolution: Side of the square.
        cubic: Whether 4 pixels are mixed in each direction, or 2.
        centred: Whether centres of pixels lie on centres (OpenCV), or corners on corners (TensorFlow 1).
    """
    left, top, right, bottom = window.box
    part = pixels[top:bottom, left:right].astype(np.float32)
    mix = partial(_mix_rows, count=resolution, cubic=cubic, centred=centred)
    width, height = window.size
    rows = mix(part, length=height, first=window.top)
    square = mix(rows.swapaxes(0, 1), length=width, first=window.left).swapaxes(0, 1)
    return np.clip(np.rint(square), 0, 255).astype(np.uint8)


def _mix_rows(pixels: Values, *, length: int, first: int, count: int, cubic: bool, centred: bool) -> Values:
    """Some rows of a picture that is resized to `length` rows: `count` from `first` on.

    What lies beyond the edge is as the pixel at the edge.
    """
    rows, scale = len(pixels), len(pixels) / length
    wanted = first + np.arange(count)
    places = (wanted + 0.5) * scale - 0.5 if centred else wanted * scale
    before = np.floor(places)
    weights = _weigh(places - before, cubic=cubic)
    mixed = np.zeros((count, *pixels.shape[1:]), np.float32)
    for step, weight in enumerate(weights, start=1 - len(weights) // 2):
        taken = np.clip(before + step, 0, rows - 1).astype(int)
        mixed += weight.astype(np.float32)[:, None, None] * pixels[taken]
    return mixed


def _weigh(past: npt.NDArray[np.float64], *, cubic: bool) -> list[npt.NDArray[np.float64]]:
    """What the 2 or 4 nearest pixels count where a place lies so far past the one before it, in [0, 1)."""
    if not cubic:
        return [1 - past, past]
    return [_far(1 + past), _near(past), _near(1 - past), _far(2 - past)]


def _near(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The cubic kernel up to 1 pixel away."""
    return ((_CUBIC_A + 2) * x - (_CUBIC_A + 3)) * x * x + 1


def _far(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The cubic kernel from 1 to 2 pixels away."""
    return ((_CUBIC_A * x - 5 * _CUBIC_A) * x + 8 * _CUBIC_A) * x - 4 * _CUBIC_A
