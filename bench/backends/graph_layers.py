"""The layers of a graph that torch has exported, and which of them the profiler of torch sees at work, and how."""

from __future__ import annotations

import math
import statistics
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bench.records.case import FULL_PRECISION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import torch

#: Operations of an exported graph that multiply by weights.
_LAYERS = frozenset({"conv1d", "conv2d", "conv3d", "linear"})
#: Beginnings of operations that multiply by weights as the profiler names them, with the precision of each.
_EXECUTED = {
    "onednn::qconv": "int8",
    "onednn::qlinear": "int8",
    "mkldnn::_convolution": "fp32",
    "mkldnn::_linear": "fp32",
    "mkl::_mkl_linear": "fp32",
    "aten::convolution": "fp32",
    "aten::conv": "fp32",
    "aten::linear": "fp32",
    "aten::addmm": "fp32",
    "aten::mm": "fp32",
}
#: Of a layer for which inductor wrote a loop of its own: the profiler sees operations of torch and its libraries.
_UNSEEN = "generated code"
_CALLS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """A convolution or linear layer of an exported graph.

    Args:
        name: Of its module, with a number where the module is called again or has several.
        quantized: Whether the graph rounds both its input and its weights to 8 bits.
        weights: Shape of its weights.
        macs: Multiply-adds for the whole batch; 0 where the graph knows no shapes.
    """

    node: torch.fx.Node
    name: str
    quantized: bool
    weights: tuple[int, ...]
    macs: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Executed:
    """A layer as it was executed, with the time of one call [s]; None where the profiler did not see the layer."""

    layer: Layer
    kind: str
    precision: str
    time_s: float | None


def list_layers(graph: torch.fx.Graph) -> list[Layer]:
    """The layers of a graph in the order of the graph."""
    nodes = [node for node in graph.nodes if node.op == "call_function" and _word(node) in _LAYERS]
    seen: dict[str, int] = defaultdict(int)
    layers = []
    for node in nodes:
        path = _module_path(node)
        seen[path] += 1
        name = path if path and seen[path] == 1 else f"{path}#{seen[path]}"
        layers.append(_describe(node, name))
    return layers


def _word(node: Any) -> str:
    """The operation of a node, such as ``conv2d``."""
    return str(node.target).removeprefix("aten.").partition(".")[0]


def _module_path(node: torch.fx.Node) -> str:
    stack = list(node.meta.get("nn_module_stack", {}).values())
    return str(stack[-1][0]) if stack else ""


def _describe(node: Any, name: str) -> Layer:
    value = node.meta.get("val")
    weights = _find_shape(node.args[1])
    # Each output element is a sum over the weights of one output channel.
    macs = value.numel() * math.prod(weights[1:]) if value is not None and weights else 0
    quantized = all("dequantize" in str(argument.target) for argument in node.args[:2])
    return Layer(node=node, name=name, quantized=quantized, weights=weights, macs=macs)


def _find_shape(node: torch.fx.Node) -> tuple[int, ...]:
    value = node.meta.get("val")
    return tuple(value.shape) if value is not None else ()


def watch_layers(layers: Iterable[Layer], call: Callable[[], object]) -> list[Executed]:
    """What the profiler of torch sees of layers in calls of compiled code; times are medians of several calls.

    A layer is found by the shape of its weights; layers of one shape are executed in the order of the graph.
    """
    from torch.profiler import ProfilerActivity, profile  # noqa: PLC0415

    calls = []
    for _ in range(_CALLS):
        with profile(activities=[ProfilerActivity.CPU], record_shapes=True) as profiler:
            call()
        calls.append(match_events(layers, list(profiler.events() or ())))
    return [_merge(same) for same in zip(*calls, strict=True)]


def _merge(same: Sequence[Executed]) -> Executed:
    times_s = [one.time_s for one in same if one.time_s is not None]
    return replace(same[-1], time_s=statistics.median(times_s) if times_s else None)


def match_events(layers: Iterable[Layer], events: Iterable[Any]) -> list[Executed]:
    """The layers with the events of the profiler that computed them."""
    waiting: dict[tuple[int, ...], list[Any]] = defaultdict(list)
    for event in events:
        if _find_precision(event) and not _find_precision(event.cpu_parent):
            for shape in _weight_shapes(event):
                waiting[shape].append(event)
    return [_take(layer, waiting) for layer in layers]


def _find_precision(event: Any) -> str:
    name = event.name if event is not None else ""
    return next((precision for word, precision in _EXECUTED.items() if name.startswith(word)), "")


def _weight_shapes(event: Any) -> set[tuple[int, ...]]:
    """Shapes of what may be weights, sorted: a runtime turns those of linear layers round."""
    return {tuple(sorted(shape)) for shape in event.input_shapes[1:] if len(shape) > 1}


def _take(layer: Layer, waiting: dict[tuple[int, ...], list[Any]]) -> Executed:
    events = waiting[tuple(sorted(layer.weights))]
    if not events:
        return Executed(layer=layer, kind=_UNSEEN, precision=_UNSEEN, time_s=None)
    event = events.pop(0)
    time_s = event.time_range.elapsed_us() * 1e-6
    return Executed(layer=layer, kind=event.name, precision=_find_precision(event), time_s=time_s)


def join_precisions(executed: Iterable[Executed]) -> str:
    """The precisions in which the layers that the graph quantises were executed; single where it quantises none."""
    found = {one.precision for one in executed if one.layer.quantized}
    return " and ".join(sorted(found)) or FULL_PRECISION
