"""Pictures of every format with edits anywhere, and with any bytes as their EXIF."""

import io
import warnings

import numpy as np
import pytest
from mutations import edit
from PIL import Image

from rexnet_core.preprocess import Preprocessing, load_as_published

_FORMATS = {"jpeg": "RGB", "png": "RGB", "webp": "RGB", "tiff": "L"}


def _draw(kind, mode, exif):
    file = io.BytesIO()
    Image.fromarray(np.arange(32 * 24 * 3, dtype=np.uint32).astype(np.uint8).reshape(24, 32, 3)).convert(mode).save(
        file, kind, exif=exif
    )
    return file.getvalue()


def _make_exif():
    exif = Image.Exif()
    exif[0x0112], exif[0x011A], exif[0x010F], exif[0x8769] = 6, (72, 1), "a camera", {0x9003: "2024:01:01 00:00:00"}
    return exif.tobytes()


_EXIF = _make_exif()
_PICTURES = [_draw(kind, mode, _EXIF) for kind, mode in _FORMATS.items()]


def _make(chance):
    if chance.random() < 0.5:
        return edit(chance, chance.choice(_PICTURES))
    return _draw(chance.choice(("jpeg", "png", "webp")), "RGB", b"Exif\0\0" + edit(chance, _EXIF[6:]))


@pytest.mark.filterwarnings("ignore")
def test_any_picture_is_refused_in_one_line_or_read(fuzz, tmp_path):
    def attempt(content):
        path = tmp_path / "picture.png"
        path.write_bytes(content)
        with warnings.catch_warnings(action="ignore"):
            pixels = load_as_published(path, 32, Preprocessing(upright=True))
        assert pixels.shape == (3, 32, 32)
        assert np.isfinite(pixels).all()
        return "read"

    fuzz("pictures", _make, attempt)
