"""What is to be prepared, as the parent of any build asks for it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.schema import read_as
from bench.backends.registry import read_registry
from bench.records.calibration import read_set
from bench.records.pictures import read_picture_set
from rexnet_core.preprocess import Preprocessing
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.records.calibration import CalibrationSet
    from bench.records.pictures import PictureSet
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
        quantized: Names of the backends that need files of their own for int8.
        calibration: What they are calibrated on; None where none is.
        pictures: What cases of the end-to-end scenario begin with; None where there are none.
        steps: How pictures are prepared, in place of the model's own way; None for that.
        trains: Precisions in which training steps are taken.
        compares: Whether outputs are compared with the reference on more images, as those of reduced precision are.
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
    quantized: tuple[str, ...] = ()
    calibration: CalibrationSet | None = None
    pictures: PictureSet | None = None
    compares: bool = False
    trains: tuple[str, ...] = ()
    steps: Preprocessing | None = None


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
        quantized=tuple(values.get("quantized", ())),
        calibration=read_set(values["calibration"]) if values.get("calibration") else None,
        pictures=read_picture_set(values["pictures"]) if values.get("pictures") else None,
        compares=bool(values.get("compares", False)),
        trains=tuple(values.get("trains", ())),
        steps=read_as(Preprocessing, values["steps"]) if values.get("steps") else None,
    )


def keep_finite(values: Mapping[str, float]) -> dict[str, float | None]:
    """The values as JSON has them: what is not known, or without end, is None."""
    return {name: float(value) if math.isfinite(value) else None for name, value in values.items()}
