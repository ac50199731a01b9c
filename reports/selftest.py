"""How a self-test is shown: rows, and text for a terminal."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated, Any

from msgspec import Meta

from analysis.schema import Finite, Maybe, NotNegative, Share
from analysis.statistics.intervals import normal_quantile
from bench.selftest.detectable_effect import LEAST_PAIRS, SELFTEST
from reports.columns import load_tables, make_frame
from reports.report import Report
from reports.schema import describe_record, list_of
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from analysis.study import Study

_NESTED = ("found", "protocols")
TABLES = load_tables(SELFTEST)
_LEVEL = describe_record("level", slow_by=Share, added=Finite, told=Share | None, error=Maybe)
_PROTOCOL = describe_record(
    "protocol", TABLES["protocols"], ("order", "test", "trials", "rounds"), false_alarms=Share, found=list[Share]
)
_CASE = describe_record(
    "case",
    TABLES["cases"],
    ("model", "resolution", "batch", "backend", "threads", "pairs", "disjoint", "disjoint_told"),
    latency_s=NotNegative,
    spread=NotNegative,
    floor=Finite,
    floor_high=Finite,
    bias=Finite,
    bias_low=Maybe,
    bias_high=Maybe,
    false_alarms=Share | None,
    false_alarms_error=Maybe,
    false_verdicts=Share | None,
    found=list_of(_LEVEL),
    protocols=list_of(_PROTOCOL),
)
_SCHEMA = describe_record(
    "selftest",
    rounds=Annotated[int, Meta(ge=2)],
    band=Share,
    neighbour=bool,
    neighbour_share=(NotNegative | None, None),
    levels=Annotated[list[Share], Meta(min_length=1)],
    failed=(dict[str, str], {}),
    cases=list_of(_CASE),
)


def selftest_frames(study: Study) -> dict[str, pd.DataFrame]:
    """One row per case, and one per case, order and test; a slow-down of 2 % is in the column ``found_0.02``."""
    cases, levels = study.payload["cases"], study.payload["levels"][1:]
    if any(len(row["found"]) != len(levels) for case in cases for row in case["protocols"]):
        raise InputError("a stored self-test must have a share for each of its levels; run `rexbench selftest` again")
    return {
        "cases": make_frame(map(_case_row, cases), TABLES["cases"]),
        "protocols": make_frame(
            (_protocol_row(case, row, levels) for case in cases for row in case["protocols"]),
            TABLES["protocols"],
        ),
    }


def _case_row(case: Mapping[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in case.items() if name not in _NESTED}
    return plain | {f"found_{level['slow_by']}": level["told"] for level in case["found"]}


def _protocol_row(case: Mapping[str, Any], row: Mapping[str, Any], levels: Sequence[float]) -> dict[str, Any]:
    return {
        **row,
        "backend": case["backend"],
        **{f"found_{level}": share for level, share in zip(levels, row["found"], strict=True)},
    }


def render_selftest(study: Study) -> str:
    """A paragraph per case: false positives, what was found, and the minimum detectable effect."""
    document = study.payload
    beside = _describe_neighbour(document) if document["neighbour"] else ""
    lines = [f"The same build against itself, {document['rounds']} rounds of fresh processes a comparison{beside}."]
    for case in document["cases"]:
        lines += ["", *_case_lines(case, document)]
    if not document["cases"]:
        lines += ["", "No case has two pairs of processes; give it more time with --budget."]
    lines += [f"\n{case} ended before the others: {reason}" for case, reason in document.get("failed", {}).items()]
    if study.stopped:
        lines += ["", "Stopped by the user; this is what the finished pairs say."]
    return "\n".join(lines)


def _describe_neighbour(document: Mapping[str, Any]) -> str:
    share = document.get("neighbour_share")
    when = "on and off" if share is None else f"{100 * share:.0f} % of the time"
    return f", beside a neighbour that keeps a core busy {when}"


def _case_lines(case: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    name = f"{case['model']}-{case['resolution']}-b{case['batch']}-{case['backend']}"
    yield f"{name}, {case['threads']} threads, {1e3 * case['latency_s']:.4g} ms, {case['pairs']} pairs of processes"
    if _missing(case["false_alarms"]) or _missing(case["false_verdicts"]):
        yield f"  rates need {document['rounds']} pairs; the minimum detectable effect is from the spread of these"
    else:
        alarms = _share(case["false_alarms"], case["false_alarms_error"])
        verdicts = (
            f"{100 * case['false_verdicts']:.1f} % with a verdict beyond the {100 * document['band']:.3g} % margin"
        )
        yield f"  false positives: {alarms} with a significant difference, {verdicts}"
        alone = f"{case['disjoint_told']} of {case['disjoint']}"
        yield f"    of comparisons that share no process, in the order measured: {alone}"
        for level in case["found"]:
            added = f"(really added: {100 * level['added']:.2f} %)"
            yield f"  {100 * level['slow_by']:4.1f} % slower: found in {_share(level['told'], level['error'])} {added}"
    spread, high = 100 * case["spread"], 100 * case["floor_high"]
    yield f"  processes differ by {spread:.2g} % (standard deviation of a pair's ratio)"
    low, high_bias = (math.nan if case[end] is None else 100 * case[end] for end in ("bias_low", "bias_high"))
    yield f"  all pairs together, where nothing was changed: {100 * case['bias']:+.2f} % [{low:+.2f}, {high_bias:+.2f}]"
    if case["pairs"] < LEAST_PAIRS:
        guess = f"these give {100 * case['floor']:.2g} % (at most {high:.2g} %)"
        yield f"  no minimum detectable effect is kept: it takes {LEAST_PAIRS} pairs, {guess}"
        return
    effect = f"{100 * case['floor']:.2g} % (at most {high:.2g} %)"
    yield f"  minimum detectable effect: {effect}; smaller changes can't be detected here today"


def render_protocols(study: Study) -> str:
    """The table of orders and tests, each on the same samples."""
    document = study.payload
    levels = document["levels"][1:]
    heads = " | ".join(f"finds {100 * level:g} %" for level in levels)
    lines = [f"| backend | order | test | false positives | {heads} |", "|---" * (4 + len(levels)) + "|"]
    for case in document["cases"]:
        for row in case["protocols"]:
            shares = " | ".join(f"{100 * share:.0f} %" for share in row["found"])
            alarms = f"{100 * row['false_alarms']:.0f} %"
            lines.append(f"| {case['backend']} | {row['order']} | {row['test']} | {alarms} | {shares} |")
    rounds = next((row["rounds"] for case in document["cases"] for row in case["protocols"]), None)
    if rounds is None:
        return "Too few pairs of processes for A, then B, which needs eight; give more time with --budget."
    note = f"Each row has {rounds} pairs of processes per trial with the same calls; order and test differ."
    return "\n".join([*lines, "", f"{note} A test with many false positives is useless, whatever it detects."])


def _share(value: float | None, error: float | None) -> str:
    if value is None:
        return "not known"
    if _missing(error):
        return f"{100 * value:.1f} %"
    assert error is not None
    return f"{100 * value:.1f} ± {100 * normal_quantile() * error:.1f} %"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)


REPORTS = {
    SELFTEST: Report(kind=SELFTEST, columns=TABLES, frames=selftest_frames, text=render_selftest, schema=_SCHEMA)
}
