"""What the paper claims of trained networks, judged by fixed rules. No torch here."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.data_tables import load_table
from analysis.rank.trained.run import METRICS
from analysis.statistics.bootstrap import correlation_estimate
from analysis.statistics.estimates import COVERAGE, Estimate
from analysis.statistics.intervals import mean_estimate, shared_coverage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.rank.spectra.spectrum import Array
    from analysis.rank.trained.networks import TrainedNetwork
    from analysis.rank.trained.run import Run

    Runs = Mapping[tuple[str, int], Run]

HOLDS, FAILS, UNDECIDED = "holds", "fails", "can't be told"
_TEXTS = load_table(__file__)
#: What a step must raise.
_RAISED = ("accuracy", "nuclear_norm")


def mean_over_seeds(values: Sequence[float], coverage: float = COVERAGE) -> Estimate:
    """The mean over seeds with Student's interval, which covers all that a seed changes.

    A seed changes the initial weights, the order of the images and, where the setting says so, the training images. The
    interval covers no other data set and no other recipe.
    """
    if len(values) > 1 and min(values) == max(values):
        # Accuracies are counts: two that agree by chance must not make an interval of no width.
        return Estimate(value=values[0], reason="all seeds agree, so their spread is unknown")
    return mean_estimate(np.array(values, dtype=np.float64), coverage)


def compare(runs: Runs, first: str, second: str, metric: str, coverage: float = COVERAGE) -> dict[str, Any]:
    """The paired difference of two networks, second minus first, over the seeds in which both were trained.

    Args:
        runs: By network and seed.
        first: Name of the network that is taken away.
        second: Name of the other.
        metric: A field of `Run`.
        coverage: Coverage of the interval.
    """
    both = (
        (getattr(run, metric), getattr(runs[second, seed], metric))
        for (name, seed), run in runs.items()
        if name == first and (second, seed) in runs
    )
    differences = [after - before for before, after in both if math.isfinite(after - before)]
    mean = mean_over_seeds(differences, coverage)
    return {
        "first": first,
        "second": second,
        "metric": metric,
        "difference": mean.value,
        "low": mean.low,
        "high": mean.high,
        "seeds": len(differences),
        "wins": sum(difference > 0 for difference in differences),
    }


def compare_all(networks: Sequence[TrainedNetwork], runs: Runs) -> list[dict[str, Any]]:
    """Neighbours within each group and, where it has more than two, its first and last; every metric."""
    couples: list[tuple[str, str]] = []
    for group in dict.fromkeys(network.group for network in networks):
        names = [network.name for network in networks if network.group == group]
        ends = [(names[0], names[-1])] if len(names) > 2 else []  # noqa: PLR2004 - two are neighbours already
        couples += [*pairwise(names), *ends]
    return [compare(runs, first, second, metric) for first, second in couples for metric in METRICS]


def judge_claims(networks: Sequence[TrainedNetwork], runs: Runs) -> list[dict[str, str]]:
    """A verdict on each claim that the trained groups bear on."""
    groups = {
        group: [network.name for network in networks if network.group == group]
        for group in {network.group for network in networks}
    }
    claims = []
    if "table2" in groups:
        claims.append(_judge_steps(groups["table2"], runs))
    if "table3a" in groups:
        claims.append(_judge_ends(groups["table3a"], runs))
    return [*claims, _judge_correlation(dict(sorted(groups.items())), runs)]


def sign(estimate: Estimate) -> int:
    """1 or -1 if the interval excludes zero, 0 if it includes zero or does not exist."""
    return int(estimate.low > 0) - int(estimate.high < 0)


def _text(claim: str, coverage: float, intervals: int) -> dict[str, str]:
    """Name, text and rule of a claim whose intervals share the 5 %."""
    rule = _TEXTS[claim]["rule"].format(coverage=_percent(coverage), intervals=intervals)
    return {"claim": claim, "text": _TEXTS[claim]["text"], "rule": rule}


def _judge_steps(names: Sequence[str], runs: Runs) -> dict[str, str]:
    steps = [(*couple, metric) for couple in pairwise(names) for metric in _RAISED]
    # One interval is enough to fail, so all of them share the 5 %; to hold, each has to do it by itself.
    coverage = shared_coverage(len(steps))
    pairs = [compare(runs, *step) for step in steps]
    lowered = [pair for step in steps if _pair_sign(pair := compare(runs, *step, coverage)) < 0]
    return {
        **_text("C12", coverage, len(steps)),
        "verdict": HOLDS if min(map(_pair_sign, pairs)) > 0 else FAILS if lowered else UNDECIDED,
        "detail": "; ".join(
            [*map(_describe_pair, pairs), *(f"at {_percent(coverage)}, {_describe_pair(pair)}" for pair in lowered)]
        ),
    }


def _judge_ends(names: Sequence[str], runs: Runs) -> dict[str, str]:
    worst, best = names
    pair = compare(runs, worst, best, "accuracy")
    return {
        **_text("C15", COVERAGE, 1),
        "verdict": _verdict(_pair_sign(pair)),
        "detail": _describe_pair(pair),
    }


def _judge_correlation(groups: Mapping[str, Sequence[str]], runs: Runs) -> dict[str, str]:
    coverage = shared_coverage(len(groups))
    found = {group: _correlate(names, runs, "nuclear_norm") for group, names in groups.items()}
    wide = {group: _correlate(names, runs, "nuclear_norm", coverage) for group, names in groups.items()}
    scaled = {group: _correlate(names, runs, "nuclear_over_largest") for group, names in groups.items()}
    signs = [sign(estimate) for estimate in found.values()]
    fails = min(map(sign, wide.values())) < 0 and max(signs) <= 0
    return {
        **_text("C17", coverage, len(groups)),
        "verdict": HOLDS if min(signs) > 0 else FAILS if fails else UNDECIDED,
        "detail": "; ".join(
            f"{group}: {_describe(found[group])}, without scale (nuclear norm / largest) {_describe(scaled[group])}"
            for group in groups
        ),
    }


def _correlate(names: Sequence[str], runs: Runs, metric: str, coverage: float = COVERAGE) -> Estimate:
    """Of a metric with the accuracy, over the seeds in which every network of the group was trained."""
    norms, accuracies = (_table(names, runs, one) for one in (metric, "accuracy"))
    whole = np.isfinite(norms + accuracies).all(axis=1)
    return correlation_estimate(norms[whole], accuracies[whole], coverage)


def _table(names: Sequence[str], runs: Runs, metric: str) -> Array:
    """Shape (seeds, networks), NaN where a run is missing."""
    seeds = sorted({seed for _, seed in runs})
    missing = math.nan
    values = [[getattr(runs.get((name, seed)), metric, missing) for name in names] for seed in seeds]
    return np.array(values, dtype=np.float64).reshape(len(seeds), len(names))


def _pair_sign(pair: Mapping[str, Any]) -> int:
    return sign(_pair_estimate(pair))


def _percent(share: float) -> str:
    return f"{100 * share:.4g} %"


def _verdict(direction: int) -> str:
    return {1: HOLDS, -1: FAILS, 0: UNDECIDED}[direction]


def _describe_pair(pair: Mapping[str, Any]) -> str:
    name = pair["metric"].replace("_", " ")
    difference = _describe(_pair_estimate(pair))
    return f"{pair['first']} to {pair['second']}, {name}: {difference}, up in {pair['wins']} of {pair['seeds']}"


def _pair_estimate(pair: Mapping[str, Any]) -> Estimate:
    return Estimate(value=pair["difference"], low=pair["low"], high=pair["high"])


def _describe(estimate: Estimate) -> str:
    if not math.isfinite(estimate.value):
        return "no value"
    interval = f"{estimate.low:+.4g}, {estimate.high:+.4g}" if math.isfinite(estimate.low) else "no interval"
    return f"{estimate.value:+.4g} [{interval}]"
