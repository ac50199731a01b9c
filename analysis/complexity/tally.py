"""The counter of `traced`: watches torch's operations and books each to the module whose parameter it reads."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from analysis.complexity.cost import FP32_BYTES, LayerCost, conv_kind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

#: Their outputs have the shape of their first input. torch answers them on `meta` by Python decompositions that take
#: most of a run's time, so they are answered here.
_SAME_SHAPE = frozenset({"hardtanh", "relu", "sigmoid", "silu", "hardswish", "hardsigmoid"})

_BATCH_NORMS = frozenset({"native_batch_norm", "_native_batch_norm_legit_no_training", "cudnn_batch_norm"})

#: Make a tensor or rename one; nothing is computed or copied.
_FREE = frozenset({"empty", "new_empty", "t", "detach", "alias", "lift_fresh"})


@dataclass(slots=True)
class _Draft:
    """A layer while it is being counted; sizes in elements."""

    kind: str
    params: int
    macs: int = 0
    activations: int = 0
    inputs: int = 0
    out_shape: tuple[int, ...] = ()
    width: int = 0
    has_bias: bool = False
    norms: list[str] = field(default_factory=list)
    folded_away: bool = False


class DispatchCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """A context in which every operation is booked to the module that owns the parameter it reads.

    Args:
        module: The model that will run inside the context.
        stand_ins: Tensors that take the places of its parameters and buffers, by name.
    """

    def __init__(self, module: torch.nn.Module, stand_ins: Mapping[str, Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._sizes: Counter[str] = Counter()
        self._owners: dict[int, str] = {}
        self._drafts: dict[str, _Draft] = {}
        self._makers: dict[int, str] = {}
        self._skipped: Counter[str] = Counter()
        # Python gives the id of a dead tensor to a new one, so those whose id is kept are kept alive.
        self._alive: list[Tensor] = []
        for name, parameter in module.named_parameters():
            self._sizes[name.rpartition(".")[0]] += parameter.numel()
        for name, tensor in (*module.named_parameters(), *module.named_buffers()):
            self._owners[id(stand_ins.get(name, tensor))] = name.rpartition(".")[0]

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func` on `meta`, once it is booked."""
        name = func.overloadpacket.__name__
        out = answer(func, args, kwargs)
        if name in _BATCH_NORMS:
            self._batch_norm(args)
        elif name == "convolution":
            self._convolution(args, out)
        elif name in {"addmm", "mm"} and id(args[-1]) in self._owners:
            self._linear(args, out)
        elif name in {"t", "transpose", "permute"} and id(args[0]) in self._owners:
            self._owners[id(out)] = self._owners[id(args[0])]
            self._alive.append(out)
        elif computes(func):
            self._skip(name, args)
        return out

    def layers(self) -> tuple[LayerCost, ...]:
        """The layers in the order they ran, then modules that own parameters and were not seen."""
        unseen = {name: _Draft("other", size) for name, size in self._sizes.items() if name not in self._drafts}
        return tuple(_finish(name, draft) for name, draft in (self._drafts | unseen).items())

    def uncounted(self) -> tuple[str, ...]:
        """The operations that ran and are in no multiply-add count, most frequent first."""
        return tuple(f"{name} x{times}" for name, times in self._skipped.most_common())

    def _skip(self, name: str, args: tuple[Any, ...]) -> None:
        self._skipped[name.rstrip("_")] += 1
        if name.endswith("_") and args:
            # Written in place, the tensor is no longer what the layer put out, and a norm on it can't be folded.
            self._makers.pop(id(args[0]), None)

    def _draft(self, owner: str | None, kind: str) -> tuple[str, _Draft]:
        """The draft of a module; an operation on a tensor that is no parameter gets a name of its own."""
        name = f"<{kind} {len(self._drafts)}>" if owner is None else owner
        return name, self._drafts.setdefault(name, _Draft(kind, self._sizes[name]))

    def _book(self, name: str, draft: _Draft, *, macs: int, inputs: int, out: Tensor) -> None:
        """Adds one use of a layer; one that is used twice costs twice."""
        draft.macs += macs
        draft.inputs += inputs
        draft.activations += out.numel()
        draft.out_shape = tuple(out.shape)
        self._makers[id(out)] = name
        self._alive.append(out)

    def _convolution(self, args: tuple[Any, ...], out: Tensor) -> None:
        image, weight, bias, *_, transposed, _padding, groups = args
        kernel = math.prod(weight.shape[2:])
        w_in, w_out = int(image.shape[1]), int(out.shape[1])
        name, draft = self._draft(self._owners.get(id(weight)), conv_kind(w_in, w_out, kernel, groups))
        draft.width, draft.has_bias = w_out, bias is not None
        # A transposed convolution applies each weight once for each place of its input.
        places = image.numel() // w_in if transposed else out.numel() // w_out
        self._book(name, draft, macs=places * weight.numel(), inputs=image.numel(), out=out)

    def _linear(self, args: tuple[Any, ...], out: Tensor) -> None:
        weight, rows = args[-1], args[-2]
        name, draft = self._draft(self._owners[id(weight)], "linear")
        draft.width, draft.has_bias = int(out.shape[-1]), len(args) == 3  # noqa: PLR2004 - addmm: bias, rows, weight
        self._book(name, draft, macs=int(rows.shape[0]) * weight.numel(), inputs=rows.numel(), out=out)

    def _batch_norm(self, args: tuple[Any, ...]) -> None:
        image, weight, _shift, mean, *_ = args
        owner = self._owners.get(id(weight if weight is not None else mean))
        name, draft = self._draft(owner, "batch_norm")
        maker = self._makers.pop(id(image), None)
        if maker is not None:
            self._drafts[maker].norms.append(name)
        draft.folded_away = maker is not None
        draft.out_shape = tuple(image.shape)
        self._skipped["batch_norm"] += 1


def answer(func: Any, args: Any, kwargs: Any) -> Any:
    """What an operation gives on `meta`, without torch's slow decompositions of the common ones."""
    name = func.overloadpacket.__name__
    if name in _BATCH_NORMS:
        return torch.empty_like(args[0]), args[0].new_empty(0), args[0].new_empty(0)
    if name.rstrip("_") in _SAME_SHAPE:
        # One that ends in an underscore wrote into its input.
        return args[0] if name.endswith("_") else torch.empty_like(args[0])
    return func(*args, **(kwargs or {}))


def computes(func: Any) -> bool:
    """Whether an operation does more than make a tensor or rename one."""
    return func.overloadpacket.__name__ not in _FREE and not func.is_view


def _finish(name: str, draft: _Draft) -> LayerCost:
    folded = 0 if draft.folded_away else draft.params
    if draft.norms and not draft.has_bias:
        folded += draft.width
    moves = draft.kind not in {"batch_norm", "other"}
    return LayerCost(
        layer=name,
        kind=draft.kind,
        params=draft.params,
        params_folded=folded,
        macs=draft.macs,
        activations=draft.activations,
        out_shape=draft.out_shape,
        weight_bytes=FP32_BYTES * folded if moves else 0,
        input_bytes=FP32_BYTES * draft.inputs,
        output_bytes=FP32_BYTES * draft.activations,
    )
