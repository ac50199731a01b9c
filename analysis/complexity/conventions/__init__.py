"""The conventions under which a model's operations and parameters are counted, by name.

One network is printed with half a dozen numbers of "FLOPs". Each convention here is code of its own that gives the
parts of its total and what it left out, for any model and resolution. No torch is imported until something is counted.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.complexity.conventions.record import GROUPS, Count, Part, from_dict
from rexnet_core.errors import InputError, RexbenchError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import nn

__all__ = ["CONVENTIONS", "GROUPS", "Convention", "Count", "Part", "count_under", "from_dict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One way to count.

    Args:
        name: Its key in `CONVENTIONS`.
        title: What people call it.
        quantity: ``operations`` or ``parameters``.
        unit: What one of its numbers is.
        counts: What it counts.
        leaves_out: What runs and is not in the number.
        source: The tool or paper that counts so, or the place where the rule is written.
        counter: Module and function that count, and its further arguments.
    """

    name: str
    title: str
    quantity: str
    unit: str
    counts: str
    leaves_out: str
    source: str
    counter: tuple[str, str, Mapping[str, Any]]


_HERE = "analysis.complexity.conventions"

_ALL = (
    Convention(
        name="macs",
        title="multiply-adds",
        quantity="operations",
        unit="multiply-adds",
        counts="convolutions and linear layers, one per weight and place",
        leaves_out="biases, batch norm, activations, pooling, products and additions of tensors",
        source="papers on mobile networks, ReXNet and EfficientNet among them, where it is called FLOPs",
        counter=(f"{_HERE}.multiply_adds", "count_multiply_adds", {}),
    ),
    Convention(
        name="two_per_mac",
        title="2 x multiply-adds",
        quantity="operations",
        unit="operations",
        counts="convolutions and linear layers, the multiplication and the addition apart",
        leaves_out="biases, batch norm, activations, pooling, products and additions of tensors",
        source="data sheets of processors and accelerators",
        counter=(f"{_HERE}.multiply_adds", "count_doubled", {}),
    ),
    Convention(
        name="fvcore",
        title="fvcore total",
        quantity="operations",
        unit="multiply-adds and operations",
        counts="multiply-adds of convolutions and linear layers, 2 per element of batch norm, 1 per element pooled",
        leaves_out="activations, means, products and additions of tensors",
        source="facebookresearch/fvcore 0.1.5, FlopCountAnalysis(...).total()",
        counter=("analysis.complexity.fvcore_counts", "count_as_fvcore", {}),
    ),
    Convention(
        name="torch",
        title="torch.utils.flop_counter",
        quantity="operations",
        unit="operations",
        counts="2 per multiply-add of convolutions and matrix products",
        leaves_out="everything else, without a word",
        source="torch, FlopCounterMode",
        counter=(f"{_HERE}.torch_counter", "count_as_torch", {}),
    ),
    Convention(
        name="thop",
        title="thop 0.1.1",
        quantity="operations",
        unit="multiply-adds and operations",
        counts="multiply-adds of convolutions and Linear, 4 per element of affine norms, elements read and given by "
        "adaptive average pooling, 1 to 259 per element of upsampling; modules of exactly these classes",
        leaves_out="subclasses of those modules, biases, group norm, ReLU and most activations, functions and "
        "operators between modules",
        source="Lyken17/pytorch-OpCounter 0.1.1",
        counter=(f"{_HERE}.thop_counter", "count_as_thop", {"release": "0.1.1"}),
    ),
    Convention(
        name="thop_0.0.31",
        title="thop 0.0.31",
        quantity="operations",
        unit="multiply-adds and operations",
        counts="as thop 0.1.1, but with the bias of convolutions, and 2 per element of batch norm",
        leaves_out="subclasses of those modules, other norms, ReLU and most activations, functions and operators "
        "between modules",
        source="Lyken17/pytorch-OpCounter 0.0.31",
        counter=(f"{_HERE}.thop_counter", "count_as_thop", {"release": "0.0.31"}),
    ),
    Convention(
        name="ptflops",
        title="ptflops 0.7.5",
        quantity="operations",
        unit="multiply-adds and operations",
        counts="multiply-adds and biases of convolutions and linear layers, 2 per element of batch norm, 1 per "
        "activation (ReLU: 2, it is met twice), 2 per element pooled; matrix products, sums and products that are "
        "called by name",
        leaves_out="operators between modules: additions, products, means",
        source="sovrasov/flops-counter.pytorch 0.7.5, engine pytorch",
        counter=(f"{_HERE}.ptflops_counter", "count_as_ptflops", {}),
    ),
    Convention(
        name="openvino",
        title="OpenVINO graph",
        quantity="operations",
        unit="operations",
        counts="every node of the converted graph by its type: 2 per multiply-add, 1 per bias or addition, 2 per ReLU, "
        "3 per sigmoid, 5 per SiLU",
        leaves_out="means over axes, and what only moves data",
        source="inferred from Open Model Zoo's printed digits",
        counter=(f"{_HERE}.openvino_graph", "count_openvino", {}),
    ),
    Convention(
        name="openvino_preprocessed",
        title="OpenVINO graph with mean and scale",
        quantity="operations",
        unit="operations",
        counts="the same with the normalisation of the input inside the graph: 2 per number of the image",
        leaves_out="means over axes, and what only moves data",
        source="Open Model Zoo, GFLOPs",
        counter=(f"{_HERE}.openvino_graph", "count_openvino_preprocessed", {}),
    ),
    Convention(
        name="params",
        title="parameters",
        quantity="parameters",
        unit="numbers",
        counts="learnable numbers: weights, biases, batch norm's scale and shift",
        leaves_out="running means and variances",
        source="every paper",
        counter=(f"{_HERE}.parameters", "count_parameters", {}),
    ),
    Convention(
        name="openvino_constants",
        title="constants of the OpenVINO graph",
        quantity="parameters",
        unit="numbers",
        counts="floating-point numbers of the converted graph: batch norm is folded into the convolution before it",
        leaves_out="whole-number constants: axes, shapes and places of slices",
        source="Open Model Zoo, MParams",
        counter=(f"{_HERE}.openvino_graph", "count_openvino_constants", {}),
    ),
)

#: Every convention by its name, operations first.
CONVENTIONS: Mapping[str, Convention] = {one.name: one for one in _ALL}


def count_under(convention: str, model: nn.Module | str, resolution: int | tuple[int, int] = 224) -> Count:
    """A model counted under a convention, for one image.

    Args:
        convention: A key of `CONVENTIONS`.
        model: A registered name, or any module that takes ``(1, 3, H, W)``.
        resolution: Side, or height and width, of the input [pixels].

    Raises:
        InputError: Unknown model, a side out of range, a module that does not take such an image, or one that the
            convention's tool counts and that is not modelled here.
        UnknownNameError: Unknown convention.
    """
    if convention not in CONVENTIONS:
        raise UnknownNameError("convention", convention, CONVENTIONS)
    place, function, options = CONVENTIONS[convention].counter
    try:
        count: Count = getattr(import_module(place), function)(model, resolution, **options)
    except RexbenchError:
        raise
    except (RuntimeError, ValueError, TypeError, IndexError, AssertionError) as error:
        first_line = next(iter(str(error).strip().splitlines()), "")
        raise InputError(
            f"the model must take (1, 3, H, W) at resolution {resolution}; it gave {type(error).__name__}: "
            f"{first_line}; give one for images of three channels, or another resolution"
        ) from error
    return count
