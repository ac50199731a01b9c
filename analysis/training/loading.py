"""Training pictures as batches of tensors, read ahead by threads while the network works on earlier ones.

A picture depends on the seed, the epoch and its index alone, in whatever batch, process or thread it is.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from analysis.training.augmentation import Augmenter
from analysis.training.cropping import cut, draw_box
from analysis.training.schedule import picture_seed
from rexnet_core.errors import InputError
from rexnet_core.preprocess import load_as_published, read_image

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from concurrent.futures import Future
    from typing import Any

    from torch import Tensor

    from analysis.accuracy.folder import LabelledImage
    from analysis.training.recipe import Recipe
    from rexnet_core.preprocess import Preprocessing

#: Updates whose pictures are being read while one is computed.
_AHEAD = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The pictures of one pass.

    Args:
        images: Shape (N, 3, S, S).
        labels: Shape (N,).
        unreadable: Paths of damaged pictures, in whose place another of the batch stands.
    """

    images: Tensor
    labels: Tensor
    unreadable: tuple[str, ...] = ()


class Loader:
    """Reads training pictures.

    Args:
        images: All of them, with labels.
        recipe: Says how they are changed.
        side: Of the input [pixels].
        steps: How the model's author prepares pictures.
        seed: Of what is drawn.
        skip_unreadable: Whether a damaged picture is passed over.
    """

    def __init__(
        self,
        images: Sequence[LabelledImage],
        recipe: Recipe,
        side: int,
        steps: Preprocessing,
        *,
        seed: int,
        skip_unreadable: bool = False,
    ) -> None:
        self._images, self._recipe, self._side, self._steps = images, recipe, side, steps
        self._seed, self._skip = seed, skip_unreadable
        self._augmenter = Augmenter(recipe, side) if recipe.needs_kornia else None
        self._mean = torch.tensor(steps.mean)[:, None, None]
        self._std = torch.tensor(steps.std)[:, None, None]

    def read(
        self, updates: Iterable[tuple[int, Sequence[Sequence[int]]]], workers: int
    ) -> Generator[list[Batch], None, None]:
        """The batches of each update in order, one for each pass.

        Args:
            updates: Of each the epoch, and for each pass the indices of its pictures.
            workers: Threads.

        Raises:
            InputError: A picture can't be read and is not to be passed over, or none of a pass can.
        """
        pool = ThreadPoolExecutor(workers)
        ahead: deque[list[list[tuple[int, Future[Tensor]]]]] = deque()
        try:
            for epoch, passes in updates:
                ahead.append([[(index, self._submit(pool, epoch, index)) for index in one] for one in passes])
                if len(ahead) > _AHEAD:
                    yield [self._collect(one) for one in ahead.popleft()]
            while ahead:
                yield [self._collect(one) for one in ahead.popleft()]
        finally:
            pool.shutdown(cancel_futures=True)

    def _submit(self, pool: ThreadPoolExecutor, epoch: int, index: int) -> Future[Tensor]:
        seed = picture_seed(self._seed, epoch, index)
        drawn = self._augmenter.draw(seed) if self._augmenter else None
        return pool.submit(self.load, index, seed, drawn)

    def load(self, index: int, seed: tuple[int, ...], drawn: Any) -> Tensor:
        """One picture, shape (3, S, S), as the network takes it."""
        path, recipe = self._images[index].path, self._recipe
        if recipe.augmentation == "none":
            return torch.from_numpy(load_as_published(path, self._side, self._steps))
        image = read_image(path, self._steps)
        random = np.random.default_rng(seed)
        box = draw_box(random, image.width, image.height, recipe.crop_share)
        mirrored = bool(random.random() < recipe.flip)
        pixels = torch.from_numpy(cut(image, box, self._side, self._steps.interpolation, mirrored=mirrored))
        if self._augmenter:
            pixels = self._augmenter.apply(pixels, drawn)
        normalised = (pixels - self._mean) / self._std
        return normalised if self._steps.channel_order == "rgb" else normalised.flip(0)

    def _collect(self, loading: Sequence[tuple[int, Future[Tensor]]]) -> Batch:
        found: dict[int, Tensor] = {}
        unreadable: list[str] = []
        for index, future in loading:
            try:
                found[index] = future.result()
            except InputError:
                if not self._skip:
                    raise
                unreadable.append(str(self._images[index].path))
        if not found:
            raise InputError(f"no picture of a pass can be read, such as {unreadable[0]}; replace the damaged ones")
        # A damaged picture leaves its place to the first one that can be read: every batch has the same size.
        first = next(iter(found))
        kept = [index if index in found else first for index, _ in loading]
        return Batch(
            images=torch.stack([found[index] for index in kept]),
            labels=torch.tensor([self._images[index].label for index in kept]),
            unreadable=tuple(unreadable),
        )
