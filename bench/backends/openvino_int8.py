"""The int8 form of a graph of OpenVINO: quantised by NNCF, with its layers and what became of them."""

from __future__ import annotations

import json
import logging
from collections import defaultdict, deque
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.graphs.constants import Constants, name_of_node
from analysis.graphs.nodes import CONVOLUTIONS, MOVES, TRANSPOSED, count_multiply_adds, followers, sources
from bench.backends import Unavailable
from bench.backends.layer_names import list_module_layers
from bench.backends.layer_noise import decibels

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    import torch

    from bench.backends.info import Quantize

    Batches = Sequence[tuple[npt.NDArray[Any], ...]]

#: Numbers in int8 stay so in these.
_KEEPS = MOVES | {"MaxPool", "Pad", "Split", "VariadicSplit", "Interpolate", "Relu", "Clamp"}
_PRODUCTS = CONVOLUTIONS | TRANSPOSED | {"MatMul"}
#: What is told of a layer that the runtime does not name.
_UNSEEN = {"layerType": "not told", "runtimePrecision": "unknown", "name": ""}
#: Images whose layer outputs are compared.
_COMPARED_IMAGES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphLayer:
    """A node with weights.

    Args:
        node: Its name in the graph.
        layer: Name of the module's layer, or of the node where the module is not known.
        macs: Multiply-adds for one image.
        quantized: Whether its input is quantised, so that it is to run in int8.
        bias: Name of the addition after it; empty where there is none. A product may run under that name.
    """

    node: str
    layer: str
    macs: int
    quantized: bool
    bias: str = ""

    def find(self, executed: Mapping[str, dict[str, str]]) -> dict[str, str]:
        """What the runtime tells of the layer, given what it tells by the names of nodes."""
        # A product in int8 may have the name of the multiplication that makes its output floating point.
        names = (self.node, f"{self.node}/DequantizationMultiply", self.bias)
        return next((executed[name] for name in names if name in executed), _UNSEEN)


def int8_name(batch: int) -> str:
    """File name of the int8 form for a batch size."""
    return f"batch{batch}-int8.xml"


def read_layers(path: Path) -> list[GraphLayer]:
    """The layers of an int8 form, from the file that `quantize_graph` wrote beside it."""
    return [GraphLayer(**values) for values in json.loads(path.with_suffix(".json").read_text())]


def open_quantize() -> Quantize:
    """The quantisation, NNCF being imported.

    Raises:
        Unavailable: NNCF is missing.
    """
    try:
        import nncf  # noqa: PLC0415 - takes seconds
    except ImportError as error:
        raise Unavailable('int8 of openvino needs nncf; pip install "rexbench[int8]"') from error
    nncf.set_log_level(logging.ERROR)
    return quantize_graph


def quantize_graph(model: torch.nn.Module | Path, batches: Batches, folder: Path) -> Mapping[str, float]:
    """Write the int8 form of the graph in a folder, and its layers.

    Activations have one range for each tensor. With NNCF's default, one for each channel before depthwise convolutions,
    channels that generated images never excite get a range near nothing, and the model is useless on photographs.

    Args:
        model: What the graph was made from; a module tells the names of its layers.
        batches: To calibrate on.
        folder: That has the graph for the size of these batches.
    """
    import openvino  # noqa: PLC0415

    size = len(batches[0][0])
    core = openvino.Core()
    graph = core.read_model(folder / f"batch{size}.xml")
    quantized = run_nncf(graph, batches)
    openvino.save_model(quantized, folder / int8_name(size), compress_to_fp16=False)
    names = [] if isinstance(model, PurePath) else list_module_layers(model, batches[0])
    layers = list(list_layers(core.read_model(folder / int8_name(size)), names, size))
    (folder / int8_name(size)).with_suffix(".json").write_text(json.dumps([asdict(layer) for layer in layers]))
    noise = measure_noise(
        folder / f"batch{size}.xml", folder / int8_name(size), layers, batches[: max(1, _COMPARED_IMAGES // size)]
    )
    return {layer.layer: noise[layer.node] for layer in layers if layer.quantized}


def run_nncf(graph: Any, batches: Batches, *, per_channel: bool = False, **options: Any) -> Any:
    """The graph quantised after training.

    Args:
        graph: An `openvino.Model`.
        batches: To calibrate on.
        per_channel: Whether activations have a range for each channel where NNCF knows how.
        options: Of `nncf.quantize`, and ``advanced``, of `nncf.AdvancedQuantizationParameters`.
    """
    import nncf  # noqa: PLC0415
    from nncf.quantization.advanced_parameters import QuantizationParameters  # noqa: PLC0415

    places = range(len(batches[0]))
    dataset = nncf.Dataset(batches, lambda batch: {place: batch[place] for place in places})
    ranges = {} if per_channel else {"activations_quantization_params": QuantizationParameters(per_channel=False)}
    advanced = nncf.AdvancedQuantizationParameters(**ranges, **options.pop("advanced", {}))
    usual = {"preset": nncf.QuantizationPreset.MIXED, "subset_size": len(batches)}
    return nncf.quantize(graph, dataset, advanced_parameters=advanced, **{**usual, **options})


def list_layers(graph: Any, names: Sequence[tuple[str, int, tuple[int, ...]]], size: int) -> Iterator[GraphLayer]:
    """The nodes with weights in their order.

    Names of modules are given in the order of their calls; a node has that of the next call with as many weights and
    the same shape of output.
    """
    known: dict[tuple[int, tuple[int, ...]], deque[str]] = defaultdict(deque)
    for name, weights, shape in names:
        known[weights, shape].append(name)
    nodes = list(graph.get_ordered_ops())
    constants = Constants(nodes)
    for node in nodes:
        if node.get_type_name() not in _PRODUCTS or constants.is_fixed(node):
            continue
        if not constants.is_fixed(sources(node)[1]):
            continue  # a product of two activations has no weights
        key = (int(np.prod(node.get_input_shape(1))), tuple(map(int, node.get_output_shape(0))))
        yield GraphLayer(
            node=node.get_friendly_name(),
            layer=known[key].popleft() if known.get(key) else name_of_node(node),
            macs=count_multiply_adds(node) // size,
            quantized=_is_quantized(sources(node)[0]),
            bias=_name_bias(node),
        )


def _name_bias(node: Any) -> str:
    readers = followers(node)
    return str(readers[0].get_friendly_name()) if [one.get_type_name() for one in readers] == ["Add"] else ""


def _is_quantized(node: Any) -> bool:
    """Whether a value is quantised, whatever moves or picks among its numbers afterwards."""
    while node.get_type_name() in _KEEPS and sources(node):
        node = sources(node)[0]
    return bool(node.get_type_name() == "FakeQuantize")


def measure_noise(plain: Path, quantized: Path, layers: Iterable[GraphLayer], batches: Batches) -> dict[str, float]:
    """Power of each layer's output in fp32 over the power of its error in int8 [dB], by node."""
    nodes = [layer.node for layer in layers]
    signal, noise = dict.fromkeys(nodes, 0.0), dict.fromkeys(nodes, 0.0)
    exact, rounded = (_open_outputs(path, nodes) for path in (plain, quantized))
    for batch in batches:
        for (node, right), (_, found) in zip(exact(batch), rounded(batch), strict=True):
            signal[node] += float(np.square(right, dtype=np.float64).sum())
            noise[node] += float(np.square(right - found, dtype=np.float64).sum())
    return {node: decibels(signal[node], noise[node]) for node in nodes}


def _open_outputs(path: Path, nodes: Sequence[str]) -> Any:
    """A function from a batch to the output of each node."""
    import openvino  # noqa: PLC0415

    core = openvino.Core()
    graph = core.read_model(path)
    places = {node.get_friendly_name(): node for node in graph.get_ordered_ops()}
    own = len(graph.outputs)
    graph.add_outputs([places[name].output(0) for name in nodes])
    request = core.compile_model(graph, "CPU", {"INFERENCE_PRECISION_HINT": "f32"}).create_infer_request()

    def run(batch: tuple[npt.NDArray[Any], ...]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        request.infer(dict(enumerate(batch)))
        for place, name in enumerate(nodes, start=own):
            yield name, request.get_output_tensor(place).data

    return run
