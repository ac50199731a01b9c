"""The search for the setting nearest to the paper's figure: what the paper leaves open, tried out and counted.

A setting found this way is the best of many, so its distance is flattering and it proves nothing about what the
authors did. It is measured again with networks of another seed, and the number of settings tried goes with it.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.rank.layers.figure1 import distances, overlay
from analysis.rank.layers.setting import LayerSetting
from analysis.rank.layers.study import run_layers

if TYPE_CHECKING:
    from collections.abc import Callable

    from analysis.parallel import ParallelMap
    from analysis.rank.layers.study import LayerSample

#: What the paper leaves open, with the values that are tried.
OPEN_CHOICES: dict[str, tuple[Any, ...]] = {
    "weights": ("normal", "fan_in", "kaiming", "uniform"),
    "inputs": ("normal", "uniform", "half_normal"),
    "norm": ("none", "before", "after"),
    "rows": ("d+1", "2x", "4x"),
    "d_out": ((10, 30), (10, 60), (10, 100), (32, 128)),
    "expansion": ((1.0, 1.0), (2.0, 2.0), (6.0, 6.0), (0.0, 2.0), (0.0, 4.0), (0.0, 6.0), (0.0, 8.0)),
    "second_activation": ("same", "Linear", "ReLU6"),
    "spatial": (1, 3),
    "precision": ("float32", "float64"),
}
#: Tolerances cost nothing once the singular values are there, so all are tried with every setting.
TOLERANCES = ("numpy", "producer", *(f"rel:{value:g}" for value in (0.1, 0.03, 0.01, 1e-3, 1e-4, 1e-5, 1e-6)))
_RATIOS = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)
#: The best of the random settings are improved by changing one choice at a time.
_CLIMBERS = 3
_VALIDATION_SEED = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One setting with its distance from the figure.

    Args:
        setting: With the tolerance and centring as its primary metric.
        distance: Mean over the four panels of the mean absolute distance.
        panels: The distance of each panel.
    """

    setting: LayerSetting
    distance: float
    panels: dict[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {"distance": self.distance, "panels": self.panels, "setting": self.setting.as_dict()}


def search_closest(
    parallel_map: ParallelMap,
    *,
    tries: int = 300,
    networks: int = 20,
    seed: int = 0,
    progress: Callable[[int], None] = lambda _tried: None,
) -> dict[str, Any]:
    """Try random settings, improve the best ones choice by choice, and measure the winner on fresh networks.

    Args:
        parallel_map: Computes the chunks of networks.
        tries: Random settings.
        networks: Random networks of each; ten times as many for the winner.
        seed: Seed of the settings that are tried.
        progress: Receives the number of settings tried.

    Returns:
        ``settings_tried``; ``views_tried``, those times tolerances and centrings; ``best``, the nearest ones, one per
        setting, the nearest first; ``validated``, the nearest one again, with networks of another seed. A candidate
        has ``setting, distance, panels``.
    """
    chooser = random.Random(seed)
    candidates: dict[LayerSetting, Candidate] = {}

    def try_out(setting: LayerSetting) -> Candidate:
        if setting not in candidates:
            candidates[setting] = _nearest_view(run_layers(setting, parallel_map).whole())
            progress(len(candidates))
        return candidates[setting]

    for _ in range(tries):
        try_out(_random_setting(chooser, networks))
    starts = sorted(candidates, key=lambda setting: candidates[setting].distance)[:_CLIMBERS]
    for start in starts:
        _climb(start, try_out)
    best = sorted(candidates.values(), key=lambda one: one.distance)
    winner = best[0].setting
    fresh = replace(winner, networks=10 * networks, seed=_VALIDATION_SEED)
    return {
        "settings_tried": len(candidates),
        "views_tried": len(candidates) * len(TOLERANCES) * len(winner.centrings),
        "best": [candidate.as_dict() for candidate in best[:20]],
        "validated": _candidate(run_layers(fresh, parallel_map).whole()).as_dict(),
    }


def _random_setting(chooser: random.Random, networks: int) -> LayerSetting:
    choices = {name: chooser.choice(values) for name, values in OPEN_CHOICES.items()}
    return LayerSetting(ratios=_RATIOS, tolerances=TOLERANCES, networks=networks, **choices)


def _climb(start: LayerSetting, try_out: Callable[[LayerSetting], Candidate]) -> None:
    """Change one choice at a time as long as that brings the setting nearer."""
    best = try_out(start)
    while True:
        neighbours = [
            replace(start, **{name: value})
            for name, values in OPEN_CHOICES.items()
            for value in values
            if value != getattr(start, name)
        ]
        nearest = min(neighbours, key=lambda setting: try_out(setting).distance, default=start)
        if try_out(nearest).distance >= best.distance:
            return
        start, best = nearest, try_out(nearest)


def _nearest_view(sample: LayerSample) -> Candidate:
    """The sample at the tolerance and centring that are nearest to the figure."""
    views = [
        _candidate(replace(sample, setting=replace(sample.setting, primary=("rank", centring, tolerance))))
        for centring in sample.setting.centrings
        for tolerance in sample.setting.tolerances
    ]
    return min(views, key=lambda one: one.distance)


def _candidate(view: LayerSample) -> Candidate:
    panels = {one.block: one.mean_absolute_distance for one in distances(overlay(view))}
    return Candidate(setting=view.setting, distance=panels.pop("all"), panels=panels)
