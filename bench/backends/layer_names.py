"""The layers with weights of a module in the order in which it calls them, for runtimes that forget their names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt
    import torch


def list_module_layers(
    module: torch.nn.Module, inputs: Sequence[npt.NDArray[Any]]
) -> list[tuple[str, int, tuple[int, ...]]]:
    """Name, number of weights and shape of the output of each call of a convolution or linear layer.

    Args:
        module: In eval mode.
        inputs: One batch of each input.
    """
    import torch  # noqa: PLC0415

    calls: list[tuple[str, int, tuple[int, ...]]] = []

    def note(name: str, layer: Any) -> Any:
        return layer.register_forward_hook(
            lambda _layer, _inputs, output: calls.append((name, layer.weight.numel(), tuple(output.shape)))
        )

    kinds = (torch.nn.modules.conv._ConvNd, torch.nn.Linear)  # noqa: SLF001 - the class that convolutions share
    hooks = [note(name, layer) for name, layer in module.named_modules() if isinstance(layer, kinds)]
    try:
        with torch.inference_mode():
            module(*map(torch.from_numpy, inputs))
    finally:
        for hook in hooks:
            hook.remove()
    return calls
