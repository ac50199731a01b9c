"""The inputs that quantised models are calibrated on, and the others that reduced precision is compared on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.records.calibration import CalibrationSet
from rexnet_core.calibration import make_inputs
from rexnet_core.errors import ModelError, UnsupportedModelError
from rexnet_core.preprocess import Preprocessing, normalise, read_image, resize_and_crop
from rexnet_core.sources.user_code import blame, import_user_module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy.typing as npt

    from bench.preparing.task import Task
    from rexnet_core.image_decoding import ImageFile
    from rexnet_core.sources.source import OpenedModel

    Inputs = tuple[npt.NDArray[Any], ...]

#: Generated inputs to calibrate on, and to compare on.
GENERATED_CALIBRATION, GENERATED_HELD_OUT = 64, 64
#: What a loader gives is taken in this order, at most.
LOADED_CALIBRATION, LOADED_HELD_OUT = 128, 1000
_MAX_BYTES = 512 * 2**20
#: An input is images, and may have labels beside it.
_WITH_LABELS = 2
#: One for each set.
_LEAST_IMAGES = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """Inputs that are read as they are needed.

    Args:
        count: Images.
        read: The images at some places, as an array for each of the model's inputs, of shape ``(places, ...)``.
        words: What they are.
        labels: Of each image; empty where they are not known.
        classes: That the labels are of; 0 where that is not known.
    """

    count: int
    read: Callable[[Sequence[int]], Inputs]
    words: str
    labels: tuple[int, ...] = ()
    classes: int = 0

    def split(self, batch: int) -> Iterator[Inputs]:
        """Batches of equal size; the last is filled up with the first images."""
        for start in range(0, self.count, batch):
            yield self.read([place % self.count for place in range(start, start + batch)])


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureForm:
    """How a model takes one square picture.

    Args:
        side: Of the picture [pixels].
        last: Whether the colours come last.
        dtype: Of the pixels.
        steps: How a picture is prepared.
    """

    side: int
    last: bool
    dtype: str
    steps: Preprocessing

    def prepare(self, source: ImageFile, name: str = "") -> npt.NDArray[Any]:
        """What the model sees of a picture, from its file or the bytes of one."""
        pixels = resize_and_crop(read_image(source, self.steps, name=name), self.side, self.steps)
        return normalise(pixels, self.steps, last=self.last, dtype=self.dtype)


def draw_sets(task: Task, opened: OpenedModel) -> tuple[Drawn, Drawn]:
    """What a task calibrates on, and what it compares on.

    Raises:
        ModelError: The loader's own code failed, or gives no images.
        UnsupportedModelError: The model takes something else than pictures.
    """
    chosen = task.calibration or CalibrationSet()
    if not chosen.source:
        return _generate(task, GENERATED_CALIBRATION, 3), _generate(task, GENERATED_HELD_OUT, 4)
    if chosen.loader:
        return _load_by_code(task, chosen.source)
    folder, form = Path(chosen.source), check_pictures(task, opened, "calibrated on pictures; leave out --calibration")
    read = partial(_read, folder, form)
    return (
        Drawn(
            count=len(chosen.files),
            read=lambda places: read([chosen.files[place] for place in places]),
            words=f"{len(chosen.files)} of {chosen.found} pictures in {folder.name}",
        ),
        Drawn(
            count=len(chosen.held_out),
            read=lambda places: read([chosen.held_out[place] for place in places]),
            words=f"{len(chosen.held_out)} others of {folder.name}",
            labels=chosen.labels,
            classes=chosen.classes,
        ),
    )


def _keep(inputs: Inputs, words: str, labels: tuple[int, ...] = ()) -> Drawn:
    """Inputs that are in memory."""
    return Drawn(
        count=len(inputs[0]),
        read=lambda places: tuple(values[list(places)] for values in inputs),
        words=words,
        labels=labels,
    )


def _generate(task: Task, most: int, seed: int) -> Drawn:
    """Inputs of a stream of their own; fewer than usual where they would fill the memory."""
    affordable = _MAX_BYTES // (4 * sum(map(math.prod, task.shapes)))
    count = max(1, min(most, affordable))
    inputs = make_inputs(task.shapes, task.types, count, task.seed + seed)
    return _keep(inputs, f"{count} generated images")


def check_pictures(task: Task, opened: OpenedModel, purpose: str) -> PictureForm:
    """How the model takes one square picture.

    Raises:
        UnsupportedModelError: It takes something else, and can't be what the purpose says.
    """
    steps = opened.preprocessing or Preprocessing()
    if steps.keeps_pixels and any(None in spec.shape[1:] for spec in opened.inputs):
        raise UnsupportedModelError(f"a model that resizes pictures itself can't be {purpose}")
    [shape, *others], kind = task.shapes, task.types[0]
    last = shape[-1] == 3  # noqa: PLR2004 - colours
    whole = kind == "uint8" and steps.keeps_pixels
    side = shape[1] if len(shape) == 3 else 0  # noqa: PLR2004 - an image
    if others or shape not in {(3, side, side), (side, side, 3)} or not (whole or kind == "float32"):
        raise UnsupportedModelError(
            "a model must take one square image of 3 colours, in float32 or, where its file says that it normalises "
            f"pictures itself, in uint8, to be {purpose}"
        )
    return PictureForm(side=side, last=last, dtype=kind, steps=steps)


def _read(folder: Path, form: PictureForm, files: Sequence[str]) -> Inputs:
    return (np.stack([form.prepare(folder / name) for name in files]),)


def _load_by_code(task: Task, name: str) -> tuple[Drawn, Drawn]:
    """What a caller's function gives: batches of images, or pairs of images and labels; the first are calibrated on."""
    images: list[npt.NDArray[Any]] = []
    labels: list[int] = []
    with blame(f"the loader {name}"):
        most = min(LOADED_CALIBRATION + LOADED_HELD_OUT, _MAX_BYTES // (4 * math.prod(task.shapes[0])))
        for batch, classes in _take(_find_loader(name)(), most):
            images += list(batch.astype(task.types[0], copy=False))
            labels += classes
    shape = tuple(task.shapes[0])
    odd = next((one.shape for one in images if one.shape != shape), None)
    if len(images) < _LEAST_IMAGES or odd or task.shapes[1:]:
        given = f"one of shape {odd}" if odd else f"{len(images)} for {len(task.shapes)} inputs"
        raise ModelError(
            f"the loader {name} must give at least {_LEAST_IMAGES} images of shape {shape}; it gave {given}"
        )
    taken = np.stack(images[:most])
    count = min(LOADED_CALIBRATION, len(taken) // 2)
    known = tuple(labels[count : len(taken)]) if len(labels) == len(images) else ()
    rest = _keep((taken[count:],), f"the {len(taken) - count} images after them", known)
    return _keep((taken[:count],), f"the first {count} images of {name}"), rest


def _find_loader(name: str) -> Callable[[], Iterable[Any]]:
    module, _, attribute = name.partition(":")
    loader: Any = import_user_module(module)
    for part in attribute.split("."):
        loader = getattr(loader, part)
    found: Callable[[], Iterable[Any]] = loader
    return found


def _take(batches: Iterable[Any], most: int) -> Iterator[tuple[npt.NDArray[Any], list[int]]]:
    """Arrays of images with their labels, if any, until there are enough."""
    count = 0
    for batch in batches:
        pair = isinstance(batch, tuple | list) and len(batch) == _WITH_LABELS
        images = np.asarray(batch[0] if pair else batch)
        yield images, [int(label) for label in np.asarray(batch[1]).ravel()] if pair else []
        count += len(images)
        if count >= most:
            return
