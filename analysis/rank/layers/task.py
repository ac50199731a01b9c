"""What a layer study is asked for: protocols, with what replaces their parameters; no torch is needed to check it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from analysis.rank.layers import protocols
from analysis.setting_fields import about, check_fields, check_names, option
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.rank.layers.setting import LayerSetting

#: Overrides that the grid accepts; overriding a choice that the grid varies would leave nothing to vary.
_GRID_FREE = ("networks", "seed", "activations", "blocks")


_PROCESSES = about(
    "processes with one thread each",
    unset="as many as this machine has cores",
    flag="--processes",
    type=int,
    bounds=(1, 2**16),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LayersTask:
    """What to run; `overrides` are parameters of `LayerSetting` that replace the protocol's.

    Raises:
        UnknownNameError: A protocol is not known.
    """

    protocols: tuple[str, ...] = option(
        protocols.PROTOCOLS,
        "how the study decides what the paper leaves open: literal (the text read literally), closest "
        "(nearest to its figure, found by search), sensitivity (a grid)",
        unset="all three",
        flag="--protocol",
        nargs="+",
    )
    overrides: Mapping[str, Any] = field(default_factory=dict)
    exact: bool = option(False, "also compute exact ranks of networks of integers")
    workers: int = field(default=1, metadata=_PROCESSES)

    def __post_init__(self) -> None:
        check_names("protocol", self.protocols, protocols.PROTOCOLS)
        check_fields(self)

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"protocols": list(self.protocols), "overrides": make_plain(dict(self.overrides)), "exact": self.exact}

    def settings(self) -> dict[str, LayerSetting]:
        """The setting of each protocol that is a single one.

        Raises:
            InputError: An override is out of its range, or does not fit the others.
        """
        known = {"literal": lambda: protocols.LITERAL, "closest": protocols.closest_setting}
        return {name: _override(known[name](), self.overrides) for name in self.protocols if name in known}

    def grid_base(self) -> LayerSetting:
        """What all settings of the sensitivity grid share.

        Raises:
            InputError: An override does not reach the grid, or is out of its range.
        """
        for name in self.overrides:
            if name not in _GRID_FREE:
                raise InputError(
                    f"the sensitivity grid varies {name.replace('_', ' ')} by itself, so it can't be set; "
                    "add --protocol literal closest"
                )
        return replace(protocols.GRID_BASE, **self.overrides)

    def grid(self) -> list[tuple[dict[str, str], LayerSetting]]:
        """The settings of the sensitivity grid with their levels; empty where it is not asked for.

        Raises:
            InputError: As `grid_base`.
        """
        return list(protocols.expand_grid(self.grid_base())) if "sensitivity" in self.protocols else []

    @property
    def seed(self) -> int:
        """Of the grid and the sign map."""
        return int(self.overrides.get("seed", protocols.GRID_BASE.seed))


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTask:
    """What a search for the setting nearest to the paper's figure is asked for.

    Raises:
        InputError: A value is out of its range.
    """

    tries: int = option(120, "random settings before the best are improved", type=int, bounds=(1, 100_000))
    networks: int = option(16, "random networks of each setting", type=int, bounds=(2, 10_000))
    seed: int = option(0, "seed of the settings that are tried", type=int, bounds=(0, 2**31))
    workers: int = field(metadata=_PROCESSES)

    def __post_init__(self) -> None:
        check_fields(self)


def _override(setting: LayerSetting, overrides: Mapping[str, Any]) -> LayerSetting:
    """The setting with some parameters replaced; where the primary tolerance is no longer computed, the first is it."""
    changed = dict(overrides)
    tolerances = changed.get("tolerances", setting.tolerances)
    centrings = changed.get("centrings", setting.centrings)
    metric, centring, tolerance = changed.get("primary", setting.primary)
    if "primary" not in changed:
        centring = centring if centring in centrings else centrings[0]
        tolerance = tolerance if tolerance in tolerances else tolerances[0]
    return replace(setting, **{**changed, "primary": (metric, centring, tolerance)})
