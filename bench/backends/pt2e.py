"""INT8 for inductor: torch.export, torchao's quantizer for x86, calibration, and a program that is kept in a file.

Activations are unsigned, one scale for a tensor, from histograms; weights are signed, one scale for an output channel.
"""

from __future__ import annotations

import contextlib
import logging
import math
import warnings
from functools import cache
from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from bench.backends import Finding, Unavailable
from bench.backends.arithmetic import sums_of_int8_overflow
from bench.backends.graph_layers import list_layers
from bench.backends.inductor import hush
from bench.backends.layer_noise import decibels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import numpy.typing as npt
    import torch

    from bench.backends.info import Quantize

#: Images on which the outputs of layers are compared; those of all layers are in memory at once.
_COMPARED_IMAGES = 4
_MISSING = 'int8 needs torchao; pip install "rexbench[int8]"'


def quantized_name(batch: int) -> str:
    """File name of the quantised program for a batch size."""
    return f"int8-batch{batch}.pt2"


@contextlib.contextmanager
def hush_torchao() -> Iterator[None]:
    """A context without what torchao says of its CUDA parts, and torch of names that torchao uses."""
    loggers = [logging.getLogger(name) for name in ("torchao", "torch.utils._pytree")]
    before = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with hush(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="To copy construct from a tensor", category=UserWarning)
            yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)


def import_torchao() -> None:
    """Import torchao, which registers the operations that a quantised program holds.

    Raises:
        Unavailable: It is not installed.
    """
    try:
        with hush_torchao():
            import torchao.quantization.pt2e.quantize_pt2e  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "torchao":
            raise
        raise Unavailable(_MISSING) from None
    assert torchao


def describe_quantizer() -> Finding:
    """The version of torchao; without it everything but int8 works."""
    try:
        found = f"int8 by torchao {metadata.version('torchao')}"
    except metadata.PackageNotFoundError:
        found = f"unavailable: {_MISSING}"
    return Finding(check="backends", level="ok", found=found)


def open_quantize() -> Quantize:
    """The function that quantises a module, torchao being imported."""
    import_torchao()
    return quantize


def quantize(
    model: torch.nn.Module | Path, batches: Sequence[tuple[npt.NDArray[Any], ...]], folder: Path
) -> dict[str, float]:
    """Quantise a module, and write the program that `read_quantized` reads.

    Args:
        model: In eval mode.
        batches: What it is calibrated on: of each input an array of shape ``(N, ...)``.
        folder: Receives the file, named by `quantized_name`.

    Returns:
        Signal to noise of the output [dB] of each layer that was quantised, by the name of the layer.
    """
    import torch  # noqa: PLC0415
    from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e  # noqa: PLC0415

    assert not isinstance(model, PurePath), "`INFO.forms` names modules alone"
    inputs = [tuple(map(torch.from_numpy, batch)) for batch in batches]
    with hush_torchao(), torch.no_grad():
        exported: Any = torch.export.export(model, inputs[0]).module()
        _name_sources(exported.graph)
        prepared = prepare_pt2e(exported, _make_quantizer())
        for batch in inputs:
            prepared(*batch)
        compared = inputs[: math.ceil(_COMPARED_IMAGES / len(inputs[0][0]))]
        # Its convolutions have taken batch norms in, as those of the quantised program have.
        before = _record_outputs(prepared, compared)
        converted = convert_pt2e(prepared)
        after = _record_outputs(converted, compared)
        torch.export.save(torch.export.export(converted, inputs[0]), folder / quantized_name(len(inputs[0][0])))
        names = [layer.name for layer in list_layers(converted.graph) if layer.quantized]
    return {name: _signal_to_noise(before[name], after[name]) for name in names}


def _make_quantizer() -> Any:
    """The quantizer for this processor; activations have 7 bits where sums of products would overflow."""
    from torchao.quantization.pt2e.quantizer import x86_inductor_quantizer as x86  # noqa: PLC0415

    quantizer = x86.X86InductorQuantizer()
    configuration = x86.get_default_x86_inductor_quantization_config(reduce_range=sums_of_int8_overflow())
    quantizer.set_global(configuration)
    return quantizer


def _name_sources(graph: torch.fx.Graph) -> None:
    """Tell the quantizer what each operation is.

    It would go by modules: it passes over derived classes, such as convolutions that pad by themselves, and raises an
    error where a module is called more than once, as activations often are.
    """
    for node in graph.nodes:
        word = str(node.target).removeprefix("aten.").partition(".")[0].rstrip("_")
        if node.op == "call_function" and (source := _list_sources().get(word)):
            node.meta["source_fn_stack"] = [(node.name, source)]


@cache
def _list_sources() -> dict[str, type]:
    """The module that stands for each operation that the quantizer knows."""
    from torch import nn  # noqa: PLC0415

    return {
        "conv2d": nn.Conv2d,
        "linear": nn.Linear,
        "batch_norm": nn.BatchNorm2d,
        "relu": nn.ReLU,
        "relu6": nn.ReLU6,
        "hardtanh": nn.Hardtanh,
        "hardswish": nn.Hardswish,
        "silu": nn.SiLU,
    }


def _record_outputs(module: torch.fx.GraphModule, batches: Sequence[Any]) -> dict[str, list[torch.Tensor]]:
    """The outputs of each layer by its name, for the first images of each batch."""
    import torch  # noqa: PLC0415

    layers = {layer.node: layer.name for layer in list_layers(module.graph)}
    outputs: dict[str, list[torch.Tensor]] = {name: [] for name in layers.values()}

    class Recorder(torch.fx.Interpreter):
        """Runs a graph and keeps what its layers return."""

        def run_node(self, n: torch.fx.Node) -> Any:
            result = super().run_node(n)
            if n in layers:
                outputs[layers[n]].append(result[:_COMPARED_IMAGES].clone())
            return result

    for batch in batches:
        Recorder(module).run(*batch)
    return outputs


def _signal_to_noise(before: Sequence[torch.Tensor], after: Sequence[torch.Tensor]) -> float:
    """Of outputs against those in single precision [dB]; NaN where the layer returns nothing but zeros."""
    signal = sum(float((one.double() ** 2).sum()) for one in before)
    noise = sum(float(((one.double() - other.double()) ** 2).sum()) for one, other in zip(before, after, strict=True))
    return decibels(signal, noise)


def read_quantized(path: Path) -> Any:
    """The program that `quantize` wrote in this run."""
    import torch  # noqa: PLC0415

    with hush_torchao():
        return torch.export.load(path)
