"""The model that is exported: its network or its graph, its outputs in eager fp32, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt
    import torch

    from rexnet_core.preprocess import Preprocessing


@dataclass(frozen=True, slots=True, kw_only=True)
class Original:
    """A classifier with its weights.

    Args:
        name: As its source spells it.
        source: Kind of its source.
        module: Where it is a module of torch.
        graph: Its file, where it is a graph.
        compute: The reference: normalised pictures of shape (N, 3, side, side) to logits of shape (N, classes).
        reference: What computes, in words.
        side: Of its pictures [pixels].
        layout: ``nchw`` or ``nhwc``.
        batch: The one number of pictures that it takes; None for any.
        steps: How its pictures are prepared.
        whose: Whose steps these are, in words.
        weights: ``path``, ``entry``, ``layout`` and ``sha256``, as far as they are known.
    """

    name: str
    source: str
    module: torch.nn.Module | None = None
    graph: Path | None = None
    compute: Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
    reference: str
    classes: int
    class_names: tuple[str, ...] = ()
    side: int
    layout: str = "nchw"
    batch: int | None = None
    steps: Preprocessing
    whose: str
    licence: str = ""
    weights: dict[str, Any]

    @property
    def model(self) -> torch.nn.Module | Path:
        """The module, or the file of the graph."""
        found = self.module if self.module is not None else self.graph
        assert found is not None, "a model is one of both"
        return found
