"""The conventions under which a model's operations and parameters are counted, by name.

One network is printed with half a dozen numbers of "FLOPs". Each convention here is code of its own that gives the
parts of its total and what it left out, for any model and resolution. No torch is imported until something is counted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

from analysis.complexity.conventions.record import GROUPS, Count, Part, from_dict
from analysis.complexity.inputs import choose_inputs
from analysis.complexity.misfit import refuse_misfits
from analysis.data_tables import load_table
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import nn

__all__ = ["CONVENTIONS", "GROUPS", "Convention", "Count", "Part", "count_under", "count_under_each", "from_dict"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Convention:
    """One way to count.

    Args:
        name: Its key in `CONVENTIONS`.
        title: What people call it.
        quantity: ``operations`` or ``parameters``.
        unit: What one of its numbers is.
        counts: What it counts.
        leaves_out: What runs and is not in the number.
        source: The tool or paper that counts so, or the place where the rule is written.
        counter: Module, within `analysis.complexity`, and function that count.
        options: Further arguments of that function.
    """

    name: str
    title: str
    quantity: str
    unit: str
    counts: str
    leaves_out: str
    source: str
    counter: str
    options: Mapping[str, Any] = field(default_factory=dict)


#: Every convention by its name, operations first.
CONVENTIONS: Mapping[str, Convention] = {
    name: Convention(name=name, **facts) for name, facts in load_table(__file__, "conventions.toml").items()
}


def count_under(
    convention: str,
    model: nn.Module | str,
    resolution: int | tuple[int, int] = 224,
    *,
    in_channels: int = 3,
    shapes: Sequence[tuple[int, ...]] | None = None,
    dtypes: Sequence[str] | None = None,
    name: str | None = None,
) -> Count:
    """A model counted under a convention, for one image.

    Args:
        convention: A key of `CONVENTIONS`.
        model: A registered name, or any module.
        resolution: Side, or height and width, of the input [pixels].
        in_channels: Channels of the input.
        shapes: Of all inputs, as `analysis.complexity.trace` takes them, instead of `resolution` and `in_channels`.
        dtypes: Of all inputs.
        name: What the count bears as the model's name; by default the registered name, or the class of a module.

    Raises:
        InputError: Unknown model, a size out of range, a module that does not take such inputs, or one that the
            convention's tool counts and that is not modelled here.
        UnknownNameError: Unknown convention.
    """
    if convention not in CONVENTIONS:
        raise UnknownNameError("convention", convention, CONVENTIONS)
    place, _, function = CONVENTIONS[convention].counter.rpartition(".")
    options = CONVENTIONS[convention].options
    inputs = choose_inputs(resolution, in_channels, shapes, dtypes)
    with refuse_misfits(inputs):
        count: Count = getattr(import_module(f"analysis.complexity.{place}"), function)(model, inputs, **options)
    return count if name is None else replace(count, model=name)


def count_under_each(
    conventions: Sequence[str], model: nn.Module | str, resolution: int | tuple[int, int] = 224, **options: Any
) -> tuple[tuple[Count, ...], Mapping[str, str]]:
    """A model counted under several conventions, some of which may refuse it.

    Args:
        conventions: Keys of `CONVENTIONS`.
        model: As `count_under` takes it.
        resolution: As `count_under` takes it.
        options: Those of `count_under`.

    Returns:
        The counts, and the reason of each convention that has none.

    Raises:
        InputError: All of them refuse the model; the reason is that of the first.
        UnknownNameError: Unknown convention.
    """
    counts: list[Count] = []
    refused: dict[str, InputError] = {}
    for convention in conventions:
        try:
            counts.append(count_under(convention, model, resolution, **options))
        except UnknownNameError:
            raise
        except InputError as error:
            refused[convention] = error
    if refused and not counts:
        raise next(iter(refused.values()))
    return tuple(counts), {convention: str(error) for convention, error in refused.items()}
