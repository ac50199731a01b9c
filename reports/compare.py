"""A comparison shown: rows, text for a terminal, and Markdown for a pull request. Documents in, text out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping

_SYMBOLS = {"SLOWER": "🔴", "FASTER": "🟢", "SAME": "⚪", "AMBIGUOUS": "🟡"}
_UNPAIRED = (
    "The two runs were taken at different times: their rounds are compared as independent samples, and whatever the "
    "machine did between them is in the change and not in its interval. `rexbench compare --live` lets them take turns."
)
_COLUMNS = ("model", "resolution", "batch", "backend", "precision", "memory_format", "threads", "device", "scenario")


def compare_frame(document: Mapping[str, Any]) -> pd.DataFrame:
    """The rows of a comparison, one per case, with whether the environments of two runs differ."""
    frame = pd.DataFrame(document["rows"], columns=None if document["rows"] else list(_COLUMNS))
    frame["environments"] = "differ" if document["differences"] else "same"
    return frame


def public(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without its raw samples, which are for the store."""
    return {name: value for name, value in document.items() if name not in {"samples", "stopped"}}


def render_compare(document: Mapping[str, Any]) -> str:
    """One line a case, with its grounds where the verdict is no plain one, and the conditions below."""
    lines = [f"base: {document['base']}", f"head: {document['head']}", ""]
    lines.append(f"{'case':46} {'base [ms]':>9} {'head [ms]':>9}  {'change, 95 %':26} verdict")
    for row in document["rows"]:
        lines += _text_lines(row)
    conditions = "\n".join(conditions_of(document))
    return "\n".join([*lines, "", conditions])


def _text_lines(row: Mapping[str, Any]) -> list[str]:
    if row["status"] != "ok":
        return [f"{name_row(row):46} {row['status']}: {row['reason']}"]
    times = f"{_milliseconds(row['base_latency_s']):>9} {_milliseconds(row['head_latency_s']):>9}"
    lines = [f"{name_row(row):46} {times}  {describe_change(row):26} {row['verdict']}"]
    return [*lines, f"    {row['grounds']}"] if row["verdict"] == "AMBIGUOUS" else lines


def render_markdown(document: Mapping[str, Any]) -> str:
    """A short report for a pull request."""
    counts = ", ".join(f"{count} {_SYMBOLS[name]} {name.lower()}" for name, count in document["verdicts"].items())
    lines = [f"### Speed: {counts or 'nothing could be compared'}", ""]
    lines += ["| | case | base | head | change, 95 % interval | band |", "|---|---|---|---|---|---|"]
    for row in document["rows"]:
        name = name_row(row).replace("|", "\\|")
        if row["status"] != "ok":
            lines.append(f"| ❌ {row['status']} | {name} | | | {row['reason'].replace('|', chr(92) + '|')} | |")
            continue
        times = " | ".join(f"{_milliseconds(row[f'{side}_latency_s'])} ms" for side in ("base", "head"))
        verdict = f"{_SYMBOLS[row['verdict']]} {row['verdict']}"
        lines.append(f"| {verdict} | {name} | {times} | {describe_change(row)} | ±{100 * row['band']:.2g} % |")
    notes = [f"- base: {document['base']}; head: {document['head']}"]
    notes += [f"- {line}" for line in conditions_of(document)]
    return "\n".join([*lines, "", *notes]) + "\n"


def conditions_of(document: Mapping[str, Any]) -> list[str]:
    """What a reader must know to believe the verdicts, as sentences."""
    said = []
    if document["differences"]:
        said.append("ENVIRONMENTS DIFFER, compared all the same: " + "; ".join(document["differences"]))
    rate = 100 * document["false_discovery_rate"]
    if document["live"]:
        rounds = sorted({row["rounds"] for row in document["rows"] if row["rounds"]})
        number = "-".join(dict.fromkeys(str(one) for one in (rounds[:1] + rounds[-1:]))) or "no"
        said.append(f"Both sides alive together, in turns of random order, {number} rounds of fresh processes.")
    else:
        said.append(_UNPAIRED)
    said.append(f"A difference is told at a false-discovery rate of {rate:.0f} % over all cases; + is slower.")
    said.append(f"Floor: {document['floor'] or 'this machine has none stored; run `rexbench selftest`'}.")
    if document.get("stopped"):
        said.append("Stopped by the user: cases are missing.")
    return said


def name_row(row: Mapping[str, Any]) -> str:
    """The case in short, and what differs between the sides where that is a setting."""
    parts = [row["model"], str(row["resolution"]), f"b{row['batch']}", row["backend"]]
    plain = {"precision": "fp32", "memory_format": "contiguous", "device": "cpu", "scenario": "latency"}
    parts += [str(row[name]) for name, usual in plain.items() if row[name] != usual]
    name = "-".join([*parts, *([f"streams{row['streams']}"] if row["streams"] else [])])
    return f"{name} ({row['changed']})" if row["changed"] else name


def describe_change(row: Mapping[str, Any]) -> str:
    """Such as ``+5.1 % [+4.2, +6.0]``, to the digits that the interval supports."""
    value, low, high = (_share(row[name]) for name in ("change", "change_low", "change_high"))
    if math.isnan(low):
        return f"{value:+.1f} % (no interval)"
    digits = 2 if high - low < 1 else 1
    return f"{value:+.{digits}f} % [{low:+.{digits}f}, {high:+.{digits}f}]"


def _share(value: float | None) -> float:
    return math.nan if value is None else 100 * value


def _milliseconds(value: float | None) -> str:
    return "-" if value is None or math.isnan(value) else f"{value * 1e3:.4g}"
