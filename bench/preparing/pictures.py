"""Pictures as files of bytes, what the model sees of them, and the outputs of the reference for that."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.preparing.calibration import check_pictures
from bench.preparing.reference import compute_reference
from bench.records.files import REFERENCE
from bench.records.inputs import dump_inputs
from bench.records.pictures import pictures_folder
from bench.workers.picture_files import dump_pictures
from rexnet_core.calibration import draw_pixels
from rexnet_core.files import refused_paths
from rexnet_core.jpeg_files import encode_jpeg
from rexnet_core.preprocess import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from bench.preparing.reference import Call
    from bench.preparing.task import Task
    from rexnet_core.sources.source import OpenedModel

#: ImageNet's usual size, and a quality that gives its usual size of file: 82 kB on average.
_WIDTH, _HEIGHT, _QUALITY = 500, 375, 90
#: Generated pictures, which are all of one size, and the fewest batches: none is computed twice in a row.
_GENERATED, _LEAST_BATCHES = 8, 2
#: Pictures are repeated up to so many, so that whole batches show each equally often; and up to so many bytes of input.
MOST_SHOWN, _MOST_BYTES = 128, 512 * 2**20


def prepare_pictures(task: Task, opened: OpenedModel, call: Call) -> dict[str, Any]:
    """Write the pictures in whole batches, what the model sees of each, and the outputs of the reference.

    Returns:
        ``words`` and ``steps``: what the pictures are, and how they are prepared.

    Raises:
        InputError: A picture can't be read.
        UnsupportedModelError: The model takes something else than pictures.
    """
    form = check_pictures(task, opened, "shown pictures")
    names, contents = _draw(task) if not _names(task) else _read(task)
    batches = count_batches(len(contents), task.batch, min(MOST_SHOWN, _MOST_BYTES // (4 * math.prod(task.shapes[0]))))
    places = [place % len(contents) for place in range(batches * task.batch)]
    seen = [form.prepare(content, name) for content, name in zip(contents, names, strict=True)]
    inputs = np.stack([seen[place] for place in places]).reshape(batches, task.batch, *seen[0].shape)
    reference, _ = compute_reference(call, [inputs], audit=False)
    folder = pictures_folder(task.folder)
    folder.mkdir(exist_ok=True)
    dump_pictures(folder, [contents[place] for place in places], form.steps)
    dump_inputs(folder, [inputs])
    np.save(folder / REFERENCE, reference)
    inside = "; normalised by the model" if form.steps.keeps_pixels else ""
    return {"words": _describe(task, contents), "steps": form.steps.in_words(form.side) + inside}


def count_batches(pictures: int, batch: int, most: int) -> int:
    """The fewest batches, at least two, that show each picture equally often; or as many as `most` pictures fill."""
    fair = max(_LEAST_BATCHES, math.lcm(pictures, batch) // batch)
    least = max(_LEAST_BATCHES, math.ceil(pictures / batch))
    return fair if fair * batch <= most else max(least, most // batch)


def make_picture(random: np.random.Generator) -> bytes:
    """The next JPEG file of a generator, which is as a photograph is in its frequencies, contrast and colours."""
    pixels = np.moveaxis(draw_pixels(random, 3, _HEIGHT, _WIDTH), 0, 2) * IMAGENET_STD + IMAGENET_MEAN
    return encode_jpeg((np.clip(pixels, 0, 1) * 255).astype(np.uint8), _QUALITY)


def _names(task: Task) -> tuple[str, ...]:
    return task.pictures.files if task.pictures else ()


def _draw(task: Task) -> tuple[list[str], list[bytes]]:
    random = np.random.default_rng((task.seed, _WIDTH, _HEIGHT))
    return [f"generated picture {place}" for place in range(_GENERATED)], [
        make_picture(random) for _ in range(_GENERATED)
    ]


def _read(task: Task) -> tuple[list[str], list[bytes]]:
    assert task.pictures is not None
    paths = [Path(task.pictures.source) / name for name in _names(task)]
    contents = []
    for path in paths:
        with refused_paths("a picture must be readable", path, "repair or remove it"):
            contents.append(path.read_bytes())
    return [str(path) for path in paths], contents


def _describe(task: Task, contents: list[bytes]) -> str:
    size = f"{np.mean([len(one) for one in contents]) / 1e3:.0f} kB each on average"
    if task.pictures is None or not task.pictures.files:
        return f"{len(contents)} generated JPEG files of {_WIDTH} x {_HEIGHT} pixels, {size}"
    return f"{len(contents)} of {task.pictures.found} pictures in {Path(task.pictures.source).name}, {size}"
