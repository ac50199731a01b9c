"""PyTorch eager: the reference every other backend is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.backends.torch_module import TorchModule

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case


def open_backend(case: Case, assets: Path) -> TorchModule:
    """The module as it is."""
    return TorchModule(case, assets)
