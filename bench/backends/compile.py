"""torch.compile with inductor, which generates and compiles code at the first call.

In int8 it compiles the program that `bench.backends.pt2e` quantised.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.backends import Finding, Unsupported
from bench.backends.graph_layers import join_precisions, list_layers, watch_layers
from bench.backends.inductor import INDUCTOR, check_compiler, read_vectors
from bench.backends.instruction_sets import GENERATED
from bench.backends.pt2e import (
    describe_quantizer,
    hush_torchao,
    import_torchao,
    open_quantize,
    quantized_name,
    read_quantized,
)
from bench.backends.torch_module import TORCH, TorchModule, describe_torch
from bench.backends.training import TrainingModule
from bench.records.case import QUANTIZED, TRAIN
from bench.records.measurement import LayerRun
from bench.records.outputs import list_tensors

if TYPE_CHECKING:
    from pathlib import Path

    import torch

    from bench.backends.graph_layers import Executed
    from bench.records.case import Case
    from bench.records.measurement import Effective


def examine() -> list[Finding]:
    """The version of torch, and of what quantises for it."""
    return [*describe_torch(), describe_quantizer()]


INFO = replace(
    INDUCTOR,
    name="compile",
    position=2,
    precisions=(*TORCH.precisions, QUANTIZED),
    trains=True,
    colour="#009e73",
    marker="^",
    examine=examine,
    quantize=open_quantize,
    int8_beside="compile_freezing",
)


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


class CompiledTraining(Compiled, TrainingModule):
    """Training steps of the compiled module: forward and backward pass are compiled, the optimiser is torch's own."""

    def compile(self) -> None:
        """Compile by one step: inductor compiles the backward pass when it is needed first."""
        import torch  # noqa: PLC0415

        self.call = torch.compile(self.module, fullgraph=True, dynamic=False)
        self.step_on(self.example())()
        self.restart()
        self.take_parts()


class CompiledFrozen(Compiled):
    """The module compiled as one graph with its weights frozen, which torch leaves off by default."""

    def compile(self) -> None:
        """Compile with freezing; torch ignores the setting where gradients are on."""
        import torch  # noqa: PLC0415
        from torch._inductor import config  # noqa: PLC0415

        assert not torch.is_grad_enabled(), "`build` turns gradients off"
        with config.patch(freezing=True):
            super().compile()


class CompiledInt8(CompiledFrozen):
    """The quantised program compiled with its weights frozen: otherwise inductor computes in single precision."""

    def load(self) -> None:
        """Import torch, and torchao, which has the operations of the program."""
        super().load()
        import_torchao()

    def build(self) -> None:
        """Nothing but to turn gradients off: the model comes as a file."""
        import torch  # noqa: PLC0415

        torch.set_grad_enabled(False)

    def convert(self) -> None:
        """Read the quantised program."""
        program = read_quantized(self.assets / quantized_name(self.case.batch))
        self.layers = list_layers(program.graph)
        self.module = program.module()

    def compile(self) -> None:
        """Compile, without warnings about torch's own code."""
        with hush_torchao():
            super().compile()

    def effective(self) -> Effective:
        """Precision of the layers that the program quantises, as they were executed."""
        return replace(super().effective(), precision=join_precisions(self._watch()))

    def profile(self) -> list[LayerRun]:
        """The layers of the program as the profiler of torch saw them."""
        return [
            LayerRun(
                layer=one.layer.name,
                kind=one.kind,
                precision=one.precision,
                macs=one.layer.macs // self.case.batch,
                time_s=one.time_s,
            )
            for one in self._watch()
        ]

    def _watch(self) -> list[Executed]:
        return watch_layers(self.layers, self.runner(0))

    def _dtype(self) -> torch.dtype:
        """The program takes inputs, and gives outputs, in single precision."""
        import torch  # noqa: PLC0415

        return torch.float32


def open_backend(case: Case, assets: Path) -> Compiled:
    """The module, or its quantised program, to be compiled."""
    if case.scenario == TRAIN:
        return CompiledTraining(case, assets)
    if case.precision != QUANTIZED:
        return Compiled(case, assets)
    if case.device != "cpu":
        raise Unsupported(f"{INFO.name} supports int8 on the device cpu, not {case.device}")
    return CompiledInt8(case, assets)
