"""TorchScript: traced at the case's shape, then frozen, which folds the batch norms."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bench.backends.torch_module import TORCH, TorchModule

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.case import Case
    from bench.records.measurement import Effective

INFO = replace(
    TORCH,
    name="torchscript",
    position=1,
    colour="#d55e00",
    marker="s",
    deprecated="deprecated since torch 2.11 in favour of torch.export; new deployments had better use aoti",
)


class TorchScript(TorchModule):
    """The traced and frozen module; the graph executor optimises it further during its first calls."""

    def convert(self) -> None:
        """Trace, without running the trace a second time to check it: parity checks the result."""
        import torch  # noqa: PLC0415

        with warnings.catch_warnings():
            # Deprecated, as INFO has it; measuring it is what this backend is for.
            warnings.simplefilter("ignore", DeprecationWarning)
            trace: Any = torch.jit.trace
            traced = trace(self.module, self.example(), check_trace=False)
            self.call = torch.jit.freeze(traced)

    def effective(self) -> Effective:
        """Type and layout of the weights in the frozen graph, which is what runs."""
        graph = self.call.inlined_graph  # held: its nodes die with it
        constants = [node for node in graph.findAllNodes("prim::Constant") if node.hasAttribute("value")]
        tensors = [node.t("value") for node in constants if node.kindOf("value") == "t"]
        return self._report([tensor for tensor in tensors if tensor.dim() > 1 and tensor.is_floating_point()])


def open_backend(case: Case, assets: Path) -> TorchScript:
    """The module, to be traced and frozen."""
    return TorchScript(case, assets)
