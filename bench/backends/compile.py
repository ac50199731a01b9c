"""torch.compile with inductor, which generates and compiles code at the first call."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.backends.inductor import INDUCTOR, check_compiler, read_vectors
from bench.backends.instruction_sets import GENERATED
from bench.backends.torch_module import TorchModule
from bench.records.outputs import list_tensors

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Effective

INFO = replace(INDUCTOR, name="compile", position=2, colour="#009e73", marker="^")


class Compiled(TorchModule):
    """The module compiled as one graph for one static shape."""

    def load(self) -> None:
        """Import torch, where inductor can compile."""
        check_compiler(self.case)
        super().load()

    def compile(self) -> None:
        """Compile by calling once: inductor does its work at the first call, not before."""
        import torch  # noqa: PLC0415

        self.call = torch.compile(self.module, fullgraph=True, dynamic=False)
        # Made outside inference mode, as the inputs are: inductor compiles anew for the other kind of tensor.
        example = self.example()
        with torch.inference_mode():
            self.call(*example)

    def effective(self) -> Effective:
        """Type of the outputs; inductor lays tensors out as it likes, on the CPU mostly channels_last."""
        outputs = [tensor for tensor in list_tensors(self.runner(0)()) if tensor.is_floating_point()]
        return self._report(outputs, memory_format="runtime", **{GENERATED: read_vectors()})


def open_backend(case: Case, assets: Path) -> Compiled:
    """The module, to be compiled."""
    return Compiled(case, assets)
