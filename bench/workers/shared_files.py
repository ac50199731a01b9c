"""The parent's half of what the workers of a group share: names and places of the files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bench.records.case import Case


WEIGHTS = "weights.safetensors"


IMAGES = "images.npy"


REFERENCE = "reference.npy"


def assets_name(case: Case) -> str:
    """Name of the folder for what cases share; those of another batch size have other inputs, and another folder."""
    return f"{case.model}-{case.resolution}-b{case.batch}"


def share_weights(folder: Path) -> None:
    """Put the weights that another batch size of the same model and side already has into its folder, if there are any.

    Args:
        folder: Named by `assets_name`.
    """
    same = folder.name.rpartition("-b")[0]
    for found in folder.parent.glob(f"{same}-b*/{WEIGHTS}"):
        if not (folder / WEIGHTS).exists():
            shutil.copyfile(found, folder / WEIGHTS)


def prepare_task(cases: Sequence[Case], folder: Path, seed: int, weights: Path | None = None) -> dict[str, Any]:
    """The task of making what cases of one model, resolution and batch share, as `prepare` takes it.

    Args:
        cases: The cases.
        folder: Where the files go.
        seed: Of weights and inputs.
        weights: A checkpoint; without it the weights are calibrated random ones.
    """
    first = cases[0]
    return {
        "model": first.model,
        "resolution": first.resolution,
        "batch": first.batch,
        "threads": first.threads,
        "seed": seed,
        "weights": str(weights) if weights else None,
        "folder": str(folder),
        "ir": any(case.backend == "openvino" for case in cases),
    }
