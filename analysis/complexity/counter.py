"""The counter of `traced`: watches torch's operations and books each to the module whose parameter it reads."""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from torch.nn import functional
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from analysis.complexity.cost import conv_kind
from analysis.complexity.operations import BATCH_NORMS, Origins, answer, computes, tensors_in
from analysis.complexity.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from torch import Tensor, nn

#: Products of two tensors, which are their last two arguments.
_PRODUCTS = frozenset({"mm", "addmm", "bmm", "baddbmm", "mv", "addmv", "dot"})


class LayerCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which every operation is booked to the module that owns the parameter it reads.

    Linear layers are what is called as `torch.nn.functional.linear`, and any product of a weight with something else,
    a weight being computed from parameters and buffers alone. A product of two features is none, nor is one of two
    weights.

    Args:
        module: The model that will run inside the context, without gradients.
        inputs: What it will run on.
    """

    def __init__(self, module: nn.Module, inputs: Sequence[Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tally = Tally({name: parameter.numel() for name, parameter in module.named_parameters()})
        self._origins = Origins(module, inputs)
        self._makers: dict[int, str] = {}
        self._padded: dict[int, tuple[Tensor, int]] = {}
        self._linear_runs = False

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """The context itself, with calls of `linear` watched, too."""
        with _LinearCalls(self), self:
            yield

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func` on `meta`, once it is booked."""
        name = func.overloadpacket.__name__
        out = answer(func, args, kwargs)
        inputs = list(tensors_in((*args, *(kwargs or {}).values())))
        for maker in filter(None, (self._makers.get(id(tensor)) for tensor in inputs)):
            self.tally.read(maker)
        if name in BATCH_NORMS:
            self._batch_norm(args)
        elif name == "convolution":
            self._convolution(args, out)
        elif name == "constant_pad_nd":
            self._pad(args, out)
        elif name in _PRODUCTS and (weight := self._weight_of(args)) is not None:
            self._product(name, args, weight, out)
        elif computes(func) and not (self._linear_runs and name in _PRODUCTS):
            self._skip(name, args)
        self._origins.follow(inputs, out)
        return out

    def linear(self, call: Any, args: Any, named: Any) -> Any:
        """The result of a call of `linear`, once it is booked."""
        self._linear_runs = True
        try:
            out = call(*args, **named)
        finally:
            self._linear_runs = False
        rows, weight, bias = _linear_arguments(*args, **named)
        self._book(
            weight,
            "linear",
            macs=rows.numel() * (weight.shape[0] if weight.dim() > 1 else 1),
            inputs=rows.numel(),
            out=out,
            width=weight.shape[0] if weight.dim() > 1 else 1,
            has_bias=bias is not None,
        )
        return out

    def _skip(self, name: str, args: tuple[Any, ...]) -> None:
        self.tally.skip(name.rstrip("_"))
        if name.endswith("_") and args:
            # Written in place, the tensor is no longer what the layer put out, and a norm on it can't be folded.
            self._makers.pop(id(args[0]), None)

    def _pad(self, args: tuple[Any, ...], out: Tensor) -> None:
        """Note how many elements a padded map had: its zeros need no reading, as those of a convolution don't."""
        self._skip("constant_pad_nd", args)
        self._padded[id(out)] = (out, min(args[0].numel(), out.numel()))  # kept alive, so that its id stays its own

    def _book(self, weight: Tensor, kind: str, *, out: Tensor, **counts: Any) -> None:
        name, shape = self._origins.name_of(weight), tuple(out.shape)
        self._makers[id(out)] = self.tally.book(name, kind, out_shape=shape, **counts)

    def _convolution(self, args: tuple[Any, ...], out: Tensor) -> None:
        image, weight, bias, *_, transposed, _padding, groups = args
        w_in, w_out = int(image.shape[1]), int(out.shape[1])
        # A transposed convolution applies each weight once for each place of its input.
        places = image.numel() // w_in if transposed else out.numel() // w_out
        self._book(
            weight,
            conv_kind(w_in, w_out, math.prod(weight.shape[2:]), groups),
            macs=places * weight.numel(),
            inputs=self._padded.get(id(image), (image, image.numel()))[1],
            out=out,
            width=w_out,
            has_bias=bias is not None,
        )

    def _weight_of(self, args: tuple[Any, ...]) -> Tensor | None:
        """The factor of a product that is a weight, where the other one is none."""
        one, two = args[-2:]
        if self._linear_runs or self._origins.is_weight(one) == self._origins.is_weight(two):
            return None
        weight: Tensor = one if self._origins.is_weight(one) else two
        return weight

    def _product(self, name: str, args: tuple[Any, ...], weight: Tensor, out: Tensor) -> None:
        one, two = args[-2:]
        self._book(
            weight,
            "linear",
            macs=one.numel() * (int(two.shape[-1]) if two.dim() > 1 else 1),
            inputs=two.numel() if weight is one else one.numel(),
            out=out,
            width=int(out.shape[-2 if weight is one else -1]) if out.dim() > 1 else 1,
            has_bias="add" in name and self._origins.is_weight(args[0]),
        )

    def _batch_norm(self, args: tuple[Any, ...]) -> None:
        image, scale, shift, mean, _variance, from_batch, *_ = args
        name_of = self._origins.name_of
        self.tally.norm(
            name_of(mean if scale is None else scale),
            set(filter(None, (name_of(scale), name_of(shift)))),
            maker=self._makers.get(id(image)),
            shape=tuple(image.shape),
            fixed=from_batch is False,
        )


class _LinearCalls(TorchFunctionMode):
    """A context in which calls of `torch.nn.functional.linear` go to a counter."""

    def __init__(self, counter: LayerCounter) -> None:
        super().__init__()
        self._counter = counter

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func`."""
        if func is functional.linear:
            return self._counter.linear(func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def _linear_arguments(
    input: Tensor,  # noqa: A002 - torch's name for it
    weight: Tensor,
    bias: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor | None]:
    """The arguments of `linear` by their names."""
    return input, weight, bias
