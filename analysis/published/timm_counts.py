"""The GMACs and parameters of timm's results tables beside ours. No torch until something is counted.

The tables with ``infer_gmacs`` and ``param_count`` were written by timm's ``benchmark.py``, which prints what fvcore's
`FlopCountAnalysis` counts, divided by 10**9 and rounded to two decimals. So the number is more than multiply-adds: it
has two operations per element of batch norm, five per element of layer norm and group norm, one per element that
adaptive pooling reads, those of interpolation, and the products of attention.

Fact: fvcore passes over fused attention, and the printed numbers have its products: of vit_tiny_patch16_224, fvcore
gives 1.08 G with it and 1.26 G without it, and 1.26 is printed. Inferred: timm's switch ``TIMM_FUSED_ATTN=0`` was set
when the numbers were made.

Source: huggingface/pytorch-image-models, ``benchmark.py``, ``profile_fvcore``, at commit aa4b585.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Literal

from analysis.complexity.inputs import choose_inputs
from analysis.complexity.misfit import refuse_misfits
from analysis.data_tables import load_table
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from torch import nn

    from analysis.complexity.conventions.record import Count

#: The name that these counts bear.
TIMM_TABLES = "timm_tables"

#: What half a unit of the last digit is, in the base unit. `round(x, 2)` leaves out zeros at the end: 2.7 is 2.70.
_HALF_UNITS = {"gmacs": Decimal("0.005e9"), "params_m": Decimal("0.005e6")}
_UNITS = {"gmacs": Decimal("1e9"), "params_m": Decimal("1e6")}

_EXPLANATIONS = load_table(__file__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimmVerdict:
    """One number of the tables beside ours.

    Args:
        model: Name in the tables, without a tag.
        column: ``gmacs`` or ``params_m``.
        printed: As it is printed.
        ours: Our count in the base unit.
        verdict: ``reproduced``, ``explained`` or ``contradicted``, as in `analysis.published.verdict.VERDICTS`.
        reason: Why it is explained; else empty.
    """

    model: str
    column: str
    printed: str
    ours: int
    verdict: str
    reason: str = ""


def count_as_timm_tables(
    module: nn.Module,
    resolution: int = 224,
    *,
    shapes: Sequence[tuple[int, ...]] | None = None,
    name: str | None = None,
) -> Count:
    """What timm's results tables print as ``infer_gmacs``, times 10**9 and before it is rounded.

    Args:
        module: A model of timm, or any other. A copy of it runs once without data.
        resolution: Side of the square image [pixels].
        shapes: Of all inputs, instead of `resolution`.
        name: What the count bears as the model's name; by default the module's class.

    Raises:
        InputError: A size out of range, or a module that does not take such inputs.
    """
    from analysis.complexity.conventions.fvcore_rules import count_by_fvcore_rules  # noqa: PLC0415 - torch when counting

    inputs = choose_inputs(resolution, 3, shapes, None)
    with refuse_misfits(inputs):
        count = count_by_fvcore_rules(module, inputs)
    return replace(count, convention=TIMM_TABLES, model=name or count.model)


def judge(model: str, column: Literal["gmacs", "params_m"], printed: str, ours: int) -> TimmVerdict:
    """Whether a printed number is our count at two decimals.

    It is where they differ by at most half a unit of the second decimal; a count that lies exactly between two numbers
    is both.

    Args:
        model: Name in the tables; a tag makes no difference, as it chooses weights.
        column: Which number it is.
        printed: As it is printed, or with the zeros at the end that the tables leave out.
        ours: From `count_as_timm_tables`, or the number of parameters.

    Raises:
        InputError: `printed` is no number.
    """
    architecture = model.partition(".")[0]
    value = _read(printed, column)
    if abs(value - ours) <= _HALF_UNITS[column]:
        return TimmVerdict(model=model, column=column, printed=printed, ours=ours, verdict="reproduced")
    known = _EXPLANATIONS.get(architecture, {})
    explained = column in known and _read(known[column], column) == value
    return TimmVerdict(
        model=model,
        column=column,
        printed=printed,
        ours=ours,
        verdict="explained" if explained else "contradicted",
        reason=known["reason"] if explained else "",
    )


def share_reproduced(verdicts: Iterable[TimmVerdict]) -> float:
    """Reproduced numbers over all; NaN where there are none."""
    found = [one.verdict == "reproduced" for one in verdicts]
    return sum(found) / len(found) if found else float("nan")


def _read(printed: str, column: str) -> Decimal:
    """A printed number in the base unit."""
    try:
        value = Decimal(printed) * _UNITS[column]
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise InputError(f"{column} of timm's tables must be a number such as 0.41, got {printed!r}")
    return value
