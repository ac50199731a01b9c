"""How operations of torch are answered on `meta`, and where their tensors come from. Shared by all that watch runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

#: Their outputs have the shape of their first input. torch answers them on `meta` by Python decompositions that take
#: most of a run's time, so they are answered here.
_SAME_SHAPE = frozenset({"hardtanh", "relu", "sigmoid", "silu", "hardswish", "hardsigmoid"})

BATCH_NORMS = frozenset({"native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"})

#: Make a tensor or rename one; nothing is computed or copied.
_FREE = frozenset({"empty", "new_empty", "t", "detach", "alias", "lift_fresh", "device"})


def answer(func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives on `meta`, without torch's slow decompositions of the common ones."""
    name = func.overloadpacket.__name__
    if name in BATCH_NORMS:
        return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
    if name.rstrip("_") in _SAME_SHAPE:
        # One that ends in an underscore wrote into its input.
        return args[0] if name.endswith("_") else torch.empty_like(args[0])
    try:
        return func(*args, **(kwargs or {}))
    except RuntimeError:
        if all(tensor.is_meta for tensor in tensors_in((*args, *(kwargs or {}).values()))):
            raise
    # A forward made a constant without saying where.
    args, kwargs = tree_map_only(Tensor, lambda tensor: tensor.to("meta"), (args, kwargs or {}))
    return func(*args, **kwargs)


class Answering(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which operations are answered as by `answer`."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func` on `meta`."""
        return answer(func, args, kwargs)


def computes(func: Any) -> bool:
    """Whether an operation does more than make a tensor or rename one."""
    return func.overloadpacket.__name__ not in _FREE and not func.is_view


def tensors_in(values: Iterable[Any]) -> Iterator[Tensor]:
    """The tensors among arguments or results, and in lists of these."""
    for value in values:
        if isinstance(value, Tensor):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from tensors_in(value)


class Origins:
    """Which tensors are made of the inputs, and which of parameters and constants alone.

    Args:
        module: Its parameters and buffers are known by their names.
        inputs: What the module will be run on.
    """

    def __init__(self, module: torch.nn.Module, inputs: Sequence[Tensor]) -> None:
        named = (*module.named_parameters(), *module.named_buffers())
        self._names = {id(tensor): name for name, tensor in named}
        self._of_inputs = set(map(id, inputs))
        # Python gives the id of a dead tensor to a new one, so those whose id is kept are kept alive.
        self._alive = [*inputs, *(tensor for _, tensor in named)]

    def name_of(self, tensor: Tensor | None) -> str | None:
        """Name of the parameter or buffer that a tensor is, or is computed from; None for any other tensor."""
        return self._names.get(id(tensor))

    def is_weight(self, tensor: Tensor) -> bool:
        """Whether it is, or is computed from, parameters and buffers alone."""
        return id(tensor) in self._names

    def follow(self, inputs: list[Tensor], results: Any) -> None:
        """Give the results of an operation the origin of its inputs."""
        of_inputs = any(id(tensor) in self._of_inputs for tensor in inputs)
        name = next(filter(None, map(self.name_of, inputs)), None)
        for result in tensors_in((results,)):
            if of_inputs:
                self._of_inputs.add(id(result))
                self._names.pop(id(result), None)
            elif name is not None:
                self._names.setdefault(id(result), name)
            else:
                continue
            self._alive.append(result)
