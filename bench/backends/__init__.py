"""One file per runtime behind one small protocol.

A backend is opened inside a worker process, imports its runtime there and nowhere else, and is closed with the process.
Its file declares `INFO` (`bench.backends.info`) and `open_backend`; imports of the runtime stay inside functions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from bench.backends.info import BackendInfo, Finding, Tool
from bench.backends.registry import load_backend
from rexnet_core.errors import RexbenchError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from bench.records.case import Case
    from bench.records.measurement import Effective, LayerRun

    Images = npt.NDArray[np.float32]
    Logits = npt.NDArray[np.float32]

__all__ = [
    "Backend",
    "BackendInfo",
    "Finding",
    "Parted",
    "Profiled",
    "Queued",
    "Tool",
    "Trained",
    "Unavailable",
    "Unsupported",
    "open_backend",
]


class Unsupported(RexbenchError):  # noqa: N818 - an outcome of a case, not an error of ours
    """The backend can't do what the case asks, on any machine."""


class Unavailable(RexbenchError):  # noqa: N818 - an outcome of a case, not an error of ours
    """The backend could, but this machine lacks something; the message names it."""


class Backend(Protocol):
    """What a worker needs of a runtime. The phases are called in this order, each once and timed apart."""

    def load(self) -> None:
        """Import the runtime, and give it its threads."""

    def build(self) -> None:
        """Make the model with its weights, in the precision and memory format of the case."""

    def convert(self) -> None:
        """Turn the model into the runtime's own form (trace, freeze, read an exported file)."""

    def compile(self) -> None:
        """Generate and load code for the machine."""

    def feed(self, *inputs: Images) -> None:
        """Take the inputs over, ready to be computed on. Called again with other inputs after the warm-up.

        Args:
            inputs: For each input of the model an array of shape ``(batches, N, ...)``; an image classifier has one,
                of shape ``(batches, N, C, H, W)``. The arrays are the worker's, which may write to them later.
        """

    def runner(self, index: int) -> Callable[[], object]:
        """A call that computes batch `index` and returns its output once that is ready; nothing else is in the call."""

    def read(self, output: object) -> Logits | Sequence[Logits]:
        """A copy of the logits in what a runner returned, shape ``(N, classes)``; no computing is left to do here.

        A model with several outputs gives all of them, in their order.
        """

    def effective(self) -> Effective:
        """What the runtime reports of itself, after its first inference."""


@runtime_checkable
class Queued(Protocol):
    """What a backend adds to the protocol that keeps several requests in flight by itself."""

    def request(self, index: int) -> Callable[[], object]:
        """As `Backend.runner`, with one request through the queue."""

    def pump(self, until_s: float, least: int, most: int) -> list[tuple[float, float]]:
        """Keep the queue full, then let it run empty.

        Args:
            until_s: When no more requests are started, on `time.monotonic` [s].
            least: Requests that each place in the queue takes however late it is.
            most: Requests at most.

        Returns:
            Start and end of each request on the same clock [s].
        """


@runtime_checkable
class Profiled(Protocol):
    """What a backend adds to the protocol that can tell its layers apart."""

    def profile(self) -> list[LayerRun]:
        """The layers with weights as the runtime executes them, in their order.

        It is called after the last sample of a round, and may compile the model once more.
        """


@runtime_checkable
class Parted(Protocol):
    """What is added to the protocol where the parts of a call are timed apart."""

    def take_parts(self) -> dict[str, list[float]]:
        """The time of each part in the calls since this was asked last [s]; empty lists where it can't be told."""


@runtime_checkable
class Trained(Parted, Protocol):
    """What a backend adds to the protocol whose calls are training steps: each returns the logits of its forward pass.

    The labels are the last of the inputs that it is fed with; the parts are `bench.records.training.PARTS`.
    """

    def restart(self) -> None:
        """Give the model its first weights again, and the optimiser no momentum."""


def open_backend(case: Case, assets: Path) -> Backend:
    """The backend of `case`, which reads weights and what it exported from the folder `assets`.

    Raises:
        UnknownNameError: There is no such backend.
        Unsupported: The backend can't run the case.
    """
    backend = load_backend(case.backend)
    if why := backend.INFO.why_unsupported(case):
        raise Unsupported(why)
    opened: Backend = backend.open_backend(case, assets)
    return opened
