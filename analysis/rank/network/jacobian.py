"""Rank of the Jacobian of a block: how many directions of its input still move its features at one position.

The *span* rank of many rows says how many dimensions the features fill, and a curve through few inputs can fill many:
an activation after a 1x1 convolution raises it from c_in to as much as c_mid. The *Jacobian* rank says how many
dimensions the features have around one input; by the chain rule no layer raises it, and at one position it is at most
the number of inputs in the receptive field, c_in for the 1x1 convolution and its activation. So both "rank expands"
(of the linear span) and "rank diminishes" (of the manifold) are right, each of its own rank.

Squeeze-excite makes every position depend on all others. Its gates are held at their values here, so that the
receptive field stays that of the convolutions.

Source:
    Feng, Zheng, Huang, Zhao, Jordan and Zha, Rank Diminishing in Deep Neural Networks, arXiv 2206.06072 (Jacobian
    rank; there in float32, which cuts at 1e-2, here in float64 at rounding).
"""

from __future__ import annotations

import copy
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from analysis.rank.network.parallel import map_on_one_thread_each
from rexnet_core.blocks import Block
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rexnet_core.network import Network

    Function = Callable[[Tensor], Tensor]
    Step = tuple[str, Function]

#: Rows of a Jacobian from one backward pass.
_CHUNK = 128


@dataclass(slots=True)
class _Seen:
    """What a block met on one image: its input (1, C, H, W), and the gates of squeeze-excite before their sigmoid."""

    block: Block
    x: Tensor
    logits: list[Tensor] = field(default_factory=list)


def jacobian_ranks(model: Network, image: Tensor) -> dict[str, dict[str, int | None]]:
    """Ranks of d features / d block input at the central position of the map, by block and point.

    Computed in float64 on a copy in ``eval`` mode. Names of blocks and points are those of
    `analysis.rank.network.taps.network_taps`. None where the features or their derivatives are not finite.

    Args:
        model: One of our networks.
        image: Shape (1, C, H, W).

    Raises:
        InputError: `image` is not one image.
    """
    if image.dim() != 4 or len(image) != 1:  # noqa: PLR2004 - (1, C, H, W)
        raise InputError(f"a Jacobian is taken at one image, shape (1, C, H, W); got {tuple(image.shape)}")
    seen = _observe(copy.deepcopy(model).double().eval().requires_grad_(False), image.double())
    return dict(zip(seen, map_on_one_thread_each(_ranks_of, seen.values()), strict=True))


def _ranks_of(seen: _Seen) -> dict[str, int | None]:
    return block_ranks(seen.block, seen.x, gates=seen.logits[0].sigmoid() if seen.logits else None)


def _observe(model: Network, image: Tensor) -> dict[str, _Seen]:
    """What every block meets when `image` goes through `model`, by name of the block."""
    seen: dict[str, _Seen] = {}

    def note(name: str) -> Callable[..., None]:
        def before(block: Block, inputs: tuple[Tensor, ...]) -> None:
            seen[name] = _Seen(block, inputs[0].clone())

        return before

    def note_gates(name: str) -> Callable[..., None]:
        def after(_: nn.Module, __: Any, output: Tensor) -> None:
            seen[name].logits.append(output.clone())

        return after

    with ExitStack() as stack, torch.no_grad():
        for name, block in _blocks(model):
            stack.callback(block.register_forward_pre_hook(note(name)).remove)
            for layer in block.layers:
                if layer.kind == "se":
                    gate = block.get_submodule(f"{layer.module}.expand")
                    stack.callback(gate.register_forward_hook(note_gates(name)).remove)
        model(image)
    return seen


def _blocks(model: Network) -> Iterator[tuple[str, Block]]:
    for stage, blocks in enumerate(model.stages):
        for index, block in enumerate(blocks.children()):
            assert isinstance(block, Block)
            yield f"stage{stage + 1}.block{index + 1}", block


def block_ranks(block: Block, x: Tensor, *, gates: Tensor | None = None) -> dict[str, int | None]:
    """Ranks of d features / d input at the central position, by point of the block; None where they are not finite.

    Args:
        block: In ``eval`` mode, float64.
        x: Its input on one image, shape (1, C, H, W).
        gates: Gates of squeeze-excite, shape (1, c_mid, 1, 1); None where the block has none.
    """
    patch, place = _cut_patch(x, _middle(block))
    copies = patch.expand(_CHUNK, -1, -1, -1).clone().requires_grad_(True)
    centre = (..., slice(place[0], place[0] + 1), slice(place[1], place[1] + 1))
    outputs: dict[str, Tensor] = {}
    with torch.enable_grad():
        features = copies
        for point, step in _steps(block, gates, place, copies[centre]):
            features = step(features)
            # Behind the depthwise convolution one position is left. A copy: the next step may write over the features.
            at = features if features.shape[2:] == (1, 1) else features[centre]
            outputs[point] = at.flatten(1).clone()
        ranks: dict[str, int | None] = {}
        for point, output in outputs.items():
            if not output.isfinite().all():
                # The derivative may be finite all the same: torch's of ReLU6 at NaN is 1.
                ranks[point] = None
                continue
            # Gates lie above 0: they scale rows and leave the rank of the point before as it is.
            ranks[point] = list(ranks.values())[-1] if point == "se" else _rank_of(output, copies)
    return ranks


def _rank_of(output: Tensor, copies: Tensor) -> int | None:
    """Rank of the Jacobian of `output` (B, C), whose B rows are the same function of the B equal `copies`.

    None where a derivative is not finite.
    """
    channels = output.shape[1]
    pieces = []
    for start in range(0, channels, _CHUNK):
        rows = torch.arange(min(_CHUNK, channels - start))
        [gradient] = torch.autograd.grad(output[rows, start + rows].sum(), copies, retain_graph=True)
        pieces.append(gradient[rows].flatten(1))
    jacobian = torch.cat(pieces)
    if not jacobian.isfinite().all():
        return None
    # Inputs outside of the receptive field move nothing, and channels that are cut off are not moved.
    live = jacobian != 0
    jacobian = jacobian[live.any(dim=1)][:, live.any(dim=0)]
    if not jacobian.numel():
        return 0
    values = torch.linalg.svdvals(jacobian)
    threshold = max(jacobian.shape) * torch.finfo(jacobian.dtype).eps * values[0]
    return int((values > threshold).sum())


def _cut_patch(x: Tensor, conv: nn.Conv2d) -> tuple[Tensor, tuple[int, int]]:
    """What the convolution reads for the central position of its output, and where in it that position's centre is.

    At the edge of the map the patch ends with it: the padding that the convolution adds is no input.
    """
    windows, place = [], []
    stride, reach = int(conv.stride[0]), int(conv.padding[0])
    for side in x.shape[2:]:
        centre = ((side - 1) // stride + 1) // 2 * stride
        first = max(0, centre - reach)
        windows.append(slice(first, centre + reach + 1))
        place.append(centre - first)
    return x[:, :, windows[0], windows[1]], (place[0], place[1])


def _middle(block: Block) -> nn.Conv2d:
    """The one convolution of a block that reads more than one position."""
    [name] = [layer.module for layer in block.layers if layer.point == "depthwise"]
    return _conv_of(block, name)


def _conv_of(block: Block, name: str) -> nn.Conv2d:
    conv = block.get_submodule(f"{name}.conv")
    assert isinstance(conv, nn.Conv2d)
    return conv


def _steps(block: Block, gates: Tensor | None, place: tuple[int, int], x: Tensor) -> Iterator[Step]:
    """The points of a block, each with the function that leads to it from the point before.

    `place` is the centre of what the middle convolution reads, `x` the block's input there, shape (B, C, 1, 1).
    """
    for layer in block.layers:
        if layer.kind == "conv":
            conv = _conv_of(block, layer.module)
            convolve = partial(_convolve_at, conv, place=place) if layer.point == "depthwise" else conv
            yield layer.point, partial(_apply_both, convolve, block.get_submodule(f"{layer.module}.norm"))
        elif layer.kind == "act":
            yield layer.point, block.get_submodule(layer.module)
        elif layer.kind == "se":
            assert gates is not None
            yield layer.point, partial(torch.mul, gates)
        elif layer.kind == "add":
            yield layer.point, lambda z: block.add_shortcut(z.clone(), x)


def _apply_both(first: Function, second: Function, z: Tensor) -> Tensor:
    return second(first(z))


def _convolve_at(conv: nn.Conv2d, features: Tensor, *, place: tuple[int, int]) -> Tensor:
    """The output (B, C, 1, 1) of a convolution at one position: in float64 torch is slow at whole maps of groups."""
    kernel, reach = int(conv.kernel_size[0]), int(conv.padding[0])
    padded = functional.pad(features, (reach,) * 4)
    window = padded[:, :, place[0] : place[0] + kernel, place[1] : place[1] + kernel]
    inputs = window.reshape(len(features), conv.groups, -1)
    weights = conv.weight.reshape(conv.groups, conv.out_channels // conv.groups, -1)
    return torch.einsum("bgi,goi->bgo", inputs, weights).reshape(len(features), -1, 1, 1)
