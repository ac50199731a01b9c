"""One file per runtime behind one small protocol.

A backend is opened inside a worker process, imports its runtime there and nowhere else, and is closed with the process.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bench.records.case import BACKENDS
from rexnet_core.errors import RexbenchError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from bench.records.case import Case
    from bench.records.measurement import Effective

    Images = npt.NDArray[np.float32]
    Logits = npt.NDArray[np.float32]


class Unsupported(RexbenchError):  # noqa: N818 - an outcome of a case, not an error of ours
    """The backend can't do what the case asks, on any machine."""


class Unavailable(RexbenchError):  # noqa: N818 - an outcome of a case, not an error of ours
    """The backend could, but this machine lacks something; the message names it."""


class Backend(Protocol):
    """What a worker needs of a runtime. The phases are called in this order, each once and timed apart."""

    #: Whether `compile` may find its work done in a cache.
    caches: bool

    def load(self) -> None:
        """Import the runtime, and give it its threads."""

    def build(self) -> None:
        """Make the model with its weights, in the precision and memory format of the case."""

    def convert(self) -> None:
        """Turn the model into the runtime's own form (trace, freeze, read an intermediate representation)."""

    def compile(self) -> None:
        """Generate and load code for the machine."""

    def feed(self, images: Images) -> None:
        """Take the inputs over, ready to be computed on.

        Args:
            images: Shape ``(batches, N, C, H, W)``.
        """

    def runner(self, index: int) -> Callable[[], object]:
        """A call that computes batch `index` and returns when its logits are ready; nothing else is in it."""

    def logits(self, index: int) -> Logits:
        """Logits of batch `index`, shape ``(N, classes)``."""

    def effective(self) -> Effective:
        """What the runtime says of itself, after its first inference."""


@runtime_checkable
class Queued(Protocol):
    """What a backend adds to the protocol that keeps several requests in flight by itself."""

    def pump(self, until_s: float, least: int, most: int) -> list[tuple[float, float]]:
        """Keep the queue full, then let it run empty.

        Args:
            until_s: When no more requests are started, on `time.monotonic` [s].
            least: Requests that each place in the queue takes however late it is.
            most: Requests at most.

        Returns:
            Start and end of each request on the same clock [s].
        """


def open_backend(case: Case, assets: Path) -> Backend:
    """The backend of `case`.

    Args:
        case: What is to be run.
        assets: Folder with the weights and, for OpenVINO, the intermediate representation.

    Raises:
        UnknownNameError: There is no such backend.
    """
    if case.backend not in BACKENDS:
        raise UnknownNameError("backend", case.backend, BACKENDS)
    module = importlib.import_module(f"bench.backends.{case.backend}")
    opened: Backend = module.open_backend(case, assets)
    return opened
