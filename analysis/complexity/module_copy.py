"""Copies of modules, so that counting never touches the module that it is given.

A copy keeps what is shared: submodules and tensors under several names are one in the copy, too. It has the hooks, the
parametrizations and the plain attributes of the original, and every tensor among them is replaced by a new one.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from torch.overrides import TorchFunctionMode

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor, nn


class _Replacing(TorchFunctionMode):
    """A context in which a deep copy replaces each tensor; torch itself refuses to copy those with a history."""

    def __init__(self, replace: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self._replace = replace

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func`, or the tensor that replaces the one to be copied."""
        if func is torch.Tensor.__deepcopy__:
            tensor, memo = args
            if id(tensor) not in memo:
                memo[id(tensor)] = self._replace(tensor).requires_grad_(tensor.requires_grad)
            return memo[id(tensor)]
        if func is torch.Tensor.clone:  # a parameter copies its data so
            return self._replace(args[0])
        return func(*args, **(kwargs or {}))


def copy_without_data(module: nn.Module) -> nn.Module:
    """A copy whose tensors are all on `meta`."""
    return _copy(module, lambda tensor: torch.empty_like(tensor, device="meta"), "meta")


def copy_with_data(module: nn.Module) -> nn.Module:
    """A copy whose tensors have the same numbers on the same devices."""
    return _copy(module, lambda tensor: tensor.detach().clone(), None)


def copy_to_processor(module: nn.Module) -> nn.Module:
    """A copy whose tensors are on the processor, with whatever is in the memory there."""
    return _copy(module, lambda tensor: torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype), "cpu")


def has_lazy_tensors(module: nn.Module) -> bool:
    """Whether shapes of parameters or buffers are not known before the module has run."""
    return any(map(is_lazy, (*module.parameters(), *module.buffers())))


def _copy(module: nn.Module, replace: Callable[[Tensor], Tensor], device: str | None) -> nn.Module:
    """A copy in inference mode.

    Raises:
        InputError: Something that the module holds can't be copied.
    """
    memo: dict[int, Any] = {}
    for lazy in filter(is_lazy, (*module.parameters(), *module.buffers())):
        kind: Any = UninitializedParameter if isinstance(lazy, UninitializedParameter) else UninitializedBuffer
        memo[id(lazy)] = kind(lazy.requires_grad, device=device or lazy.device, dtype=lazy.data.dtype)
    try:
        with _Replacing(replace):
            copied: nn.Module = copy.deepcopy(module, memo)
    except Exception as error:  # the copying code is that of the attributes, which may be of any class
        reason = next(iter(str(error).splitlines()), "")
        raise InputError(
            f"a model is counted on a copy of it; copying this {type(module).__name__} gave {type(error).__name__}: "
            f"{reason}; take out of its attributes what can't be copied"
        ) from error
    copied.eval()
    return copied
