"""What a count under some convention is: parts that sum to its total, and what it left out. No torch here."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analysis.complexity.inputs import Inputs

#: What operators do, in words that hold across the tools; stacked in this order.
GROUPS = (
    "convolution",
    "linear",
    "batch norm",
    "bias",
    "activation",
    "elementwise",
    "pooling",
    "preprocessing",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one operator of one layer counts.

    Args:
        layer: Name of the torch module; empty for operations between modules.
        operator: Name of the operator as the tool calls it.
        group: One of `GROUPS`.
        amount: Operations, multiply-adds or numbers, as the convention says; for one image.
    """

    layer: str
    operator: str
    group: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A model counted under one convention, for one image.

    Args:
        convention: Name of the convention.
        model: Registered name, or the name of the module's class.
        height: Height of the input [pixels].
        width: Width of the input [pixels].
        parts: What was counted, in the order the model runs.
        uncounted: What ran and was not counted, as ``name xN``.
        input_shapes: Shapes of all inputs where these are not one image ``(1, 3, height, width)``; else empty.
    """

    convention: str
    model: str
    height: int
    width: int
    parts: tuple[Part, ...]
    uncounted: tuple[str, ...] = ()
    input_shapes: tuple[tuple[int, ...], ...] = ()

    @property
    def total(self) -> int:
        """The sum of the parts: the number that is printed."""
        return sum(part.amount for part in self.parts)

    def by_operator(self) -> dict[str, int]:
        """Amount of each operator, largest first."""
        return _summed(self.parts, "operator")

    def by_group(self) -> dict[str, int]:
        """Amount of each of `GROUPS` that occurs, in that order."""
        sums = _summed(self.parts, "group")
        return {group: sums[group] for group in GROUPS if group in sums}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; `from_dict` reads them."""
        return {
            "convention": self.convention,
            "model": self.model,
            "height": self.height,
            "width": self.width,
            "parts": [[part.layer, part.operator, part.group, part.amount] for part in self.parts],
            "uncounted": list(self.uncounted),
        } | ({"input_shapes": [list(shape) for shape in self.input_shapes]} if self.input_shapes else {})


def from_dict(document: Mapping[str, Any]) -> Count:
    """The count that `Count.as_dict` gave.

    Raises:
        KeyError, TypeError, ValueError: It is not such a document.
    """
    parts = tuple(
        Part(layer=str(layer), operator=str(operator), group=str(group), amount=int(amount))
        for layer, operator, group, amount in document["parts"]
    )
    if any(part.group not in GROUPS or part.amount < 0 for part in parts):
        raise ValueError("a part has an unknown group or a negative amount")
    return Count(
        convention=str(document["convention"]),
        model=str(document["model"]),
        height=int(document["height"]),
        width=int(document["width"]),
        parts=parts,
        uncounted=tuple(str(one) for one in document["uncounted"]),
        input_shapes=tuple(tuple(map(int, shape)) for shape in document.get("input_shapes", ())),
    )


def make_count(
    convention: str, model: object, inputs: Inputs, parts: Iterable[Part], uncounted: Iterable[str] = ()
) -> Count:
    """The count of a model.

    Args:
        convention: Name of the convention.
        model: A registered name, or a module, whose class names the count.
        inputs: What it was counted on.
        parts: What was counted.
        uncounted: What ran and was not counted, as ``name xN``.
    """
    height, width = inputs.place
    return Count(
        convention=convention,
        model=model if isinstance(model, str) else type(model).__name__,
        height=height,
        width=width,
        parts=tuple(parts),
        uncounted=tuple(uncounted),
        input_shapes=() if inputs.shapes == ((1, 3, height, width),) else inputs.shapes,
    )


def describe_uncounted(times: Mapping[str, int]) -> tuple[str, ...]:
    """What was passed over, most frequent first, as ``name xN``."""
    return tuple(f"{name} x{count}" for name, count in sorted(times.items(), key=lambda one: (-one[1], one[0])))


def _summed(parts: tuple[Part, ...], field: str) -> dict[str, int]:
    sums: Counter[str] = Counter()
    for part in parts:
        sums[getattr(part, field)] += part.amount
    return dict(sums.most_common())
