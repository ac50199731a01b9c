"""What is to be prepared, as the parent of any build asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.registry import read_registry
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rexnet_core.sources.tensors import Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What the cases of one model, input and batch size share.

    Args:
        model: Its name, as its source spells it.
        source: The kind of its source.
        shapes: Of each input for one image.
        types: Of each input.
        weights: A checkpoint, or None.
        weights_entry: Which entry of the checkpoint; None for its only one.
        folder: Receives the files.
        exports: Names of the backends that need files of their own.
        fingerprint: Of the model when it was described; empty where it is not checked.
    """

    model: str
    source: str
    resolution: int
    shapes: tuple[Shape, ...]
    types: tuple[str, ...]
    batch: int
    threads: int
    seed: int
    weights: str | None
    weights_entry: str | None
    folder: Path
    exports: tuple[str, ...]
    fingerprint: str = ""


def read_task(values: Mapping[str, Any]) -> Task:
    """The task of a parent; one of an earlier build knows registered networks on square images alone.

    A parent from before `exports` sends a key for each such backend instead (`BackendInfo.export_key`).
    """
    side = values["resolution"]
    shapes = tuple(map(tuple, values.get("shapes", [(3, side, side)])))
    asked = [info.name for info in read_registry().infos.values() if info.export_key and values.get(info.export_key)]
    return Task(
        model=values["model"],
        source=values.get("source", REGISTERED),
        resolution=side,
        shapes=shapes,
        types=("float32",) * len(shapes),
        batch=values["batch"],
        threads=values["threads"],
        seed=values["seed"],
        weights=values["weights"],
        weights_entry=values.get("weights_entry"),
        folder=Path(values["folder"]),
        exports=tuple(values.get("exports", asked)),
        fingerprint=values.get("fingerprint", ""),
    )
