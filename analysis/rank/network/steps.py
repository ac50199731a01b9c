"""What runs in one of our networks, step by step: its layers, and the activations, sums and products between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

import rexnet_core
from rexnet_core.blocks import Block, SqueezeExcite

if TYPE_CHECKING:
    from collections.abc import Callable

_ACTIVATION_FILE = "torch.nn.modules.activation"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a forward pass.

    Args:
        name: Dotted name of the module. The sum of a block has no module of its own and is called ``BLOCK.add``, the
            product of squeeze-excite ``MODULE.scale``.
        kind: ``activation``, ``pool``, ``add``, ``scale``, or ``layer`` for a module that owns parameters.
        out_shape: For one image: (1, C, H, W) or (1, C).
    """

    name: str
    kind: str
    out_shape: tuple[int, ...]


def trace_steps(model: str, resolution: int, *, num_classes: int = 1000) -> tuple[Step, ...]:
    """The steps of a registered network in the order in which they run; shapes alone go through it, and no numbers.

    Args:
        model: A registered name.
        resolution: Side of the image [pixels].
        num_classes: Outputs of the classifier.
    """
    with torch.device("meta"):
        network = rexnet_core.create_model(model, num_classes=num_classes).eval()
        image = torch.empty(1, network.config.stem.w_in, resolution, resolution)
    steps: list[Step] = []
    for name, module in network.named_modules():
        _attach(module, name, steps)
    with torch.no_grad():
        network(image)
    return tuple(steps)


def _attach(module: nn.Module, name: str, steps: list[Step]) -> None:
    """Hooks that write down a module's steps as it runs."""

    def after(step: str, kind: str) -> Callable[..., None]:
        def note(_: nn.Module, __: Any, output: torch.Tensor) -> None:
            steps.append(Step(name=step, kind=kind, out_shape=tuple(output.shape)))

        return note

    def before_act(_: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        steps.append(Step(name=f"{name}.add", kind="add", out_shape=tuple(inputs[0].shape)))

    if kind := _kind_of(module):
        module.register_forward_hook(after(name, kind))
    elif isinstance(module, SqueezeExcite):
        module.register_forward_hook(after(f"{name}.scale", "scale"))
    elif isinstance(module, Block):
        for layer in module.layers:
            if layer.kind == "add" and layer.side == "output":
                module.get_submodule(layer.module).register_forward_hook(after(f"{name}.add", "add"))
            elif layer.kind == "add":
                module.get_submodule(layer.module).register_forward_pre_hook(before_act)


def _kind_of(module: nn.Module) -> str:
    if any(module.children()):
        return ""
    if type(module).__module__ == _ACTIVATION_FILE:
        return "activation"
    if isinstance(module, nn.AdaptiveAvgPool2d):
        return "pool"
    return "layer" if any(True for _ in module.parameters()) else ""
