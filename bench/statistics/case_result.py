"""What one case came to: made once from its measurement, read by everything that shows it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.estimates import Estimate
from bench.records.case import THROUGHPUT
from bench.statistics.disturbance import Disturbance, judge_disturbance
from bench.statistics.energy import EnergyResult, summarise_energy
from bench.statistics.part_shares import estimate_parts, estimate_preprocessing
from bench.statistics.precision import Precision
from bench.statistics.summary import (
    PERCENTILES,
    count_fresh,
    count_outliers,
    estimate_latency,
    estimate_throughput,
    percentile,
    relative_iqr,
    turns_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.records.case import Case
    from bench.records.measurement import Measurement, Round
    from bench.statistics.start_up import StartUp

_WINDOWS = "a sample of the throughput scenario is a window of several requests"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadLatency:
    """Time from the start of a request to its end, waiting included.

    Args:
        latency: Geometric mean over process rounds of the per-round medians [s].
        p95_s: 95th percentile of all requests [s]; None where they can't bound it.
        requests: Their number; 0 in the latency scenario, where no request is timed by itself.
    """

    latency: Estimate = field(default_factory=lambda: Estimate(reason="no request was timed by itself"))
    p95_s: float | None = None
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseResult:
    """One case in numbers; a number that can't be given is NaN or None.

    Args:
        measurement: What it is made from: identity, status, raw rounds, parity, what the runtime did, doubts.
        latency: Geometric mean over process rounds of the per-round medians, per call [s]; missing in the throughput
            scenario.
        throughput: Images over time taken [1/s], geometric mean over rounds; counts slow calls, unlike 1/latency.
        percentiles_s: By percentile, of the calls of all rounds; None where they can't bound it [s].
        parts: Of each part of a call, where it has parts, the geometric mean over rounds of the per-round medians [s].
        preprocessing: Share of a call that prepares pictures.
        samples: Number of timed calls, or of windows in the throughput scenario.
        outliers: Calls beyond 3 interquartile ranges from the quartiles of their round; counted, never dropped.
        spread_between: Standard deviation of the per-round medians over their median; NaN for one round.
        spread_within: Interquartile range over median, the middle one of the rounds.
        speedup: Time per image of the reference that took turns beside it over that of this case.
        speedup_pairs: Turns that both took side by side.
        speedup_over: The reference, such as ``eager`` or ``eager bf16``; empty where there is none.
        precision: What reduced precision brings and costs.
        energy: What an image costs beyond the idle machine, as far as that can be read.
        start_ups: Its phases by state of the compile cache, and when they are paid back.
    """

    measurement: Measurement
    latency: Estimate = field(default_factory=lambda: Estimate(reason="no samples"))
    throughput: Estimate = field(default_factory=lambda: Estimate(reason="no samples"))
    load: LoadLatency = field(default_factory=LoadLatency)
    percentiles_s: Mapping[int, float | None] = field(default_factory=lambda: dict.fromkeys(PERCENTILES))
    parts: Mapping[str, Estimate] = field(default_factory=dict)
    preprocessing: Estimate = field(default_factory=Estimate)
    samples: int = 0
    rounds: int = 0
    outliers: int = 0
    spread_between: float = math.nan
    spread_within: float = math.nan
    disturbance: Disturbance = field(default_factory=Disturbance)
    speedup: Estimate = field(default_factory=Estimate)
    speedup_pairs: int | None = None
    speedup_over: str = ""
    precision: Precision = field(default_factory=Precision)
    energy: EnergyResult = field(default_factory=EnergyResult)
    start_ups: tuple[StartUp, ...] = ()

    @property
    def case(self) -> Case:
        """The identity."""
        return self.measurement.case

    @property
    def status(self) -> str:
        """As in `bench.records.measurement.STATUSES`."""
        return self.measurement.status

    @property
    def parts_share(self) -> float:
        """The parts of a call together over the whole call; NaN where it has none."""
        return sum(part.value for part in self.parts.values()) / self.latency.value if self.parts else math.nan

    @property
    def queued(self) -> bool:
        """Whether requests were kept in flight, so that it has a throughput and no latency of its own."""
        return self.case.scenario == THROUGHPUT


def summarise(measurement: Measurement) -> CaseResult:
    """The result of one measurement by itself, whatever its status; all numbers missing where it has no samples."""
    disturbance = judge_disturbance(measurement)
    rounds = turns_of(measurement.rounds)
    if not rounds:
        return CaseResult(measurement=measurement, disturbance=disturbance)
    values = [np.concatenate(turns) for turns in rounds]
    queued = measurement.case.scenario == THROUGHPUT
    medians = np.array([np.median(samples) for samples in values])
    fresh = count_fresh(measurement)
    return CaseResult(
        measurement=measurement,
        latency=Estimate(reason=_WINDOWS) if queued else estimate_latency(rounds, fresh=fresh),
        throughput=estimate_throughput(rounds, measurement.images_per_sample, fresh=fresh),
        load=estimate_load(measurement.rounds, fresh=fresh),
        percentiles_s={percent: None if queued else percentile(rounds, percent) for percent in PERCENTILES},
        parts=estimate_parts(measurement.rounds, fresh=fresh),
        preprocessing=estimate_preprocessing(measurement.rounds, fresh=fresh),
        samples=sum(map(len, values)),
        rounds=len(rounds),
        outliers=sum(map(count_outliers, values)),
        spread_between=float(medians.std(ddof=1) / np.median(medians)) if len(medians) > 1 else math.nan,
        spread_within=float(np.median(list(map(relative_iqr, values)))),
        disturbance=disturbance,
        energy=summarise_energy(measurement.rounds, fresh=fresh),
    )


def estimate_load(rounds: Sequence[Round], *, fresh: int = 0) -> LoadLatency:
    """The latency under load in some process rounds, of which the last `fresh` followed the decision to stop."""
    times_s = turns_of(rounds, "requests_s")
    if not times_s:
        return LoadLatency()
    requests = sum(len(turn) for turns in times_s for turn in turns)
    return LoadLatency(latency=estimate_latency(times_s, fresh=fresh), p95_s=percentile(times_s, 95), requests=requests)
