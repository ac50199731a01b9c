"""fvcore's rules, for a run without data: what `fvcore_counts` has fvcore itself count on real tensors.

fvcore reads the operations of a `torch.jit` trace. They are the functions of torch that a model calls, before torch
takes them apart, so the same ones are seen here as they are called. Operations that fvcore has no rule for count
nothing: convolutions whose padding is given as a word, LSTMs, other pooling than adaptive. Fused attention, which it
has no rule for either, counts here as it does where a model writes its two products itself.

One rule differs: fvcore takes the cost of `einsum` from a text of NumPy with four digits; here it is exact.

Source: facebookresearch/fvcore, ``fvcore/nn/flop_count.py`` and ``jit_handles.py``, release 0.1.5.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from analysis.complexity.conventions.module_log import ModuleLog
from analysis.complexity.conventions.record import Count, Part, describe_uncounted, make_count
from analysis.complexity.inputs import Resolution, read_inputs
from analysis.complexity.meta_run import build_on_meta, make_tensors, run_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Rule(NamedTuple):
    """How a function counts.

    Args:
        operator: fvcore's name for it.
        group: One of `analysis.complexity.conventions.record.GROUPS`.
        names: Of its first arguments, as torch calls them; where empty, `amount` takes what the function took.
        amount: Its count, from its result and these arguments, None for those that were not given.
    """

    operator: str
    group: str
    names: tuple[str, ...]
    amount: Callable[..., int]

    def amount_of(self, out: Any, args: tuple[Any, ...], named: Mapping[str, Any]) -> int:
        """The count of one call."""
        if not self.names:
            return self.amount(out, *args)
        given = dict(zip(self.names, args, strict=False)) | dict(named)
        return self.amount(out, *(given.get(name) for name in self.names))


def count_by_fvcore_rules(model: torch.nn.Module | str, resolution: Resolution = 224) -> Count:
    """What fvcore counts, and the products of fused attention.

    Args:
        model: A registered name, or a module.
        resolution: Side, or height and width, of the image [pixels], or inputs of any kind.

    Raises:
        InputError: Unknown name, or a side out of range.
    """
    inputs = read_inputs(resolution)
    module = build_on_meta(model, inputs)
    log = ModuleLog(module)
    calls = _RuledCalls(log)
    with calls:
        run_once(module, make_tensors(module, inputs), log)
    uncounted = describe_uncounted(log.operations(outside={part.layer for part in calls.parts}))
    return make_count("fvcore_and_attention", model, inputs, calls.parts, uncounted)


class _RuledCalls(TorchFunctionMode):
    """A context in which calls of functions that have a rule become parts of a count."""

    def __init__(self, log: ModuleLog) -> None:
        super().__init__()
        self._log = log
        self.parts: list[Part] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """The result of `func`."""
        out = func(*args, **(kwargs or {}))
        rule = _RULES.get(func)
        if rule is not None and not self._log.answers and (amount := rule.amount_of(out, args, kwargs or {})):
            self.parts.append(Part(layer=self._log.running, operator=rule.operator, group=rule.group, amount=amount))
        return out


def _convolution(out: Tensor, _image: Tensor, weight: Tensor, _bias: Any, _stride: Any, padding: Any) -> int:
    return 0 if isinstance(padding, str) else out.numel() // weight.shape[0] * weight.numel()


def _transposed(_out: Tensor, image: Tensor, weight: Tensor) -> int:
    return image.numel() // weight.shape[0] * weight.numel()


def _linear(_out: Tensor, rows: Tensor, weight: Tensor) -> int:
    return rows.numel() * weight.shape[0]


def _product(_out: Tensor, one: Tensor, two: Tensor) -> int:
    return one.numel() * (two.shape[-1] if two.dim() > 1 else 1)


def _added_product(_out: Tensor, _added: Tensor, one: Tensor, two: Tensor) -> int:
    return _product(_out, one, two)


def _attention(_out: Tensor, query: Tensor, key: Tensor, value: Tensor) -> int:
    """Queries (..., L, E) with keys (..., S, E), and their result with values (..., S, V)."""
    return prod(query.shape[:-1]) * key.shape[-2] * (query.shape[-1] + value.shape[-1])


def _multi_head_attention(_out: Tensor, query: Tensor, key: Tensor, value: Tensor) -> int:
    """The projections of all three and of the result, and the two products, of (L, N, E), (S, N, K) and (S, N, V)."""
    width, keys = query.shape[-1], key.shape[0]
    projections = (2 * query.numel() + key.numel() + value.numel()) * width
    return projections + 2 * query.numel() * keys


def _einsum(_out: Tensor, equation: str, *operands: Any) -> int:
    """The product of the sizes of all indices, for two tensors are multiplied."""
    tensors = operands[0] if isinstance(operands[0], (list, tuple)) else operands
    terms = equation.replace(" ", "").partition("->")[0].split(",")
    sizes: dict[str, int] = {}
    for term, tensor in zip(terms, tensors, strict=True):
        sizes |= zip(term, tensor.shape, strict=False)
    return prod(sizes.values())


def _batch_norm(
    _out: Tensor, features: Tensor, _mean: Any, _variance: Any, weight: Tensor | None, _bias: Any, training: bool | None
) -> int:
    """Two per element; five with the statistics of the batch, by which some layers standardise their weights."""
    return _norm(_out, features, None, weight) if training else features.numel() * (1 if weight is None else 2)


def _instance_norm(_out: Tensor, features: Tensor, _mean: Any, _variance: Any, weight: Tensor | None) -> int:
    return _norm(_out, features, None, weight)


def _norm(_out: Tensor, features: Tensor, _shape: Any, weight: Tensor | None) -> int:
    return features.numel() * (4 if weight is None else 5)


def _read(_out: Tensor, features: Tensor) -> int:
    return features.numel()


def _interpolate(out: Tensor, image: Tensor, _size: Any, _factor: Any, mode: str | None) -> int:
    known = _INTERPOLATIONS.get(mode or "nearest", 0) if image.dim() == _IMAGE_AXES else 0
    return known * out.numel()


_IMAGE_AXES = 4
#: What an output element of `interpolate` counts, for images; other ways of it have no rule.
_INTERPOLATIONS = {"nearest": 1, "bilinear": 4}

_WEIGHTED = ("input", "weight")
_CONVOLUTION = Rule("conv", "convolution", (*_WEIGHTED, "bias", "stride", "padding"), _convolution)
_TRANSPOSED = Rule("conv", "convolution", _WEIGHTED, _transposed)
_NORMED = ("input", "running_mean", "running_var", "weight", "bias", "training")

_RULES: dict[Any, Rule] = {
    **dict.fromkeys((functional.conv1d, functional.conv2d, functional.conv3d), _CONVOLUTION),
    **dict.fromkeys(
        (functional.conv_transpose1d, functional.conv_transpose2d, functional.conv_transpose3d), _TRANSPOSED
    ),
    functional.linear: Rule("linear", "linear", _WEIGHTED, _linear),
    **dict.fromkeys(
        (torch.matmul, Tensor.matmul, Tensor.__matmul__), Rule("matmul", "linear", ("input", "other"), _product)
    ),
    Tensor.__rmatmul__: Rule("matmul", "linear", ("other", "input"), lambda out, two, one: _product(out, one, two)),
    **dict.fromkeys((torch.mm, Tensor.mm), Rule("mm", "linear", ("input", "mat2"), _product)),
    **dict.fromkeys((torch.bmm, Tensor.bmm), Rule("bmm", "linear", ("input", "mat2"), _product)),
    **dict.fromkeys((torch.addmm, Tensor.addmm), Rule("addmm", "linear", ("input", "mat1", "mat2"), _added_product)),
    torch.einsum: Rule("einsum", "linear", (), _einsum),
    functional.scaled_dot_product_attention: Rule(
        "scaled_dot_product_attention", "linear", ("query", "key", "value"), _attention
    ),
    functional.multi_head_attention_forward: Rule(
        "multi_head_attention", "linear", ("query", "key", "value"), _multi_head_attention
    ),
    functional.batch_norm: Rule("batch_norm", "batch norm", _NORMED, _batch_norm),
    **dict.fromkeys(
        (functional.layer_norm, torch.layer_norm),
        Rule("layer_norm", "elementwise", ("input", "normalized_shape", "weight"), _norm),
    ),
    **dict.fromkeys(
        (functional.group_norm, torch.group_norm),
        Rule("group_norm", "elementwise", ("input", "num_groups", "weight"), _norm),
    ),
    functional.instance_norm: Rule("instance_norm", "elementwise", _NORMED[:4], _instance_norm),
    functional.adaptive_avg_pool2d: Rule("adaptive_avg_pool2d", "pooling", ("input",), _read),
    functional.interpolate: Rule("upsample", "elementwise", ("input", "size", "scale_factor", "mode"), _interpolate),
    functional.grid_sample: Rule("grid_sampler", "elementwise", ("input",), lambda out, _image: 4 * out.numel()),
}
