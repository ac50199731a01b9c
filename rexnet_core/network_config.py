"""The grammar every network is written in: a stem, blocks in stages, a head, as pure integers. No torch here."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Activation = Literal["none", "relu", "relu6", "silu"]
#: Where the zeros around a map lie: ``even``, as many before it as behind it, kernel // 2; or as TensorFlow's ``same``
#: has it, as few as a stride needs, and the odd one behind. At stride 1 the two are the same.
Padding = Literal["even", "same"]
#: Kinds of blocks; `rexnet_core.block_layers` says what each runs, `rexnet_core.blocks` builds it.
BlockKind = Literal["linear_bottleneck", "residual_bottleneck"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StemConfig:
    """A square convolution with batch norm and no bias, padded as `padding` says, then `act`."""

    w_in: int
    w_out: int
    stride: int = 2
    kernel: int = 3
    padding: Padding = "even"
    act: Activation


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockConfig:
    """[1x1 to w_mid, act_in] -> kernel x kernel in `groups`, act_mid [SE before or after] -> 1x1 to w_out, act_out.

    Batch norm follows each convolution, none has a bias. The first convolution is absent where `expand` is false.
    Squeeze-excite (where w_se > 0): mean, 1x1 to w_se with bias, [batch norm], act_se, 1x1 to w_mid with bias, sigmoid,
    times what came in.

    Args:
        stage: Index of the stage the block belongs to.
        w_in: Input width [channels].
        w_mid: Width between the first and the last convolution [channels].
        w_out: Output width [channels].
        stride: Stride of the middle convolution (and of the projection).
        kernel: Side of the middle convolution.
        padding: Of the middle convolution.
        groups: Groups of the middle convolution; equal to `w_mid` it is depthwise.
        w_se: Squeeze width [channels]; 0 is no squeeze-excite, and what follows about it says nothing.
        se_norm: Whether batch norm stands inside squeeze-excite.
        se_after_act: Whether squeeze-excite stands after act_mid; else before it.
        expand: Whether the first 1x1 convolution is there; without it w_mid equals w_in.
        w_shortcut: Input channels added to the first channels of the output; 0 is no shortcut.
        projection: Whether the input passes a strided 1x1 convolution with batch norm to w_out before it is added.
        act_in: After the first convolution.
        act_mid: After the middle convolution, before or after squeeze-excite as `se_after_act` says.
        act_se: Inside squeeze-excite, between its convolutions; not none.
        act_out: After the last convolution, and after the addition where there is one.
        drop_path: Probability that training leaves the block out for an image, and keeps the shortcut alone.
    """

    stage: int
    w_in: int
    w_mid: int
    w_out: int
    stride: int
    kernel: int = 3
    padding: Padding = "even"
    groups: int
    w_se: int = 0
    se_norm: bool = True
    se_after_act: bool = False
    expand: bool
    w_shortcut: int = 0
    projection: bool = False
    act_in: Activation = "none"
    act_mid: Activation = "none"
    act_se: Activation = "relu"
    act_out: Activation = "none"
    drop_path: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadConfig:
    """[1x1 to w_conv, batch norm, act] -> mean -> [linear to w_hidden, batch norm, act] -> dropout -> linear.

    Args:
        w_in: Width of the last block [channels].
        w_conv: Width of the 1x1 convolution before the mean; 0 for none.
        w_hidden: Width of the hidden linear layer (with bias) after the mean; 0 for none.
        act: After the convolution and after the hidden layer.
        dropout: Probability of dropping a feature in training.
        num_classes: Width of the classifier, a linear layer with bias.
    """

    w_in: int
    w_conv: int = 0
    w_hidden: int = 0
    act: Activation = "none"
    dropout: float = 0.0
    num_classes: int = 1000

    @property
    def w_features(self) -> int:
        """Width of the feature map that `forward_features` gives [channels]."""
        return self.w_conv or self.w_in

    @property
    def w_classifier(self) -> int:
        """Input width of the classifier."""
        return self.w_hidden or self.w_features


@dataclass(frozen=True, slots=True, kw_only=True)
class NetConfig:
    """A whole network: what to build, and all that counting its cost takes; `norm_eps` is every batch norm's."""

    name: str
    family: str
    stem: StemConfig
    blocks: tuple[BlockConfig, ...]
    head: HeadConfig
    block_kind: BlockKind = "linear_bottleneck"
    norm_eps: float = 1e-5

    @property
    def stages(self) -> tuple[tuple[BlockConfig, ...], ...]:
        """The blocks, stage by stage."""
        return tuple(tuple(stage) for _, stage in groupby(self.blocks, key=lambda block: block.stage))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a caller may change about any network; `dropout` None keeps the family's own."""

    num_classes: int = 1000
    in_channels: int = 3
    dropout: float | None = None


def make_divisible(value: float, divisor: int) -> int:
    """The multiple of `divisor` nearest to `value`, at least `divisor` and at least 0.9 of `value`.

    Source: the rounding rule of MobileNetV2 (Sandler et al. 2018), as its public implementations have it.
    """
    rounded = max(divisor, int(value + divisor / 2) // divisor * divisor)
    return rounded + divisor if rounded < 0.9 * value else rounded
