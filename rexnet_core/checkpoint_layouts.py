"""How public checkpoints name a network's modules: one rule per library and family, for any width and depth.

A rule yields pairs (our module, its public name) in the order of the public file.
Source: clovaai/rexnet at 61debcc, timm 1.0.31, torchvision 0.28, pycls, Paddle-Image-Models and PaddleClas,
efficientnet-lite-pytorch 0.1.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rexnet_core.network_config import BlockConfig, NetConfig

    Pairs = Iterator[tuple[str, str]]
    Rule = Callable[[NetConfig], Pairs]

#: The layout of Paddle-Image-Models and PaddleClas.
PADDLE = "paddle"
#: Layouts whose layers after the mean are 1x1 convolutions, with weights (out, in, 1, 1).
CONVOLUTIONAL_HEADS = frozenset({("rexnet", "official"), ("rexnet_lite", "official"), ("rexnet", PADDLE)})
#: Layouts whose networks take blue first; ours take red first. Source: pycls reads images with OpenCV and never turns
#: them round, and timm 1.0.31 swaps the same weights.
BGR_STEMS = frozenset({("regnetx", "official")})
#: The names of Paddle's batch norms for statistics; it counts no batches.
_PADDLE_STATISTICS = {"running_mean": "_mean", "running_var": "_variance"}
_COUNTER = "num_batches_tracked"


def module_names(config: NetConfig, layout: str) -> dict[str, str]:
    """Our module -> its name in `layout`, one of `layouts_of` this config's family and not ``own``."""
    return dict(_RULES[config.family][layout](config))


def tensor_name(layout: str, kind: str) -> str | None:
    """What `layout` calls a tensor of a module, such as ``weight`` or ``running_mean``; None where it has none."""
    if layout != PADDLE:
        return kind
    return None if kind == _COUNTER else _PADDLE_STATISTICS.get(kind, kind)


def layouts_of(family: str) -> tuple[str, ...]:
    """The layouts a family's checkpoints come in, our own first."""
    return ("own", *_RULES.get(family, {}))


def _own_blocks(config: NetConfig) -> Iterator[tuple[str, int, int, BlockConfig]]:
    """Each block with our name for it, its stage and its place in the stage."""
    for stage, blocks in enumerate(config.stages):
        for index, block in enumerate(blocks):
            yield f"stages.{stage}.{index}", stage, index, block


def _conv_norm(own: str, conv: str, norm: str) -> Pairs:
    yield f"{own}.conv", conv
    yield f"{own}.norm", norm


def _official_rexnet(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "features.0", "features.1")
    for number, (own, _, _, block) in enumerate(_own_blocks(config), start=3):
        # The block is one flat list: activations take a number too, squeeze-excite where there is one.
        public, place = f"features.{number}.out", 0
        if block.expand:
            yield from _conv_norm(f"{own}.body.expand", f"{public}.0", f"{public}.1")
            place = 3
        yield from _conv_norm(f"{own}.body.depthwise", f"{public}.{place}", f"{public}.{place + 1}")
        place += 2
        if block.w_se:
            yield f"{own}.body.se.reduce", f"{public}.{place}.fc.0"
            yield f"{own}.body.se.norm", f"{public}.{place}.fc.1"
            yield f"{own}.body.se.expand", f"{public}.{place}.fc.3"
            place += 1
        yield from _conv_norm(f"{own}.body.project", f"{public}.{place + 1}", f"{public}.{place + 2}")
    after = len(config.blocks) + 3
    yield from _conv_norm("head_conv", f"features.{after}", f"features.{after + 1}")
    if config.head.w_hidden:
        yield "hidden.linear", "output.0"
        yield "hidden.norm", "output.1"
        yield "classifier", "output.4"
    else:
        yield "classifier", "output.1"


def _timm_rexnet(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "stem.conv", "stem.bn")
    for number, (own, _, _, block) in enumerate(_own_blocks(config)):
        public = f"features.{number}"
        if block.expand:
            yield from _conv_norm(f"{own}.body.expand", f"{public}.conv_exp.conv", f"{public}.conv_exp.bn")
        yield from _conv_norm(f"{own}.body.depthwise", f"{public}.conv_dw.conv", f"{public}.conv_dw.bn")
        if block.w_se:
            yield f"{own}.body.se.reduce", f"{public}.se.fc1"
            yield f"{own}.body.se.norm", f"{public}.se.bn"
            yield f"{own}.body.se.expand", f"{public}.se.fc2"
        yield from _conv_norm(f"{own}.body.project", f"{public}.conv_pwl.conv", f"{public}.conv_pwl.bn")
    last = f"features.{len(config.blocks)}"
    yield from _conv_norm("head_conv", f"{last}.conv", f"{last}.bn")
    yield "classifier", "head.fc"


def _torchvision_mobilenet_v2(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "features.0.0", "features.0.1")
    for number, (own, _, _, block) in enumerate(_own_blocks(config), start=1):
        public, place = f"features.{number}.conv", 0
        if block.expand:
            yield from _conv_norm(f"{own}.body.expand", f"{public}.0.0", f"{public}.0.1")
            place = 1
        yield from _conv_norm(f"{own}.body.depthwise", f"{public}.{place}.0", f"{public}.{place}.1")
        yield from _conv_norm(f"{own}.body.project", f"{public}.{place + 1}", f"{public}.{place + 2}")
    last = f"features.{len(config.blocks) + 1}"
    yield from _conv_norm("head_conv", f"{last}.0", f"{last}.1")
    yield "classifier", "classifier.1"


def _torchvision_efficientnet(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "features.0.0", "features.0.1")
    for own, stage, index, block in _own_blocks(config):
        public, place = f"features.{stage + 1}.{index}.block", 0
        if block.expand:
            yield from _conv_norm(f"{own}.body.expand", f"{public}.0.0", f"{public}.0.1")
            place = 1
        yield from _conv_norm(f"{own}.body.depthwise", f"{public}.{place}.0", f"{public}.{place}.1")
        yield f"{own}.body.se.reduce", f"{public}.{place + 1}.fc1"
        yield f"{own}.body.se.expand", f"{public}.{place + 1}.fc2"
        yield from _conv_norm(f"{own}.body.project", f"{public}.{place + 2}.0", f"{public}.{place + 2}.1")
    last = f"features.{len(config.stages) + 1}"
    yield from _conv_norm("head_conv", f"{last}.0", f"{last}.1")
    yield "classifier", "classifier.1"


def _timm_bottlenecks(config: NetConfig) -> Pairs:
    """MobileNetV2, EfficientNet and EfficientNet-Lite: one builder makes both in timm."""
    yield from _conv_norm("stem", "conv_stem", "bn1")
    for own, stage, index, block in _own_blocks(config):
        public = f"blocks.{stage}.{index}"
        parts = {"expand": "conv_pw", "depthwise": "conv_dw", "project": "conv_pwl"}
        if not block.expand:
            parts = {"depthwise": "conv_dw", "project": "conv_pw"}
        for number, (part, conv) in enumerate(parts.items(), start=1):
            if part == "project" and block.w_se:
                yield f"{own}.body.se.reduce", f"{public}.se.conv_reduce"
                yield f"{own}.body.se.expand", f"{public}.se.conv_expand"
            yield from _conv_norm(f"{own}.body.{part}", f"{public}.{conv}", f"{public}.bn{number}")
    yield from _conv_norm("head_conv", "conv_head", "bn2")
    yield "classifier", "classifier"


def _efficientnet_pytorch(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "_conv_stem", "_bn0")
    for number, (own, _, _, block) in enumerate(_own_blocks(config)):
        public = f"_blocks.{number}"
        if block.expand:
            yield from _conv_norm(f"{own}.body.expand", f"{public}._expand_conv", f"{public}._bn0")
        yield from _conv_norm(f"{own}.body.depthwise", f"{public}._depthwise_conv", f"{public}._bn1")
        yield from _conv_norm(f"{own}.body.project", f"{public}._project_conv", f"{public}._bn2")
    yield from _conv_norm("head_conv", "_conv_head", "_bn1")
    yield "classifier", "_fc"


def _timm_regnetx(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "stem.conv", "stem.bn")
    for own, stage, index, block in _own_blocks(config):
        public = f"s{stage + 1}.b{index + 1}"
        for part in ("conv1", "conv2", "conv3"):
            yield from _conv_norm(f"{own}.{part}", f"{public}.{part}.conv", f"{public}.{part}.bn")
        if block.projection:
            yield from _conv_norm(f"{own}.projection", f"{public}.downsample.conv", f"{public}.downsample.bn")
    yield "classifier", "head.fc"


def _official_regnetx(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "stem.conv", "stem.bn")
    for own, stage, index, block in _own_blocks(config):
        public = f"s{stage + 1}.b{index + 1}"
        if block.projection:
            yield from _conv_norm(f"{own}.projection", f"{public}.proj", f"{public}.bn")
        for part, letter in zip(("conv1", "conv2", "conv3"), "abc", strict=True):
            yield from _conv_norm(f"{own}.{part}", f"{public}.f.{letter}", f"{public}.f.{letter}_bn")
    yield "classifier", "head.fc"


def _torchvision_regnetx(config: NetConfig) -> Pairs:
    yield from _conv_norm("stem", "stem.0", "stem.1")
    for own, stage, index, block in _own_blocks(config):
        public = f"trunk_output.block{stage + 1}.block{stage + 1}-{index}"
        if block.projection:
            yield from _conv_norm(f"{own}.projection", f"{public}.proj.0", f"{public}.proj.1")
        for part, letter in zip(("conv1", "conv2", "conv3"), "abc", strict=True):
            yield from _conv_norm(f"{own}.{part}", f"{public}.f.{letter}.0", f"{public}.f.{letter}.1")
    yield "classifier", "fc"


_RULES: dict[str, dict[str, Rule]] = {
    "rexnet": {"official": _official_rexnet, "timm": _timm_rexnet, PADDLE: _official_rexnet},
    "rexnetr": {"timm": _timm_rexnet},
    "rexnet_lite": {"official": _official_rexnet},
    "mobilenet_v2": {"torchvision": _torchvision_mobilenet_v2, "timm": _timm_bottlenecks},
    "regnetx": {"timm": _timm_regnetx, "official": _official_regnetx, "torchvision": _torchvision_regnetx},
    "efficientnet": {"timm": _timm_bottlenecks, "torchvision": _torchvision_efficientnet},
    "efficientnet_lite": {"efficientnet-pytorch": _efficientnet_pytorch, "timm": _timm_bottlenecks},
}
