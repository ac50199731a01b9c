"""Image files as upright RGB images of 8 bits: what Pillow reads, and one clear line for whatever it can't."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import re
import threading
import warnings
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from rexnet_core.errors import InputError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    #: A file, what one holds, or a stream such as standard input.
    ImageFile = Path | bytes | IO[bytes]

#: Resized by its shorter side, a strip would grow to gigabytes.
MOST_OBLONG = 32
#: What a stream may hold; the largest image that Pillow reads has half of it, unpacked.
MOST_BYTES = 512 * 2**20
#: The readers that a file may choose, by its content: those of `SUFFIXES` and no other, whatever the file claims.
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "TIFF", "WEBP")
#: Those with an EXIF entry that Pillow leaves to its caller.
_TURNABLE = ("JPEG", "PNG", "WEBP")
#: EXIF's orientation, and what sets each of its values upright. Source: Exif 2.32, table 5, 0x0112.
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
#: TIFF's tags (TIFF 6.0, section 8 and 19): bits of a pixel, whether 0 is white, and whether numbers are unsigned (1).
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339
_WHITE_IS_ZERO, _UNSIGNED = 0, 1
#: Where Pillow's wheels for Linux and macOS keep the libraries that they bring, beside or below its own folder.
_BUNDLES = ("../pillow.libs", ".dylibs")


def _hush() -> None:
    """Keep the words of Pillow's log and of its libtiff on damaged files off standard error; errors still come."""
    logging.getLogger("PIL").addHandler(logging.NullHandler())
    for library in _find_libtiff():
        with contextlib.suppress(OSError, AttributeError):  # built another way, it keeps its words
            loaded = ctypes.CDLL(str(library))  # the one that Pillow has loaded, as the file is the same
            loaded.TIFFSetErrorHandler(None)
            loaded.TIFFSetWarningHandler(None)


def _find_libtiff() -> Iterator[Path]:
    for bundle in _BUNDLES:
        yield from (Path(Image.__file__).parent / bundle).glob("libtiff*")


_hush()


class _QuietPillow:
    """While it is entered, what Pillow warns of goes nowhere, even where warnings are errors.

    Pillow warns of damaged tags beside the pixels, and does not name the file; damage to the pixels is an error.
    The filters belong to the whole process: one entry is put in and taken out again, whatever other threads do to the
    rest, and warnings that were shown once are not shown again.
    """

    _ENTRY = ("ignore", None, Warning, re.compile(r"PIL\."), 0)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._ENTRY not in warnings.filters[:1]:
                warnings.filters.insert(0, self._ENTRY)  # type: ignore[attr-defined]

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._inside -= 1
            while not self._inside and self._ENTRY in warnings.filters:
                warnings.filters.remove(self._ENTRY)  # type: ignore[attr-defined]


_QUIET = _QuietPillow()


def decode(source: ImageFile, *, upright: bool, name: str = "") -> Image.Image:
    """The first frame of an image in RGB, turned as its EXIF entry says if `upright`; safe to call from many threads.

    Transparency is dropped. Grey images of 16 bits are scaled to 8.

    Args:
        source: A file, what one holds, or a stream, which is read to its end.
        upright: Printed accuracies come from loaders that don't turn images. TIFF is turned in any case, by Pillow.
        name: Of the image, for messages; left out, a file has its own.

    Raises:
        InputError: The file can't be read, is no image, is cut short, is a strip, unpacks to more pixels than is
            safe, or has pixels whose black and white are not known: 32 bits, or floating point.
    """
    shown = name or (str(source) if isinstance(source, Path) else "the image")
    try:
        with _QUIET, Image.open(_open_source(source, shown), formats=_FORMATS) as image:
            _check_size(image.size, shown)
            image.load()
            turn = _read_turn(image) if upright else None
            rgb = _as_rgb(image, shown)
            return rgb if turn is None else rgb.transpose(turn)
    except InputError:
        raise
    except Image.DecompressionBombError:
        raise _too_large(shown) from None
    except UnidentifiedImageError:
        raise InputError(f"{shown} is no image in a known format; remove or replace it") from None
    except Exception as error:  # noqa: BLE001 - Pillow's readers meet a damaged file with whatever they run into
        raise InputError(f"{shown} can't be read as an image ({first_line(error)}); replace or remove it") from None


def lies_turned(source: Path | bytes) -> bool:
    """Whether a picture is to be turned as its EXIF entry says; TIFF is turned in any case, by Pillow."""
    try:
        with _QUIET, Image.open(_open_source(source, ""), formats=_TURNABLE) as image:
            return _read_turn(image) is not None
    except Exception:  # noqa: BLE001 - what is wrong with a file is told where it is decoded
        return False


def _open_source(source: ImageFile, name: str) -> Path | BytesIO:
    """What Pillow opens: it goes back and forth in a file, which a pipe does not allow."""
    if isinstance(source, Path):
        return source
    held = source if isinstance(source, bytes) else source.read(MOST_BYTES + 1)
    if len(held) > MOST_BYTES:
        raise InputError(f"an image has at most {MOST_BYTES} bytes; {name} has more; shrink or remove it")
    return BytesIO(held)


def _check_size(size: tuple[int, int], name: str) -> None:
    """Pillow warns at its limit of pixels and fails at twice that; such a file is no photograph, nor is a strip."""
    limit = Image.MAX_IMAGE_PIXELS
    if limit is not None and size[0] * size[1] > limit:
        raise _too_large(name)
    if max(size) > MOST_OBLONG * min(size):
        given = f"{size[0]} x {size[1]}"
        raise InputError(f"an image's sides differ {MOST_OBLONG}-fold at most; {name} is {given}; crop or remove it")


def _too_large(name: str) -> InputError:
    limit = Image.MAX_IMAGE_PIXELS
    return InputError(f"an image has at most {limit} pixels; {name} unpacks to more; shrink or remove it")


def _read_turn(image: Image.Image) -> Image.Transpose | None:
    """How to set the image upright; None where it lies right, or its EXIF block is damaged."""
    try:
        return _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - the block is any bytes, and the pixels do not need it
        return None


def _as_rgb(image: Image.Image, name: str) -> Image.Image:
    """The image in RGB; Pillow alone would cut what is above 255 off a grey image of more than 8 bits.

    Raises:
        InputError: Nothing says which of its numbers are black and white.
    """
    tags: Any = getattr(image, "tag_v2", {})
    # Older releases of Pillow read a PNG file of 16 bits in mode I.
    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        return _scale(image, tags).convert("RGB")
    if image.mode in {"I", "F"} or set(tags.get(_SAMPLE_FORMAT, ())) - {_UNSIGNED}:
        what = {"I": "whole numbers of 32 bits or with a sign", "F": "floating-point numbers"}
        raise InputError(
            f"an image's pixels must have 8 or 16 bits without a sign; {name} has "
            f"{what.get(image.mode, 'other numbers')} (mode {image.mode}); convert it to 8 bits"
        )
    return image.convert("RGB")


def _scale(image: Image.Image, tags: Any) -> Image.Image:
    """Grey pixels of 9 to 16 bits, scaled to 8 so that white stays white."""
    bits = tags.get(_BITS, (16,))
    white = 2 ** (bits[0] if isinstance(bits, tuple) else bits) - 1
    pixels = np.asarray(image).astype(np.uint32)
    grey = Image.fromarray(((pixels * 255 + white // 2) // white).astype(np.uint8))
    return grey.point(lambda value: 255 - value) if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO else grey
