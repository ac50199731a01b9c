"""How many images a network gets right; images are decoded ahead of it, a batch at a time."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from analysis.rank.spectra.torch_threads import torch_threads
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import Future

    import numpy.typing as npt

    from analysis.accuracy.folder import LabelledImage

    Pixels = npt.NDArray[np.float32]
    Loading = list[tuple[LabelledImage, Future[Pixels]]]

#: An image counts for top-5 if its class is among this many of the largest logits.
TOP = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Hits:
    """What is known after some images.

    Args:
        images: That the network has seen.
        top1: Images with the right class first.
        top5: Images with the right class among the first five.
        unreadable: Images passed over, by path; not among `images`.
    """

    images: int = 0
    top1: int = 0
    top5: int = 0
    unreadable: tuple[str, ...] = ()


def count_hits(
    model: Callable[[torch.Tensor], torch.Tensor],
    images: Sequence[LabelledImage],
    load: Callable[[LabelledImage], Pixels],
    *,
    batch_size: int,
    threads: int,
    skip_unreadable: bool = False,
    watch: Callable[[Pixels, torch.Tensor, torch.Tensor], object] = lambda _pixels, _logits, _labels: None,
) -> Generator[Hits, None, None]:
    """The hits after each batch, in the order of the images. At most three batches of images are in memory.

    Args:
        model: A module in eval mode, or any function, of float32 on the CPU: (N, 3, H, W) -> (N, classes).
        images: With labels below the number of classes.
        load: One image, shape (3, H, W); called from several threads.
        batch_size: Images of one forward pass.
        threads: Threads of torch; as many more load images.
        skip_unreadable: Whether an image that raises InputError is passed over.
        watch: Called with the images of each batch, their logits and their labels before the hits are given.

    Raises:
        InputError: An image can't be read, or the network's outputs are not finite.
    """
    hits = Hits()
    with torch_threads(threads), closing(_load_ahead(images, load, batch_size, threads)) as batches:
        for loading in batches:
            kept, pixels, unreadable = _collect(loading, skip_unreadable=skip_unreadable)
            hits = replace(hits, unreadable=(*hits.unreadable, *unreadable))
            if kept:
                ranks = _ranks(model, np.stack(pixels), kept, watch)
                hits = replace(
                    hits,
                    images=hits.images + len(kept),
                    top1=hits.top1 + int((ranks == 0).sum()),
                    top5=hits.top5 + int((ranks < TOP).sum()),
                )
            yield hits


def ranks_of(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The place of each label among the logits of its row, from 0; of equal logits the lower class comes first.

    Args:
        logits: Shape (N, classes), finite.
        labels: Shape (N,), integers.

    Returns:
        Shape (N,), integers.
    """
    own = logits.gather(1, labels[:, None])
    earlier = torch.arange(logits.shape[1]) < labels[:, None]
    return ((logits > own) | ((logits == own) & earlier)).sum(1)


def _ranks(
    model: Callable[[torch.Tensor], torch.Tensor],
    pixels: Pixels,
    images: Sequence[LabelledImage],
    watch: Callable[[Pixels, torch.Tensor, torch.Tensor], object],
) -> torch.Tensor:
    with torch.inference_mode():
        logits = model(torch.tensor(pixels))  # a copy: a model may write into its input
        finite = logits.isfinite().all(1)
        if not finite.all():
            first = images[int(finite.int().argmin())]
            raise InputError(f"the network's outputs must be finite, those for {first.path} are not; check the weights")
        labels = torch.tensor([image.label for image in images])
        watch(pixels, logits, labels)
        return ranks_of(logits, labels)


def _load_ahead(
    images: Sequence[LabelledImage], load: Callable[[LabelledImage], Pixels], batch_size: int, threads: int
) -> Generator[Loading, None, None]:
    """Batches in order; the next one is being loaded while its user works on one."""
    pool = ThreadPoolExecutor(threads)
    ahead: deque[Loading] = deque()
    try:
        for start in range(0, len(images), batch_size):
            ahead.append([(image, pool.submit(load, image)) for image in images[start : start + batch_size]])
            if len(ahead) > 1:
                yield ahead.popleft()
        while ahead:
            yield ahead.popleft()
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(loading: Loading, *, skip_unreadable: bool) -> tuple[list[LabelledImage], list[Pixels], list[str]]:
    """The images of a batch that could be read, their pixels, and the paths of the others."""
    kept, pixels, unreadable = [], [], []
    for image, future in loading:
        try:
            pixels.append(future.result())
            kept.append(image)
        except InputError:
            if not skip_unreadable:
                raise
            unreadable.append(str(image.path))
    return kept, pixels, unreadable
