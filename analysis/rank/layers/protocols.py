"""The named protocols: the text read literally, the setting nearest to the figure, the grid of what is left open."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.rank.layers.setting import LayerSetting

if TYPE_CHECKING:
    from collections.abc import Iterator

PROTOCOLS = ("literal", "closest", "sensitivity")

#: Section 3 as its readers report it: batch norm and then f, standard normal weights and inputs, N > d_out > d_in,
#: expansion by 6, output after the addition, and the rank that `matrix_rank` gives in single precision.
LITERAL = LayerSetting()

#: Random networks of each setting of the grid, which has about a hundred.
GRID_NETWORKS = 20

#: Seed of the protocol `closest`. The search and its validation use other seeds, so no network is used twice.
CLOSEST_SEED = 2

_CLOSEST = Path(__file__).with_name("closest.json")

#: The choices of the sensitivity grid besides tolerance and centring, which every sample has all of.
GRID: dict[str, tuple[Any, ...]] = {
    "inputs": ("normal", "uniform"),
    "weights": ("normal", "fan_in"),
    "norm": ("none", "before", "after"),
    "rows": ("d+1", "4x"),
    "d_out": ((10, 40), (40, 100)),
    "spatial": (1, 3),
}
#: In double precision 3e-05 of the largest singular value stands for what single precision would call zero.
GRID_BASE = LayerSetting(
    ratios=(0.05, 0.1, round(1 / 6, 4), 0.3, 0.5, 1.0),
    precision="float64",
    tolerances=("numpy", "rel:3e-05", "rel:0.001", "rel:0.01", "rel:0.03", "rel:0.1"),
    networks=GRID_NETWORKS,
)


def load_closest() -> dict[str, Any]:
    """The result of the search for the nearest setting, with the number of settings tried."""
    search: dict[str, Any] = json.loads(_CLOSEST.read_text(encoding="utf-8"))
    return search


def closest_setting() -> LayerSetting:
    """The setting nearest to the figure, on the full list of ratios and with all usual tolerances."""
    best = LayerSetting.from_dict(load_closest()["best"][0]["setting"])
    plain = LayerSetting()
    tolerances = tuple(dict.fromkeys([best.primary[2], *plain.tolerances]))
    return replace(best, ratios=plain.ratios, tolerances=tolerances, networks=plain.networks, seed=CLOSEST_SEED)


def expand_grid(base: LayerSetting = GRID_BASE) -> Iterator[tuple[dict[str, str], LayerSetting]]:
    """Every setting of the sensitivity grid with the levels it stands for.

    Args:
        base: Whose other parameters the settings share.
    """
    for values in itertools.product(*GRID.values()):
        choices = dict(zip(GRID, values, strict=True))
        levels = {name: _name(value) for name, value in choices.items()}
        yield levels, replace(base, **choices)


def describe_grid(base: LayerSetting) -> dict[str, Any]:
    """Every parameter of the grid, plain: those that vary with their levels, the others with their value."""
    levels = {name: [_name(value) for value in values] for name, values in GRID.items()}
    return {**base.as_dict(), **levels, "settings": math.prod(len(values) for values in GRID.values())}


def _name(value: Any) -> str:
    return f"{value[0]} to {value[1]}" if isinstance(value, tuple) else str(value)
