"""torch.compile with inductor's freezing: weights are constants of the compiled code, folded and laid out for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.backends.compile import INFO as COMPILE
from bench.backends.compile import CompiledFrozen
from bench.backends.torch_module import TORCH

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case

INFO = replace(
    COMPILE,
    name="compile_freezing",
    trains=False,
    precisions=TORCH.precisions,
    colour="#56b4e9",
    marker="<",
    examine=TORCH.examine,
    quantize=None,
)


def open_backend(case: Case, assets: Path) -> CompiledFrozen:
    """The module, to be compiled with its weights."""
    return CompiledFrozen(case, assets)
