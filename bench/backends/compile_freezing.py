"""torch.compile with inductor's freezing: weights are constants of the compiled code, folded and laid out for it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.backends.compile import INFO as COMPILE
from bench.backends.compile import Compiled

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case

INFO = replace(COMPILE, name="compile_freezing", position=2, colour="#56b4e9", marker="<")


class Frozen(Compiled):
    """The module compiled as one graph with its weights frozen, which torch leaves off by default."""

    def compile(self) -> None:
        """Compile with freezing; torch ignores the setting where gradients are on."""
        import torch  # noqa: PLC0415
        from torch._inductor import config  # noqa: PLC0415

        assert not torch.is_grad_enabled(), "`build` turns gradients off"
        with config.patch(freezing=True):
            super().compile()


def open_backend(case: Case, assets: Path) -> Frozen:
    """The module, to be compiled with its weights."""
    return Frozen(case, assets)
