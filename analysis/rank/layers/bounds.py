"""What the rank of a block can reach by algebra alone: identities of its layers, whatever the tolerance."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.rank.layers.networks import draw_expansion, middle
from analysis.rank.layers.setting import NO_SHORTCUT, LayerSetting

if TYPE_CHECKING:
    from analysis.rank.layers.study import LayerSample

_KERNEL = 3


def linear_bound(block: str, d_in: int, d_out: int, rows: int, *, spatial: int, mid: int, shift: bool) -> int:
    """The largest rank of a block without activations or norms.

    A k x k convolution is a matrix of d_out x k^2 d_in on unfolded patches: on maps it may reach k^2 times its input's
    rank, and a depthwise one does so too, channel by channel, without any non-linearity.

    Args:
        block: One of `analysis.rank.layers.setting.ALL_BLOCKS`.
        d_in: Input channels.
        d_out: Output channels.
        rows: N.
        spatial: Side of the maps; at 1 a kernel has only its centre.
        mid: Channels between expansion and projection of an inverted bottleneck.
        shift: Whether a norm after the projection takes its mean out: the shortcut has kept it, so that the two
            together also span the constant. Not so where the features are centred afterwards.
    """
    taps = 1 if spatial == 1 else _KERNEL**2
    if block == "conv1x1":
        reach = d_in
    elif block == "conv3x3":
        reach = taps * d_in
    else:
        # The shortcut adds the input itself, which is the centre tap of the patches already.
        shortcut = 0 if block.endswith(NO_SHORTCUT) else d_in
        reach = min(mid + shortcut, taps * d_in + (shift and shortcut > 0))
    return min(d_out, rows, reach)


def bound(block: str, d_in: int, d_out: int, rows: int, *, mid: int) -> int:
    """The largest rank of a block with any activations.

    A single convolution may reach d_out. An inverted bottleneck ends in a linear projection of its `mid` channels,
    to which the shortcut adds at most d_in: min(d_out, mid + d_in).

    Args:
        block: One of `analysis.rank.layers.setting.ALL_BLOCKS`.
        d_in: Input channels.
        d_out: Output channels.
        rows: N.
        mid: Channels between expansion and projection, t d_in.
    """
    if not block.startswith("inverted"):
        return min(d_out, rows)
    return min(d_out, rows, mid + (0 if block.endswith(NO_SHORTCUT) else d_in))


def mean_bounds(sample: LayerSample) -> list[dict[str, Any]]:
    """Mean bounds over the networks of a sample, as a share of d_out.

    Returns:
        Rows ``block, dimension_ratio, linear_bound, bound``.
    """
    setting, rows = sample.setting, []
    sizes = [int(size) for size in sample.d_out]
    expansions = [draw_expansion(setting, number) for number in range(sample.networks)]
    shift = setting.norm != "none" and setting.primary[1] == "uncentred"
    for block in setting.blocks:
        for ratio in setting.ratios:
            found = []
            for d_out, expansion in zip(sizes, expansions, strict=True):
                d_in, count = LayerSetting.d_in(ratio, d_out), setting.rows_for(d_out)
                mid = middle(expansion, d_in)
                linear = linear_bound(block, d_in, d_out, count, spatial=setting.spatial, mid=mid, shift=shift)
                found.append((linear / d_out, bound(block, d_in, d_out, count, mid=mid) / d_out))
            means = dict(zip(("linear_bound", "bound"), np.mean(found, axis=0).tolist(), strict=True))
            rows.append({"block": block, "dimension_ratio": ratio, **means})
    return rows
