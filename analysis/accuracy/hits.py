"""How many images a network gets right; images are decoded ahead of it, a batch at a time."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import torch

from analysis.classifiers.loading import load_batches
from analysis.rank.spectra.torch_threads import torch_threads
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    import numpy.typing as npt

    from analysis.accuracy.folder import LabelledImage

    Pixels = npt.NDArray[np.float32]

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
    with torch_threads(threads), closing(load_batches(images, load, batch_size=batch_size, threads=threads)) as batches:
        for batch in batches:
            if batch.unreadable and not skip_unreadable:
                raise batch.unreadable[0][1]
            unreadable = [str(image.path) for image, _ in batch.unreadable]
            hits = replace(hits, unreadable=(*hits.unreadable, *unreadable))
            if batch.kept:
                ranks = _ranks(model, np.stack(batch.pixels), batch.kept, watch)
                hits = replace(
                    hits,
                    images=hits.images + len(batch.kept),
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


def check_finite(logits: torch.Tensor, images: Sequence[str]) -> None:
    """Refuse outputs that are no numbers.

    Args:
        logits: Shape (N, classes).
        images: What each row is of.

    Raises:
        InputError: Some are not finite.
    """
    finite = logits.isfinite().all(1)
    if not finite.all():
        first = images[int(finite.int().argmin())]
        raise InputError(f"the network's outputs must be finite, those for {first} are not; check the weights")


def _ranks(
    model: Callable[[torch.Tensor], torch.Tensor],
    pixels: Pixels,
    images: Sequence[LabelledImage],
    watch: Callable[[Pixels, torch.Tensor, torch.Tensor], object],
) -> torch.Tensor:
    with torch.inference_mode():
        logits = model(torch.tensor(pixels))  # a copy: a model may write into its input
        check_finite(logits, [str(image.path) for image in images])
        labels = torch.tensor([image.label for image in images])
        watch(pixels, logits, labels)
        return ranks_of(logits, labels)
