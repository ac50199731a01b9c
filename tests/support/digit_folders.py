"""The digits of scikit-learn as an ImageNet-style folder of JPEG files: ``train/0/*.jpg`` to ``val/9/*.jpg``.

Run as a program: ``python tests/support/digit_folders.py FOLDER``.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

#: Every fifth picture is held out.
_HELD_OUT = 5


def write_digits(folder: Path, *, side: int = 64, limit: int | None = None, classes: int = 10) -> Path:
    """Write the folder, pictures enlarged to a square of that side; at most `limit` pictures of each class."""
    digits = load_digits()
    for label in range(classes):
        for number, index in enumerate(np.flatnonzero(digits.target == label)[:limit]):
            part = "val" if number % _HELD_OUT == 0 else "train"
            place = folder / part / str(label)
            place.mkdir(parents=True, exist_ok=True)
            grey = Image.fromarray((digits.images[index] * 255 / 16).astype(np.uint8))
            grey.resize((side, side), Image.Resampling.BICUBIC).save(place / f"{index:04}.jpg", quality=95)
    return folder


if __name__ == "__main__":
    write_digits(Path(sys.argv[1]))
