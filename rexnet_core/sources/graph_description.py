"""What a graph file says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rexnet_core.sources.tensors import TensorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphDescription:
    """A checked graph file: its inputs and outputs, and what its metadata tell.

    Args:
        inputs: What must be fed, in the order of the file; initializers are none.
        outputs: What comes out, in the order of the file.
        licence: As the file states it; empty where it states none.
        producer: The program that wrote the file, with its version; empty where the file does not name it.
        classes: Names of the outputs' classes; empty where the file lists none.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    licence: str = ""
    producer: str = ""
    classes: tuple[str, ...] = ()
