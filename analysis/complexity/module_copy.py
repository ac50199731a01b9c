"""Copies of modules, so that counting never touches the module that it is given.

A copy keeps what is shared: submodules and tensors under several names are one in the copy, too. It has the hooks, the
parametrizations and the plain attributes of the original, and every tensor among them is replaced by a new one.
"""

from __future__ import annotations

import contextlib
import copy
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter, is_lazy
from torch.overrides import TorchFunctionMode

from analysis.complexity.function_copy import FunctionCopies
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from torch import Tensor


#: Each copy with the modules that it, or what it was copied from, is a copy of.
_ORIGINALS: WeakKeyDictionary[nn.Module, tuple[nn.Module, ...]] = WeakKeyDictionary()


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
    """A copy whose tensors have the same numbers on the same devices; one without data has zeros on the processor."""
    return _copy(module, _clone, None)


def _clone(tensor: Tensor) -> Tensor:
    return torch.zeros_like(tensor, device="cpu") if tensor.is_meta else tensor.detach().clone()


def copy_to_processor(module: nn.Module) -> nn.Module:
    """A copy whose tensors are on the processor, with whatever is in the memory there."""
    return _copy(module, lambda tensor: torch.empty_strided(tensor.size(), tensor.stride(), dtype=tensor.dtype), "cpu")


def has_lazy_tensors(module: nn.Module) -> bool:
    """Whether shapes of parameters or buffers are not known before the module has run."""
    return any(map(is_lazy, (*module.parameters(), *module.buffers())))


@torch.inference_mode(mode=False)
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
            functions = FunctionCopies(module, memo)
            copied: nn.Module = copy.deepcopy(module, memo)
            functions.finish()
    except Exception as error:  # the copying code is that of the attributes, which may be of any class
        reason = next(iter(str(error).splitlines()), "")
        raise InputError(
            f"a model is counted on a copy of it; copying this {type(module).__name__} gave {type(error).__name__}: "
            f"{reason}; take out of its attributes what can't be copied"
        ) from error
    copied.eval()
    _ORIGINALS[copied] = (*_ORIGINALS.get(module, ()), *module.modules())
    return copied


@contextlib.contextmanager
def originals_stay_out(module: nn.Module) -> Iterator[None]:
    """A context in which a copy runs, and no module that was copied.

    What a model reaches by a name of its file, or through an object of another kind, is not copied.

    Raises:
        InputError: The model runs such an original.
    """
    originals, thread = {id(one) for one in _ORIGINALS.get(module, ())}, threading.get_ident()

    def refuse(child: nn.Module, _inputs: Any) -> None:
        if id(child) in originals and threading.get_ident() == thread:
            raise InputError(
                f"a model is counted on a copy of it; this {type(module).__name__} does not run the copy of its "
                f"{type(child).__name__} but the original; reach submodules as attributes of their module"
            )

    hook = register_module_forward_pre_hook(refuse)
    try:
        yield
    finally:
        hook.remove()
