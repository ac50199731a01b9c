"""PyTorch eager: the reference every other backend is compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.backends.torch_module import TORCH, TorchModule
from bench.backends.training import TrainingModule
from bench.records.case import TRAIN

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case

INFO = replace(TORCH, name="eager", position=0, trains=True, colour="#333333", marker="o")


def open_backend(case: Case, assets: Path) -> TorchModule:
    """The module as it is."""
    return TrainingModule(case, assets) if case.scenario == TRAIN else TorchModule(case, assets)
