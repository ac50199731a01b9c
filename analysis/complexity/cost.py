"""What a model costs, layer by layer, and what each number means. No torch here.

Every count is for **one image** (batch 1; of a model that takes something else, for one of that) in inference mode. A
*layer* is a module that owns parameters: a convolution, a linear layer or a batch norm; it bears the module's name in
the torch model and comes in the order in which the model runs. The counts, each defined here and nowhere else:

``params``
    Learnable numbers: weights, biases, and batch norm's scale and shift. Running means and variances are buffers
    and not counted.
``params_folded``
    Learnable numbers after folding each batch norm into the convolution or linear layer that it reads: the norm
    disappears and that layer has a bias, one per output channel, whether it had one before or not.
``macs``
    Multiply-adds of convolutions and linear layers, one for each weight for each place it is applied to; zero
    padding counts as if it were input. Bias additions, batch norm, activations, pooling, the products of
    squeeze-excite and shortcut additions are **not** counted. Papers on mobile networks, the ReXNet paper among
    them, print this as "FLOPs"; the convention that counts a multiply-add as two operations gives twice this number.
``activations``
    Output elements of convolutions and linear layers, as in Radosavovic et al. 2020 (arXiv 2003.13678), section 4,
    with the linear layer included.
``traffic_bytes``
    Bytes a convolution or linear layer must move at least: each input element and each folded parameter read once,
    each output element written once. Batch norm, activations and additions are taken as fused into the layer
    before them and move nothing; no cache keeps a tensor from one layer to the next. Elements have 4 bytes (fp32);
    halve it for bf16.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Bytes of one element in fp32, the precision traffic is counted in.
FP32_BYTES = 4

#: Convolutions by their shape, then the rest; `other` owns parameters and fits no other kind.
KINDS = ("conv", "pointwise_conv", "depthwise_conv", "grouped_conv", "linear", "batch_norm", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerCost:
    """The cost of one layer for one image; the module docstring defines the counts.

    Args:
        layer: Name of the module in the torch model, such as ``blocks.3.expand.conv``.
        kind: One of `KINDS`.
        params: Learnable numbers of this module alone.
        params_folded: Learnable numbers with batch norm folded: 0 for a norm that disappears.
        macs: Multiply-adds.
        activations: Output elements; 0 for a batch norm.
        out_shape: Shape of the output in torch's order with the batch of 1 in front: ``(1, C, H, W)`` or ``(1, C)``.
        weight_bytes: Folded parameters read [bytes].
        input_bytes: Input elements read [bytes].
        output_bytes: Output elements written [bytes].
    """

    layer: str
    kind: str
    params: int
    params_folded: int = 0
    macs: int = 0
    activations: int = 0
    out_shape: tuple[int, ...]
    weight_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0

    @property
    def traffic_bytes(self) -> int:
        """Bytes read and written."""
        return self.weight_bytes + self.input_bytes + self.output_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The cost of a model for one image: the sum over its layers, and what that sum leaves out.

    Args:
        model: Name the model was asked for by, or its class name.
        resolution: Side of the square input [pixels]: the height of the first input where it is an image, else its
            largest axis.
        layers: One entry per layer, in the order the model runs them.
        uncounted: Operations that ran and have no part in any count, as ``name xN``; empty where nothing ran.
        input_shapes: Shapes of all inputs with the batch of 1 in front; by default one square image of 3 channels.
    """

    model: str
    resolution: int
    layers: tuple[LayerCost, ...]
    uncounted: tuple[str, ...] = ()
    input_shapes: tuple[tuple[int, ...], ...] = ()

    def __post_init__(self) -> None:
        """The default shape follows from the resolution."""
        if not self.input_shapes:
            object.__setattr__(self, "input_shapes", ((1, 3, self.resolution, self.resolution),))

    @property
    def takes_square(self) -> bool:
        """Whether `resolution` says what the input was: one square image, of as many channels as the model takes."""
        return len(self.input_shapes) == 1 and self.input_shapes[0][2:] == (self.resolution, self.resolution)

    @property
    def params(self) -> int:
        """Learnable numbers."""
        return sum(layer.params for layer in self.layers)

    @property
    def params_folded(self) -> int:
        """Learnable numbers with batch norm folded."""
        return sum(layer.params_folded for layer in self.layers)

    @property
    def macs(self) -> int:
        """Multiply-adds of convolutions and linear layers."""
        return sum(layer.macs for layer in self.layers)

    @property
    def activations(self) -> int:
        """Output elements of convolutions and linear layers."""
        return sum(layer.activations for layer in self.layers)

    @property
    def traffic_bytes(self) -> int:
        """Bytes the convolutions and linear layers must move at least."""
        return sum(layer.traffic_bytes for layer in self.layers)


def conv_kind(w_in: int, w_out: int, kernel: int, groups: int) -> str:
    """Which of `KINDS` a convolution is; depthwise means one input channel per group."""
    if groups == 1:
        return "pointwise_conv" if kernel == 1 else "conv"
    return "depthwise_conv" if groups == w_in == w_out else "grouped_conv"
