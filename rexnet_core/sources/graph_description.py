"""What a graph file says of itself."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.sources.source import OpenedModel

if TYPE_CHECKING:
    from collections.abc import Callable

    from rexnet_core.preprocess import Preprocessing
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
        preprocessing: How pictures are prepared for it, where the file tells.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    licence: str = ""
    producer: str = ""
    classes: tuple[str, ...] = ()
    preprocessing: Preprocessing | None = None


def open_graph(name: str, channels: int | None, describe: Callable[[Path], GraphDescription]) -> OpenedModel:
    """The graph in a file, checked, as a source of models gives it.

    Raises:
        InputError: Channels are asked for, which its file has fixed, or `describe` refuses the file.
    """
    if channels is not None:
        raise InputError(f"{name} has the channels of its file; leave out --in-channels")
    told = describe(Path(name))
    return OpenedModel(
        inputs=told.inputs,
        outputs=told.outputs,
        path=Path(name),
        pretrained=True,
        licence=told.licence,
        classes=told.classes,
        preprocessing=told.preprocessing,
    )
