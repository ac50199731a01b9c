"""A folder of small pictures, trainings on it that are interrupted, and checkpoints that are compared."""

from contextlib import nullcontext
from dataclasses import replace

import numpy as np
import torch
from PIL import Image

from analysis.training import run_training

CLASSES = ("blue", "green", "red")


def write_folder(folder, *, train=8, val=4, classes=CLASSES):
    """Noise of one colour for each class."""
    random = np.random.default_rng(0)
    for channel, name in enumerate(classes):
        for part, count in (("train", train), ("val", val)):
            place = folder / part / name
            place.mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 90, (36, 48, 3))
                pixels[..., channel % 3] += 120
                Image.fromarray(pixels.astype(np.uint8)).save(place / f"{number}.jpg")
    return folder


class Killed(BaseException):
    """The process is gone: nothing after it runs."""


def train(setting, *, stop=None, kill=None):
    """The study; Ctrl-C comes in update `stop`, or the process ends after update `kill`."""
    updates = 0

    class Guard(nullcontext):
        def __exit__(self, *_):
            if updates == stop:
                raise KeyboardInterrupt

    def progress(part, done, _total):
        nonlocal updates
        updates = done if part == "updates" else updates
        if part == "updates" and done == kill:
            raise Killed

    return run_training(setting, progress, guard=Guard)


def resumed(setting, **options):
    return train(replace(setting, resume=True), **options)


def assert_same(first, second, name="last.pth"):
    """Two checkpoints hold the same, to the bit."""
    one, other = (torch.load(out / name, weights_only=True) for out in (first.out, second.out))
    assert _differences(one, other, "") == []


def _differences(one, other, place):
    if isinstance(one, torch.Tensor):
        return [] if torch.equal(one, other) and one.stride() == other.stride() else [place]
    if isinstance(one, dict):
        assert one.keys() == other.keys(), place
        return [found for key in one for found in _differences(one[key], other[key], f"{place}.{key}")]
    if isinstance(one, list) and one and isinstance(one[0], dict):
        assert len(one) == len(other), place
        return [
            found
            for i, pair in enumerate(zip(one, other, strict=True))
            for found in _differences(*pair, f"{place}.{i}")
        ]
    return [] if one == other else [place]
