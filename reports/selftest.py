"""A self-test shown: rows, and text for a terminal. Documents in, text out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.statistics.intervals import normal_quantile
from bench.selftest.detectable_effect import LEAST_PAIRS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_NESTED = ("found", "protocols")


def selftest_frame(document: Mapping[str, Any]) -> pd.DataFrame:
    """One row per case; what was found of a slow-down of 2 % is in the column ``found_0.02``."""
    rows = []
    for case in document["cases"]:
        flat = {name: value for name, value in case.items() if name not in _NESTED}
        rows.append(flat | {f"found_{level['slow_by']}": level["told"] for level in case["found"]})
    return pd.DataFrame(rows)


def protocols_frame(document: Mapping[str, Any]) -> pd.DataFrame:
    """One row per case, order and test."""
    return pd.DataFrame(
        [
            {
                "backend": case["backend"],
                "order": row["order"],
                "test": row["test"],
                "false_alarms": row["false_alarms"],
            }
            | {f"found_{level}": share for level, share in zip(document["levels"][1:], row["found"], strict=True)}
            | {"trials": row["trials"], "rounds": row["rounds"]}
            for case in document["cases"]
            for row in case["protocols"]
        ]
    )


def public(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without its raw samples, which are for the store."""
    return {name: value for name, value in document.items() if name != "samples"}


def render_selftest(document: Mapping[str, Any]) -> str:
    """A paragraph a case: false alarms, what was found, and the floor."""
    beside = _describe_neighbour(document) if document["neighbour"] else ""
    lines = [f"The same build against itself, {document['rounds']} rounds of fresh processes a comparison{beside}."]
    for case in document["cases"]:
        lines += ["", *_case_lines(case, document)]
    if not document["cases"]:
        lines += ["", "No case has two pairs of processes; give it more time with --budget."]
    lines += [f"\n{case} ended before the others: {reason}" for case, reason in document.get("failed", {}).items()]
    if document["stopped"]:
        lines += ["", "Stopped by the user; this is what the finished pairs say."]
    return "\n".join(lines)


def _describe_neighbour(document: Mapping[str, Any]) -> str:
    share = document.get("neighbour_share")
    told = "on and off" if share is None else f"{100 * share:.0f} % of the time"
    return f", beside a neighbour that keeps a core busy {told}"


def _case_lines(case: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[str]:
    name = f"{case['model']}-{case['resolution']}-b{case['batch']}-{case['backend']}"
    yield f"{name}, {case['threads']} threads, {1e3 * case['latency_s']:.4g} ms, {case['pairs']} pairs of processes"
    if _missing(case["false_alarms"]):
        yield f"  rates need {document['rounds']} pairs at least; the floor is from the spread of those there are"
    else:
        alarms = _share(case["false_alarms"], case["false_alarms_error"])
        verdicts = (
            f"{100 * case['false_verdicts']:.1f} % with a verdict beyond the band of {100 * document['band']:.3g} %"
        )
        yield f"  false alarms: {alarms} told a difference, {verdicts}"
        told = f"{case['disjoint_told']} of {case['disjoint']}"
        yield f"    of comparisons that share no process, as they were taken: {told}"
        for level in case["found"]:
            added = f"(really added: {100 * level['added']:.2f} %)"
            yield f"  {100 * level['slow_by']:4.1f} % slower: found in {_share(level['told'], level['error'])} {added}"
    spread, high = 100 * case["spread"], 100 * case["floor_high"]
    yield f"  processes differ by {spread:.2g} % (standard deviation of a pair's ratio)"
    low, high_bias = 100 * case["bias_low"], 100 * case["bias_high"]
    yield f"  all pairs together, where nothing was changed: {100 * case['bias']:+.2f} % [{low:+.2f}, {high_bias:+.2f}]"
    if case["pairs"] < LEAST_PAIRS:
        said = f"these say {100 * case['floor']:.2g} % (at most {high:.2g} %)"
        yield f"  no floor is kept: it takes {LEAST_PAIRS} pairs, {said}"
        return
    yield f"  floor: changes under {100 * case['floor']:.2g} % can't be seen here today (at most {high:.2g} %)"


def render_protocols(document: Mapping[str, Any]) -> str:
    """The table of orders and tests, each on the same samples."""
    levels = document["levels"][1:]
    heads = " | ".join(f"finds {100 * level:g} %" for level in levels)
    lines = [f"| backend | order | test | false alarms | {heads} |", "|---" * (4 + len(levels)) + "|"]
    for case in document["cases"]:
        for row in case["protocols"]:
            shares = " | ".join(f"{100 * share:.0f} %" for share in row["found"])
            alarms = f"{100 * row['false_alarms']:.0f} %"
            lines.append(f"| {case['backend']} | {row['order']} | {row['test']} | {alarms} | {shares} |")
    rounds = next((row["rounds"] for case in document["cases"] for row in case["protocols"]), None)
    if rounds is None:
        return "Too few pairs of processes for A, then B: eight at least; give it more time with --budget."
    said = f"Each row has {rounds} pairs of processes a trial and the same calls in them; order and test differ."
    return "\n".join([*lines, "", f"{said} A slow-down that is found beside many false alarms is worth nothing."])


def _share(value: float, error: float | None) -> str:
    if _missing(error):
        return f"{100 * value:.1f} %"
    assert error is not None
    return f"{100 * value:.1f} ± {100 * normal_quantile() * error:.1f} %"


def _missing(value: float | None) -> bool:
    return value is None or math.isnan(value)
