"""Where in a network features are taken: the points of every block of our own networks, or modules by pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Literal

from torch import nn

from rexnet_core.blocks import Block
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Side = Literal["input", "output"]
Pooling = Literal["positions", "pooled"]

_SIDES = ("input", "output")
_POOLINGS = ("positions", "pooled")
_LAYOUTS = ("last",)
#: Points that are left out unless a pattern asks for them.
_ON_REQUEST = ("se",)
CONVOLUTIONS = (nn.modules.conv._ConvNd, nn.Linear)  # noqa: SLF001 - the one class all convolutions share
_NORM_FILES = ("torch.nn.modules.batchnorm", "torch.nn.modules.normalization", "torch.nn.modules.instancenorm")
_ACTIVATION_FILE = "torch.nn.modules.activation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tap:
    """One place at which features are taken.

    Args:
        name: As in tables, such as ``stage2.block1.act`` or ``layer1.0.conv2:input``.
        module: Dotted name of the module whose input or output it is; empty for the model itself.
        side: Which of the two. The input is the first positional argument.
        pooling: ``positions``: rows are positions of images. ``pooled``: rows are means over the positions.
        channels_last: Whether the last axis holds the channels.
        same_as: Name of the tap, earlier in the network, whose features these are; empty where they are its own.
        block: Name of the block, such as ``stage2.block1``; empty outside of our networks.
        point: Place within the block, such as ``expand``.
        stage: Counted from 1; 0 outside of the stages.
    """

    name: str
    module: str
    side: Side = "output"
    pooling: Pooling = "positions"
    channels_last: bool = False
    same_as: str = ""
    block: str = ""
    point: str = ""
    stage: int = 0


def find_taps(model: nn.Module, patterns: Sequence[str] | None = None) -> tuple[Tap, ...]:
    """The taps that patterns ask for, in the order of the network, each once.

    A pattern is a shell pattern over the names of the points of our networks (`network_taps`) or over the names of
    modules. After a module pattern come, in any order, ``:input`` (not the output), ``:pooled`` (means over
    the positions) and ``:last`` (channels on the last axis of four, as in networks that keep images as B, H, W, C;
    linear layers and layer norms are known to).

    Args:
        model: Any module.
        patterns: None is every point of one of our networks but those after squeeze-excite, and of any other module
            every convolution, linear layer, norm and activation.

    Raises:
        UnknownNameError: A pattern fits nothing; the nearest name is offered.
        InputError: There is nothing to tap.
    """
    standard = network_taps(model) if isinstance(model, Network) else ()
    if patterns is None:
        taps = [tap for tap in standard if tap.point not in _ON_REQUEST] or [_tap(name) for name in _leaves(model)]
        if not taps:
            raise InputError("the model has no convolution, linear layer, norm or activation; name modules to tap")
        return tuple(_unaliased(_with_layout(model, tap), taps) for tap in taps)
    chosen: dict[str, Tap] = {}
    for pattern in patterns:
        chosen |= {tap.name: tap for tap in _matches(model, standard, pattern)}
    order = {tap.name: place for place, tap in enumerate(standard)}
    ordered = sorted(chosen.values(), key=lambda tap: order.get(tap.name, len(order)))
    return tuple(_unaliased(_with_layout(model, tap), ordered) for tap in ordered)


def _matches(model: nn.Module, standard: Sequence[Tap], pattern: str) -> list[Tap]:
    points = [tap for tap in standard if fnmatchcase(tap.name, pattern)]
    if points:
        return points
    name, *options = pattern.split(":")
    for option in options:
        if option not in (*_SIDES, *_POOLINGS, *_LAYOUTS):
            raise UnknownNameError("option of a tap", option, (*_SIDES, *_POOLINGS, *_LAYOUTS))
    modules = [one for one, _ in model.named_modules()]
    matches = [module for module in modules if fnmatchcase(module, name)]
    if not matches:
        raise UnknownNameError("tap", pattern, [*(tap.name for tap in standard), *filter(None, modules)])
    return [_tap(match, options) for match in matches]


def _tap(module: str, options: Sequence[str] = ()) -> Tap:
    kept = [one for one in options if one not in ("output", "positions")]
    return Tap(
        name=":".join([module or "model", *kept]),
        module=module,
        side="input" if "input" in kept else "output",
        pooling="pooled" if "pooled" in kept else "positions",
        channels_last="last" in kept,
    )


def _leaves(model: nn.Module) -> Iterator[str]:
    """Names of modules that have no children and are layers, in the order they were registered."""
    for name, module in model.named_modules():
        home = type(module).__module__
        known = isinstance(module, CONVOLUTIONS) or home in (*_NORM_FILES, _ACTIVATION_FILE)
        if known and not any(module.children()) and not isinstance(module, nn.MultiheadAttention):
            yield name


def _with_layout(model: nn.Module, tap: Tap) -> Tap:
    last = isinstance(model.get_submodule(tap.module), nn.Linear | nn.LayerNorm | nn.RMSNorm)
    return replace(tap, channels_last=tap.channels_last or last)


def _unaliased(tap: Tap, chosen: Sequence[Tap]) -> Tap:
    """The tap; without `same_as` if the tap that it equals was not chosen."""
    return tap if any(other.name == tap.same_as for other in chosen) else replace(tap, same_as="")


def network_taps(model: Network) -> tuple[Tap, ...]:
    """The points of one of our networks, in the order in which it runs.

    A convolution is taken with its batch norm, as the two are one layer once folded. Points of a block: ``input``;
    ``expand`` (first 1x1) and ``act``; ``depthwise`` (the k x k, in groups for RegNetX), ``se`` and ``act2`` (in
    EfficientNet the other way round); ``project``; ``add``, where there is a shortcut; ``out``, where an activation
    comes last. Those a block lacks are absent. Besides, ``stem.conv``, ``stem.act``, ``head.conv``, ``head.act``,
    ``penultimate`` (the last map), ``penultimate.pooled`` (its mean), and ``hidden`` where there is a hidden layer.
    """
    taps = [_point("stem", "conv", "stem.norm"), *_activation(model, "stem", "act", "stem")]
    for stage, blocks in enumerate(model.stages):
        for index, block in enumerate(blocks.children()):
            name, home = f"stage{stage + 1}.block{index + 1}", f"stages.{stage}.{index}"
            entry = _point(name, "input", home, side="input", same_as=taps[-1].name)
            assert isinstance(block, Block)
            taps += [replace(tap, stage=stage + 1) for tap in (entry, *_block_taps(block, name, home))]
    last = taps[-1].name
    if not isinstance(model.head_conv, nn.Identity):
        taps += [_point("head", "conv", "head_conv.norm"), *_activation(model, "head_conv", "act", "head")]
        last = taps[-1].name
    taps.append(Tap(name="penultimate", module="head_conv", same_as=last, point="penultimate"))
    taps.append(Tap(name="penultimate.pooled", module="pool", pooling="pooled", point="pooled"))
    if not isinstance(model.hidden, nn.Identity):
        taps.append(Tap(name="hidden", module="hidden", point="hidden"))
    return tuple(taps)


def _point(block: str, point: str, module: str, *, side: Side = "output", same_as: str = "") -> Tap:
    return Tap(name=f"{block}.{point}", module=module, side=side, same_as=same_as, block=block, point=point)


def _activation(model: nn.Module, module: str, point: str, block: str) -> list[Tap]:
    has_one = hasattr(model.get_submodule(module), "act")
    return [_point(block, point, f"{module}.act")] if has_one else []


def _block_taps(block: Block, name: str, home: str) -> list[Tap]:
    taps = []
    for layer in block.layers:
        if layer.kind != "projection":
            module = ".".join(part for part in (home, layer.module, "norm" if layer.kind == "conv" else "") if part)
            taps.append(_point(name, layer.point, module, side=layer.side))
    return taps
