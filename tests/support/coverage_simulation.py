"""How often intervals hold the truth, by simulation: processes of several kinds, and groups that stop as runs do.

Every number is a logarithm, so the truth is 0. The intervals and the decision to stop are the project's own functions;
what is made up are processes and samples. Nothing here measures a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.intervals import normal_quantile
from bench.running.stopping import decide
from bench.statistics.intervals import FRESH_ROUNDS, MIN_ROUNDS, log_half_width

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from bench.records.settings import Settings

    Array = NDArray[np.float64]
    Random = np.random.Generator

#: Processes of mean 0 and standard deviation 1. In two states, a share of the processes is slow.
KINDS: Mapping[str, Callable[[Random, tuple[int, ...]], Array]] = {
    "normal": lambda random, shape: random.normal(size=shape),
    "heavy-tailed": lambda random, shape: random.standard_t(3, size=shape) / np.sqrt(3),
    "skewed": lambda random, shape: (random.gamma(4, size=shape) - 4) / 2,
    "strongly skewed": lambda random, shape: random.exponential(size=shape) - 1,
    "two states, 1 : 1": lambda random, shape: _two_states(random, shape, 0.5),
    "two states, 7 : 3": lambda random, shape: _two_states(random, shape, 0.3),
}
#: Samples of a round; odd, so that the median of logarithms is the logarithm of the median.
SAMPLES = 41


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What became of groups of two cases that were measured until `decide` ended them; shares of all groups.

    Args:
        rounds: Mean number of rounds.
        held: Share of latencies whose interval holds the truth, whatever the reason to stop.
        speedup_held: The same of the speed-up of one case over the other.
        reasons: Share of groups that stopped for each reason.
        held_by: Of these groups, the share of latencies whose interval holds the truth.
        speedup_held_by: The same of speed-ups.
    """

    rounds: float
    held: float
    speedup_held: float
    reasons: Mapping[str, float]
    held_by: Mapping[str, float]
    speedup_held_by: Mapping[str, float]


def draw_rounds(
    random: Random, kind: str, shape: tuple[int, ...], between: float, within: float
) -> tuple[Array, Array]:
    """Medians of process rounds, and how far the samples of each leave its median open, both of `shape`."""
    samples = within * random.normal(size=(*shape, SAMPLES))
    samples.sort(axis=-1)
    # As `median_openness`: the share of samples about the middle that holds the median.
    reach = normal_quantile() / 2 / np.sqrt(SAMPLES)
    low, high = np.quantile(samples, [0.5 - reach, 0.5 + reach], axis=-1)
    return between * KINDS[kind](random, shape) + samples[..., SAMPLES // 2], (high - low) / 2


def reach_of(medians: Array, openness: Array, fresh: int = 0) -> Array:
    """Half the width of the interval as it is shown, shape (..., rounds) to (...)."""
    least = np.sqrt((openness**2).sum(axis=-1)) / openness.shape[-1]
    return np.maximum(log_half_width(medians, fresh), least)


def simulate_fixed(
    kind: str, between: float, within: float, rounds: Sequence[int], *, trials: int, seed: int = 0
) -> list[float]:
    """Coverage for each number of rounds, all fixed in advance."""
    random = np.random.default_rng(seed)
    medians, openness = draw_rounds(random, kind, (trials, max(rounds)), between, within)
    return [_share_held(medians[:, :count], openness[:, :count]) for count in rounds]


def simulate_stopping(
    kind: str, between: float, within: float, settings: Settings, *, trials: int, seed: int = 0
) -> Stopped:
    """Measure groups of two cases, each as long as `decide` says, from processes that are independent of each other."""
    random = np.random.default_rng(seed)
    most = settings.max_rounds
    medians, openness = draw_rounds(random, kind, (trials, 2, most), between, within)
    widths = np.full((trials, 2, most), np.inf)
    for count in range(MIN_ROUNDS, most + 1):
        widths[..., count - 1] = np.sinh(reach_of(medians[..., :count], openness[..., :count]))
    ends = [_find_end(settings, each.T.tolist()) for each in widths]
    ratios, open_by = medians[:, 0] - medians[:, 1], np.hypot(openness[:, 0], openness[:, 1])
    held, speedup_held = np.empty((trials, 2)), np.empty(trials)
    for count, reason in set(ends):
        rows = [place for place, end in enumerate(ends) if end == (count, reason)]
        fresh = FRESH_ROUNDS if reason == "target" else 0
        held[rows] = _holds(medians[rows, :, :count], openness[rows, :, :count], fresh)
        speedup_held[rows] = _holds(ratios[rows, :count], open_by[rows, :count], fresh)
    reasons = np.array([reason for _, reason in ends])
    places = {reason: reasons == reason for reason in sorted(set(reasons.tolist()))}
    return Stopped(
        rounds=float(np.mean([count for count, _ in ends])),
        held=float(held.mean()),
        speedup_held=float(speedup_held.mean()),
        reasons={reason: float(place.mean()) for reason, place in places.items()},
        held_by={reason: float(held[place].mean()) for reason, place in places.items()},
        speedup_held_by={reason: float(speedup_held[place].mean()) for reason, place in places.items()},
    )


def render_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _find_end(settings: Settings, widths: Sequence[Sequence[float]]) -> tuple[int, str]:
    for count in range(1, len(widths) + 1):
        if reason := decide(settings, widths[:count]):
            return count, reason
    raise AssertionError(widths)


def _share_held(medians: Array, openness: Array) -> float:
    return float(_holds(medians, openness, 0).mean())


def _holds(medians: Array, openness: Array, fresh: int) -> NDArray[np.bool_]:
    return np.abs(medians.mean(axis=-1)) <= reach_of(medians, openness, fresh)


def _two_states(random: Random, shape: tuple[int, ...], slow: float) -> Array:
    return ((random.random(shape) < slow) - slow) / np.sqrt(slow * (1 - slow))
