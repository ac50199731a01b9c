"""A backend that begins with pictures: each call decodes, resizes and normalises a batch, computes, and takes labels.

The runtime is any backend. What it is fed with, the image array of one batch, it is fed with in the call.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from bench.backends.part_times import PartTimes, read_clock
from bench.records.outputs import list_tensors
from bench.records.pictures import CALL_PARTS
from bench.workers.picture_files import load_steps, load_type

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy.typing as npt

    from bench.backends import Backend, Images, Logits
    from bench.records.case import Case
    from bench.records.measurement import Effective

    Pictures = npt.NDArray[Any]

T = TypeVar("T")
R = TypeVar("R")


class EndToEnd:
    """A runtime with the way from a picture to its input, and from its output to a label.

    Args:
        runtime: The backend.
        case: Its case.
        folder: Where the pictures are, and what is done to them.
    """

    def __init__(self, runtime: Backend, case: Case, folder: Path) -> None:
        self.runtime, self.case, self.folder = runtime, case, folder
        self.parts = PartTimes(CALL_PARTS)
        self.pictures: Pictures = np.empty((0, 0), object)
        self.last = case.input_shapes[0][-1] == 3  # noqa: PLR2004 - colours
        #: Bits of every pixel that are changed, where the model takes pixels as they are.
        self.changed = 0
        # One picture is prepared by the thread that calls; so are all where there is one thread.
        shares = case.batch > 1 and case.threads > 1
        self.pool = ThreadPoolExecutor(case.threads) if shares else None

    def load(self) -> None:
        """Import what prepares pictures, then the runtime."""
        from rexnet_core import preprocess  # noqa: PLC0415 - Pillow belongs to what is imported

        self.preprocess, self.steps, self.dtype = preprocess, load_steps(self.folder), load_type(self.folder)
        self.runtime.load()

    def build(self) -> None:
        """As the runtime does it."""
        self.runtime.build()

    def convert(self) -> None:
        """As the runtime does it."""
        self.runtime.convert()

    def compile(self) -> None:
        """As the runtime does it."""
        self.runtime.compile()

    def feed(self, *inputs: Images) -> None:
        """Take over the pictures, an array of the bytes of each, of shape ``(batches, N)``."""
        [self.pictures] = inputs

    def runner(self, index: int) -> Callable[[], object]:
        """A call that brings one batch of pictures to its labels; it returns these, and the outputs."""
        return partial(self._label, self.pictures[index])

    def read(self, output: object) -> Logits | Sequence[Logits]:
        """The outputs in what a runner returned."""
        assert isinstance(output, tuple)
        outputs: Sequence[Logits] = output[1]
        return outputs

    def effective(self) -> Effective:
        """What the runtime reports, and what decodes."""
        from rexnet_core.jpeg_files import describe_decoder  # noqa: PLC0415

        known = self.runtime.effective()
        return replace(known, details={**known.details, "decoder": describe_decoder()})

    def take_parts(self) -> dict[str, list[float]]:
        """The time of each of `bench.records.pictures.CALL_PARTS` in the calls since this was asked last [s]."""
        return self.parts.take()

    def renew(self, pictures: Pictures, scale: float) -> None:
        """Move each picture to the next place, and let what the model sees of them differ a little from now on."""
        pictures[:] = np.roll(pictures.ravel(), 1).reshape(pictures.shape)
        if self.steps.keeps_pixels:
            # Even, since the runtime alone is audited with pixels changed by odd numbers, which must be new to it.
            self.changed += 2 * bool(scale)
            return
        red, green, blue = (value / (1 + scale) for value in self.steps.std)
        self.steps = replace(self.steps, std=(red, green, blue))

    def restore(self) -> None:
        """Prepare pictures as the model's author does again."""
        self.steps, self.changed = load_steps(self.folder), 0

    def _label(self, pictures: Pictures) -> tuple[npt.NDArray[np.int64], Sequence[Logits]]:
        side, steps, do = self.case.resolution, self.steps, self.preprocess
        begun = read_clock()
        decoded = self._each(lambda picture: do.read_image(picture, steps), list(pictures))
        read = read_clock()
        resized = self._each(lambda image: do.resize_and_crop(image, side, steps), decoded)
        if self.changed:
            resized = [pixels ^ np.uint8(self.changed) for pixels in resized]
        cut = read_clock()
        images: Images = np.stack(self._each(self._normalise, resized))
        normalised = read_clock()
        self.runtime.feed(images[None])
        run = self.runtime.runner(0)
        fed = read_clock()
        outputs = list(list_tensors(self.runtime.read(run())))
        labels = outputs[0].reshape(len(pictures), -1).argmax(axis=1)
        self.parts.add(begun, read, cut, normalised, fed, read_clock())
        return labels, outputs

    def _normalise(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        return self.preprocess.normalise(pixels, self.steps, last=self.last, dtype=self.dtype)

    def _each(self, step: Callable[[T], R], values: Sequence[T]) -> list[R]:
        """A step on each of a batch, shared among threads where there are several: the steps leave Python's lock."""
        return list(self.pool.map(step, values)) if self.pool else [step(value) for value in values]
