"""Whether the layers of a quantised model ran in int8, and what did not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.records.case import QUANTIZED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from bench.records.measurement import LayerRun

#: Names in one sentence.
_NAMED = 3


def find_fallback(layers: Sequence[LayerRun], quantized: Collection[str]) -> str:
    """Which layers were quantised and ran in another precision, in one line; empty where none did.

    Args:
        layers: As the runtime executed them.
        quantized: Names of those that were quantised.
    """
    fallen = [layer for layer in layers if layer.layer in quantized and layer.precision != QUANTIZED]
    if not fallen:
        return ""
    share = sum(layer.macs for layer in fallen) / max(1, sum(layer.macs for layer in layers))
    names = ", ".join(layer.layer for layer in fallen[:_NAMED]) + (" ..." if len(fallen) > _NAMED else "")
    got = " and ".join(sorted({layer.precision for layer in fallen}))
    return f"{len(fallen)} quantised layers ran in {got}, with {share:.1%} of the multiply-adds: {names}"


def int8_share(layers: Sequence[LayerRun]) -> float | None:
    """The share of multiply-adds that ran in int8; None where the layers are not known."""
    total = sum(layer.macs for layer in layers)
    return sum(layer.macs for layer in layers if layer.precision == QUANTIZED) / total if total else None
