"""Modules that others made: whether they can be measured at all, and put into eval mode."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rexnet_core.errors import UnsupportedModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

#: What `torch.nn.Module.get_extra_state` is kept under: it stays as the module's maker made it.
_EXTRA_STATE = "_extra_state"


def check_module(module: nn.Module, name: str) -> None:
    """Refuse a module that holds more, or other things, than plain tensors with values.

    Raises:
        UnsupportedModelError: It has layers without sizes, tensors that are not dense or not on the CPU, or a state
            that is no tensor.
    """
    for label, tensor in (*module.named_parameters(), *module.named_buffers()):
        if why := _find_fault(tensor):
            raise UnsupportedModelError(f"{name} has the tensor {label}, which {why}")
    for key, value in module.state_dict().items():
        if not hasattr(value, "dtype") and not key.endswith(_EXTRA_STATE):
            raise UnsupportedModelError(
                f"{name} keeps {key}, which is no tensor, as quantised layers do; return it before that"
            )


def _find_fault(tensor: Tensor) -> str:
    """What is wrong with a tensor, and what to do; empty if nothing is."""
    import torch  # noqa: PLC0415
    from torch.nn.parameter import is_lazy  # noqa: PLC0415

    if is_lazy(tensor):
        return "has no size before the first call; call the module once before it is returned"
    if tensor.device.type != "cpu":
        return f"is on the device {tensor.device.type}; return the module on the CPU, with all its values"
    if tensor.is_quantized:
        return "is quantised; return the module before it is quantised"
    if tensor.layout != torch.strided:
        return "is sparse; return the module with dense tensors"
    return ""


def set_to_eval(module: nn.Module) -> None:
    """Put a module into eval mode; one that was exported is in the mode it was exported in, and refuses another."""
    with contextlib.suppress(NotImplementedError):
        module.eval()
