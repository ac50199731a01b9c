"""Results as text for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analysis.statistics.estimates import format_estimate
from bench.backends.registry import info_of
from bench.statistics.disturbance import DISTURBED
from reports.run.interference_badge import render_badge

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from analysis.statistics.estimates import Estimate
    from bench.statistics.case_result import CaseResult

#: What cases that took turns may differ in.
_APART = ("backend", "precision", "memory_format", "device", "scenario", "calibration", "pictures")


def render_cases(cases: Sequence[CaseResult]) -> str:
    """One line a case: median with interval, throughput and speed-up, or what went wrong."""
    head = f"{'case':46} {'latency [ms], 95 %':>24} {'images/s':>9}  speed-up over eager, 95 %"
    verdicts = [result.precision.sentence for result in cases if result.precision.sentence]
    steps = [_list_parts(result) for result in cases if result.status == "ok" and result.parts]
    explained = [*_explain_missing(cases), *_explain_deprecated(cases), *_explain_disturbed(cases)]
    return "\n".join([head, *map(_line, cases), *steps, *verdicts, *explained, *_list_energy(cases)])


def _line(result: CaseResult) -> str:
    name = result.case.describe()
    if result.status != "ok":
        return f"{name:46} {result.status}: {result.measurement.reason}"
    latency = _under_load(result) if result.queued else format_estimate(result.latency, scale=1e3)
    rate = "-" if math.isnan(result.throughput.value) else f"{result.throughput.value:.1f}"
    # The reference itself is 1, and nothing else is that exactly.
    is_reference = result.speedup.low == result.speedup.high
    speedup = "" if is_reference or math.isnan(result.speedup.value) else format_estimate(result.speedup)
    marks = [render_badge(DISTURBED)] if result.disturbance.state == DISTURBED else []
    marks += ["deprecated"] if info_of(result.case.backend).deprecated else []
    return "  ".join([f"{name:46} {latency:>24} {rate:>9}  {speedup}".rstrip(), *marks])


def _list_parts(result: CaseResult) -> str:
    """The parts of a call, such as ``parts: ... forward 12.3 ms [12.1, 12.5], backward 25.1 ms [24.8, 25.4]``."""
    parts = [f"{name} {_plainly(part, 'ms', 1e3)}" for name, part in result.parts.items()]
    if not math.isnan(result.preprocessing.value):
        parts.append(f"preprocessing {_plainly(result.preprocessing, '%', 100)} of them")
    return f"parts: {result.case.describe()}: {', '.join(parts)}; together {result.parts_share:.1%} of the whole"


def _plainly(estimate: Estimate, unit: str, scale: float) -> str:
    """A number with its interval, if it has one: the line of the case says that there is none."""
    return format_estimate(estimate, unit, scale=scale).removesuffix(" [no interval]")


def _under_load(result: CaseResult) -> str:
    """Median and 95th percentile of a request's time, such as ``12.3, p95 14.1 loaded``."""
    if not result.load.requests:
        return "-"
    tail = "" if result.load.p95_s is None else f", p95 {result.load.p95_s * 1e3:.3g}"
    return f"{result.load.latency.value * 1e3:.3g}{tail} loaded"


def missing_reasons(cases: Iterable[CaseResult]) -> list[str]:
    """Why numbers of comparable cases have no interval, each reason once."""
    estimates = [(result.throughput if result.queued else result.latency, result.speedup) for result in cases]
    numbers = [number for pair in estimates for number in pair if not math.isnan(number.value)]
    return list(dict.fromkeys(number.reason for number in numbers if number.reason))


def _explain_missing(cases: Iterable[CaseResult]) -> Iterator[str]:
    for reason in missing_reasons(result for result in cases if result.status == "ok"):
        yield f"no interval: {reason}"


def _explain_deprecated(cases: Iterable[CaseResult]) -> Iterator[str]:
    for name in dict.fromkeys(result.case.backend for result in cases):
        if advice := info_of(name).deprecated:
            yield f"{name}: {advice}"


def _list_energy(cases: Iterable[CaseResult]) -> list[str]:
    """A line for each comparable case whose energy could be read."""
    read = [result for result in cases if result.status == "ok" and not math.isnan(result.energy.package.value)]
    lines = [f"  {one.case.describe():44} {format_estimate(one.energy.package, scale=1e3):>24}" for one in read]
    return ["energy above the idle machine [mJ/image], 95 %:", *lines] if lines else []


def _explain_disturbed(cases: Iterable[CaseResult]) -> list[str]:
    """What the mark means, with the evidence; cases that were measured side by side share it, and its line."""
    groups: dict[tuple[str, str], list[CaseResult]] = {}
    for result in cases:
        if result.disturbance.state == DISTURBED:
            place = result.case.describe(*_APART)
            groups.setdefault((place, result.disturbance.evidence.partition("; ")[0]), []).append(result)
    if not groups:
        return []
    lines = [f"{render_badge(DISTURBED)}: the machine was busy or slowed, and repeating the round did not help"]
    for (place, cause), results in groups.items():
        alone = f"  {results[0].case.describe()}: {results[0].disturbance.evidence}"
        lines.append(alone if len(results) == 1 else f"  {place}, {len(results)} cases: {cause}")
    return lines
