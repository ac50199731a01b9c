"""Operations and constants of the converted OpenVINO graph, as Open Model Zoo prints them.

The model is converted, batch norm folds into the convolutions before it, and every node of the graph is counted by its
type and the shapes on its edges. The mean and scale of the input may be part of the graph, as in Open Model Zoo.

Per element of the output: a convolution 2 x (input channels / groups) x kernel area, a matrix product 2 x its inner
length, an addition, subtraction, multiplication or division 1, ReLU and Clamp 2, Sigmoid 3, Swish 5, pooling its
window. Means over axes, reshapes, slices, concatenations, transpositions and constants count 0.
The rules are not documented by the tool that made those tables: they were inferred, and hold because they give the
printed digits of two unlike models, 0.8325 G (ReXNet x1.0) and 6.3893 G (RegNetX-3.2GF).

Parameters are the floating-point numbers that the graph holds as constants.
"""

from __future__ import annotations

import functools
from collections import Counter
from math import prod
from typing import TYPE_CHECKING, Any

import torch

import rexnet_core
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.inputs import Inputs, Resolution, read_inputs
from analysis.complexity.meta_run import learn_shapes, make_tensors, plain_outputs
from analysis.complexity.module_copy import copy_with_data, originals_stay_out
from analysis.graphs.nodes import CONVOLUTIONS, MODULE, MOVES, count_multiply_adds, followers, sources
from rexnet_core.errors import InputError
from rexnet_core.preprocess import IMAGENET_MEAN, IMAGENET_STD

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Operations per element of the output.
_PER_ELEMENT = {
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Divide"), 1),
    **dict.fromkeys(("Relu", "Clamp"), 2),
    "Sigmoid": 3,
    "Swish": 5,
}
_ACTIVATIONS = {"Relu", "Clamp", "Sigmoid", "Swish"}
#: Means over axes count as nothing, too.
_NOTHING = MOVES | {"ReduceMean"}
_POOLS = {"AvgPool", "MaxPool"}
_PREPROCESSING = "preprocessing/"


def count_openvino(model: torch.nn.Module | str, resolution: Resolution = 224, *, preprocessing: bool = False) -> Count:
    """Operations of the converted graph.

    Args:
        model: A registered name, or a module.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind.
        preprocessing: Whether mean and scale are part of the graph, which then reads pixels from 0 to 255.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    parts, unknown = [], Counter[str]()
    if preprocessing and (inputs.image is None or inputs.channels != len(IMAGENET_MEAN)):
        raise InputError(
            f"openvino_preprocessed adds mean and scale of an image of 3 channels, got {inputs}; choose openvino"
        )
    graph = convert(model, inputs)
    for node, layer in _nodes(_with_preprocessing(graph) if preprocessing else graph):
        operator = node.get_type_name()
        amount = _operations(node)
        if amount is None:
            unknown[operator] += 1
        elif amount:
            parts.append(Part(layer=layer, operator=operator, group=_group_of(node), amount=amount))
    convention = "openvino_preprocessed" if preprocessing else "openvino"
    return make_count(convention, model, inputs, parts, describe_uncounted(unknown))


def count_openvino_constants(model: torch.nn.Module | str, resolution: Resolution = 224) -> Count:
    """Floating-point numbers the converted graph holds: parameters with batch norm folded, as Open Model Zoo counts.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    parts, others = [], Counter[str]()
    for node, layer in _nodes(convert(model, inputs)):
        if node.get_type_name() != "Constant":
            continue
        user = followers(node)[0]
        kind, size = node.get_element_type(), prod(node.get_output_shape(0))
        if kind.is_real():
            parts.append(Part(layer=layer, operator=user.get_type_name(), group=_group_of(user), amount=size))
        else:
            others[f"{kind.get_type_name()} number"] += size
    return make_count("openvino_constants", model, inputs, parts, describe_uncounted(others))


def convert(model: torch.nn.Module | str, inputs: Inputs) -> Any:
    """The model as an OpenVINO graph of static shapes, batch 1.

    The weights are replaced by numbers that are neither zero nor one, in a copy: the converter drops additions of zero
    and multiplications by one, and the count would depend on how far the model was trained.
    """
    if isinstance(model, str):
        return _convert_named(model, inputs)
    return _convert(learn_shapes(copy_with_data(model), inputs), inputs)


def forget_graphs() -> None:
    """Nothing: the graph that was kept is dropped, and the next count converts anew."""
    _convert_named.cache_clear()


@functools.lru_cache(maxsize=1)
def _convert_named(name: str, inputs: Inputs) -> Any:
    """The graph of a registered model; the last is kept, for it is counted in three ways."""
    return _convert(rexnet_core.create_model(name, in_channels=inputs.channels).eval(), inputs)


def _convert(module: torch.nn.Module, inputs: Inputs) -> Any:
    import openvino  # noqa: PLC0415 - a second to import, and not needed by the other conventions

    _fill(module)
    tensors = make_tensors(module, inputs)
    with torch.no_grad(), originals_stay_out(module), plain_outputs(module):
        traced = torch.jit.trace(module, tensors, check_trace=False)  # type: ignore[no-untyped-call]
    try:
        return openvino.convert_model(traced, example_input=tensors, input=list(inputs.shapes))
    except Exception as error:  # its exceptions have no class in common
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError(
            f"OpenVINO can't convert this {type(module).__name__}: {reason}; choose another convention"
        ) from error


def _with_preprocessing(graph: Any) -> Any:
    """A copy of the graph that normalises its input by a subtraction and a division.

    They stay two nodes, as the Model Optimizer of Open Model Zoo's time left them. The preprocessing steps of today's
    OpenVINO fold the division into the first convolution: one operation per number less.
    """
    import numpy as np  # noqa: PLC0415
    import openvino.opset13 as operators  # noqa: PLC0415

    whole = graph.clone()
    image = whole.get_parameters()[0]
    users = list(image.output(0).get_target_inputs())
    mean, scale = (np.array(one, np.float32).reshape(1, 3, 1, 1) * 255 for one in (IMAGENET_MEAN, IMAGENET_STD))
    shifted = operators.subtract(image, mean, name=f"{_PREPROCESSING}mean")
    normalised = operators.divide(shifted, scale, name=f"{_PREPROCESSING}scale")
    for user in users:
        user.replace_source_output(normalised.output(0))
    whole.validate_nodes_and_infer_types()
    return whole


def _fill(module: torch.nn.Module) -> None:
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))


def _nodes(graph: Any) -> Iterator[tuple[Any, str]]:
    """Each node with the torch module that its name gives.

    A convolution that swallowed its batch norm lost its name: it bears the one of the addition that is left of the
    norm, or else of the first node after it that has one.
    """
    nodes = list(graph.get_ordered_ops())
    layers: dict[str, str] = {}
    for node in reversed(nodes):
        name = node.get_friendly_name()
        inherited = next((layers[one.get_name()] for one in followers(node) if layers.get(one.get_name())), "")
        layers[node.get_name()] = name.removeprefix(MODULE).partition("/")[0] if name.startswith(MODULE) else inherited
    return ((node, layers[node.get_name()]) for node in nodes)


def _operations(node: Any) -> int | None:
    """What one node counts; None where the convention has no rule for its type."""
    kind = node.get_type_name()
    if kind in _NOTHING:
        return 0
    elements = prod(node.get_output_shape(0))
    if kind in _PER_ELEMENT:
        return int(_PER_ELEMENT[kind] * elements)
    if kind in CONVOLUTIONS or kind == "MatMul":
        return 2 * count_multiply_adds(node)
    if kind in _POOLS:
        return int(elements * prod(node.get_attributes()["kernel"]))
    return None


def _group_of(node: Any) -> str:
    kind = node.get_type_name()
    if "Convolution" in kind:
        return "convolution"
    if kind == "MatMul":
        return "linear"
    if kind in _ACTIVATIONS:
        return "activation"
    if kind in _POOLS:
        return "pooling"
    read = [source.get_type_name() for source in sources(node)]
    if node.get_friendly_name().startswith(_PREPROCESSING):
        return "preprocessing"
    return "bias" if "Constant" in read else "elementwise"
