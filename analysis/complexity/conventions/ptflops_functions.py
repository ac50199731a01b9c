"""What ptflops counts for functions that a model calls itself, by replacing them for the time of one run.

It replaces names: ``torch.nn.functional.relu`` is seen where it is called by that name, and not where a module took it
out of there when it was imported. ``torch.add(x, y)`` and ``x.add(y)`` are seen, the operator ``x + y`` is not. A
function that calls another of these counts twice. Replacing the same names here sees the same calls.

Source: sovrasov/flops-counter.pytorch, ``ptflops/pytorch_ops.py`` (``FUNCTIONAL_MAPPING``, ``TENSOR_OPS_MAPPING``) and
``pytorch_engine.py``, release 0.7.5.
"""

from __future__ import annotations

import contextlib
import functools
import threading
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch.nn import functional

from analysis.complexity.conventions.record import Part
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analysis.complexity.conventions.module_log import ModuleLog


class Rule(NamedTuple):
    """How a function is counted: under which group of operators, and how much for its arguments."""

    group: str
    amount: Callable[..., float]


class _Call(NamedTuple):
    layer: str
    operator: str
    group: str
    amount: float


def _elements(input: torch.Tensor, *_args: Any, **_named: Any) -> int:  # noqa: A002 - torch's name for it
    return input.numel()


def _interpolate(
    input: torch.Tensor,  # noqa: A002 - torch's name for it
    size: Any = None,
    scale_factor: Any = None,
    *_args: Any,
    **_named: Any,
) -> float:
    """Output elements, as the size or the factor gives them."""
    axes = input.dim() - 2
    if size is not None:
        return prod(input.shape[:2]) * (prod(map(int, size)) if isinstance(size, (tuple, list)) else int(size) ** axes)
    if isinstance(scale_factor, tuple) and len(scale_factor) == axes:
        # It multiplies them as whole numbers: a factor of 1.5 for each axis is one of 1.
        return input.numel() * prod(map(int, scale_factor))
    if not isinstance(scale_factor, (int, float)):
        raise InputError(f"ptflops breaks off at the scale factors {scale_factor!r}; give one factor, or a size")
    return float(input.numel() * scale_factor**axes)


def _product(input: torch.Tensor, other: torch.Tensor, *_args: Any, **_named: Any) -> int:  # noqa: A002
    return input.numel() * other.shape[-1]


def _added_product(
    input: torch.Tensor,  # noqa: A002 - torch's name for it
    mat1: torch.Tensor,
    mat2: torch.Tensor,
    *,
    beta: float = 1,
    **_named: Any,
) -> int:
    return mat1.numel() * mat2.shape[-1] + (input.numel() if beta != 0 else 0)


def _elementwise(input: Any, other: Any, *_args: Any, **_named: Any) -> int:  # noqa: A002
    """The larger of each two sides, which are set side by side from the *first* on."""
    one, two = (tuple(side.shape) if torch.is_tensor(side) else () for side in (input, other))
    longest = max(len(one), len(two))
    return prod(map(max, _filled(one, longest), _filled(two, longest)))


def _filled(shape: tuple[int, ...], length: int) -> tuple[int, ...]:
    return shape + (1,) * (length - len(shape))


_ACTIVATIONS = ("relu", "prelu", "elu", "relu6", "gelu", "softmax", "silu")
_POOLS = tuple(f"{kind}_pool{axes}d" for kind in ("avg", "max", "adaptive_avg", "adaptive_max") for axes in (1, 2, 3))
_PRODUCT, _ADDED = Rule("linear", _product), Rule("linear", _added_product)
_ELEMENTWISE = Rule("elementwise", _elementwise)
_METHODS = {
    **dict.fromkeys(("matmul", "mm", "bmm"), _PRODUCT),
    "addmm": _ADDED,
    **dict.fromkeys(("mul", "add"), _ELEMENTWISE),
}

#: Where a name is replaced, and the rule by which it counts.
RULES: tuple[tuple[Any, dict[str, Rule]], ...] = (
    (
        functional,
        {
            **dict.fromkeys(_ACTIVATIONS, Rule("activation", _elements)),
            **dict.fromkeys(_POOLS, Rule("pooling", _elements)),
            **dict.fromkeys(("upsample", "interpolate"), Rule("elementwise", _interpolate)),
        },
    ),
    (torch, {**_METHODS, "baddbmm": _ADDED}),
    (torch.Tensor, _METHODS),
)

#: Bears the operations of those functions in the log.
_CALLED = "<replaced function>"
#: The names are everyone's: two at a time would each put back what the other had put there.
_ONE_AT_A_TIME = threading.Lock()


class FunctionLog:
    """What the replaced functions counted in one run.

    Args:
        log: The module log of the same run, which knows the calling module.
    """

    def __init__(self, log: ModuleLog) -> None:
        self._log = log
        self._calls: list[_Call] = []
        self._owner = threading.get_ident()

    @contextlib.contextmanager
    def replaced(self) -> Iterator[None]:
        """A context in which the functions are replaced."""
        with _ONE_AT_A_TIME, contextlib.ExitStack() as stack:
            for home, rules in RULES:
                for name, rule in rules.items():
                    stack.enter_context(_replaced(home, name, self._counting(getattr(home, name), name, rule)))
            yield

    def parts(self) -> Iterator[Part]:
        """What was counted; fractions, which a factor may give, are cut off from the sum."""
        exact, whole = 0.0, 0
        for call in self._calls:
            exact += call.amount
            amount, whole = int(exact) - whole, int(exact)
            if amount:
                yield Part(layer=call.layer, operator=call.operator, group=call.group, amount=amount)

    def booked(self) -> set[str]:
        """The names under which the log has the operations of those functions."""
        return {_CALLED + call.layer for call in self._calls}

    def _counting(self, function: Callable[..., Any], name: str, rule: Rule) -> Callable[..., Any]:
        @functools.wraps(function)
        def counting(*args: Any, **named: Any) -> Any:
            if self._log.answers or threading.get_ident() != self._owner:
                return function(*args, **named)
            layer = self._log.running.removeprefix(_CALLED)
            self._calls.append(_Call(layer, name, rule.group, rule.amount(*args, **named)))
            with self._log.inside(_CALLED + layer):
                return function(*args, **named)

        return counting


@contextlib.contextmanager
def _replaced(home: Any, name: str, replacement: Callable[..., Any]) -> Iterator[None]:
    """A context in which a name means something else; one that was inherited is inherited again afterwards."""
    own, before = name in vars(home), getattr(home, name)
    setattr(home, name, replacement)
    try:
        yield
    finally:
        if own:
            setattr(home, name, before)
        else:
            delattr(home, name)
