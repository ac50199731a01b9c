"""torch.compile with inductor, which writes C++ (or Triton) and needs a compiler."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from bench.backends import Unavailable
from bench.backends.torch_module import TorchModule
from bench.machine.environment import read_compiler

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from bench.records.case import Case
    from bench.records.measurement import Effective


class Compiled(TorchModule):
    """The module compiled as one graph for one static shape."""

    caches = True

    def load(self) -> None:
        """Import torch, and make sure there is a compiler before time is spent."""
        if self.case.device == "cpu" and read_compiler() is None:
            raise Unavailable("inductor needs a C++ compiler; install g++ (Debian: apt-get install g++) or set CXX")
        super().load()

    def compile(self) -> None:
        """Compile by calling once: inductor does its work at the first call, not before."""
        import torch  # noqa: PLC0415

        self.call = torch.compile(self.module, fullgraph=True, dynamic=False)
        # Made outside inference mode, as the inputs are: inductor compiles anew for the other kind of tensor.
        example = self.example()
        with torch.inference_mode():
            self.call(example)

    def effective(self) -> Effective:
        """Type of the logits; inductor lays tensors out as it likes, on the CPU mostly channels_last."""
        logits = self.runner(0)()
        return self._tell([cast("torch.Tensor", logits)], memory_format="runtime")


def open_backend(case: Case, assets: Path) -> Compiled:
    """The module, to be compiled."""
    return Compiled(case, assets)
