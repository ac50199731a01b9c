"""Images that are loaded ahead of the classifier, a batch at a time. No torch here."""

from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from concurrent.futures import Future

    import numpy as np
    import numpy.typing as npt

    Pixels = npt.NDArray[np.float32]

Image = TypeVar("Image")


@dataclass(slots=True)
class LoadedBatch(Generic[Image]):
    """The images of a batch, in order.

    Args:
        kept: Those that could be read.
        pixels: Of these.
        unreadable: The others, with what is wrong with each.
    """

    kept: list[Image] = field(default_factory=list)
    pixels: list[Pixels] = field(default_factory=list)
    unreadable: list[tuple[Image, InputError]] = field(default_factory=list)


def load_batches(
    images: Sequence[Image], load: Callable[[Image], Pixels], *, batch_size: int, threads: int
) -> Generator[LoadedBatch[Image], None, None]:
    """Batches in order; the next one is being loaded while its user works on one.

    Args:
        images: Whatever `load` takes.
        load: One image, shape (3, H, W); called from several threads. It raises InputError where it can't be read.
        batch_size: Images of a batch.
        threads: That load.
    """
    pool = ThreadPoolExecutor(threads)
    ahead: deque[list[tuple[Image, Future[Pixels]]]] = deque()
    try:
        for start in range(0, len(images), batch_size):
            ahead.append([(image, pool.submit(load, image)) for image in images[start : start + batch_size]])
            if len(ahead) > 1:
                yield _collect(ahead.popleft())
        while ahead:
            yield _collect(ahead.popleft())
    finally:
        pool.shutdown(cancel_futures=True)


def _collect(loading: list[tuple[Image, Future[Pixels]]]) -> LoadedBatch[Image]:
    batch: LoadedBatch[Image] = LoadedBatch()
    for image, future in loading:
        try:
            batch.pixels.append(future.result())
            batch.kept.append(image)
        except InputError as error:
            batch.unreadable.append((image, error))
    return batch
