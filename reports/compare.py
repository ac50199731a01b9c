"""How a comparison is shown: rows, text for a terminal, and Markdown for a pull request."""

from __future__ import annotations

import html
import math
from typing import TYPE_CHECKING, Any, Literal

from analysis.schema import Count, Finite, Maybe, NotNegative, Share
from bench.comparison.document import COMPARE
from bench.machine.interference import RULES
from bench.statistics.intervals import too_few_rounds
from reports.columns import load_tables, make_frame
from reports.report import Report
from reports.schema import describe_record, list_of
from reports.terminal import render_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from analysis.study import Study

_SYMBOLS = {"SLOWER": "🔴", "FASTER": "🟢", "SAME": "⚪", "AMBIGUOUS": "🟡"}
_UNPAIRED = (
    "The two runs were taken at different times: their rounds are compared as independent samples, and whatever the "
    "machine did between them is in the change and not in its interval. A run that ends when its interval is narrow "
    "makes it look narrower than it is. `rexbench compare --live` lets both take turns, in a number of rounds that is "
    "fixed before."
)
#: Cases named in a line on those that only one side has.
_NAMED = 5
TABLES = load_tables(COMPARE)
_CASE = ("model", "resolution", "batch", "backend", "precision", "memory_format", "device", "scenario", "streams")
_ROW = describe_record(
    "row",
    TABLES["rows"],
    (*_CASE, "changed", "status", "reason", "grounds", "rounds"),
    band=NotNegative,
    change=Maybe,
    change_low=Maybe,
    change_high=Maybe,
    base_latency_s=Maybe,
    head_latency_s=Maybe,
    verdict=Literal["SLOWER", "FASTER", "SAME", "AMBIGUOUS"] | None,
    dirty_causes=(dict[str, Finite] | None, None),
    dirty_rounds=(Count, 0),
    stop_reasons=(list[str], []),
)
_SCHEMA = describe_record(
    "comparison",
    base=str,
    head=str,
    live=bool,
    false_discovery_rate=Share,
    floor=str | None,
    differences=list[str],
    only_base=(list[str], []),
    only_head=(list[str], []),
    verdicts=dict[Literal["SLOWER", "FASTER", "SAME", "AMBIGUOUS"], Count],
    rows=list_of(_ROW),
)


def compare_frames(study: Study) -> dict[str, pd.DataFrame]:
    """The rows of a comparison, one per case, with whether the environments of two runs differ."""
    environments = "differ" if study.payload["differences"] else "same"
    rows = [
        row
        | {
            "dirty_causes": _describe_causes(row),
            "stop_reasons": ", ".join(row.get("stop_reasons", ())),
            "environments": environments,
        }
        for row in study.payload["rows"]
    ]
    return {"rows": make_frame(rows, TABLES["rows"])}


def render_compare(study: Study) -> str:
    """One line per case, with its grounds where the verdict is AMBIGUOUS, and the conditions below."""
    document = study.payload
    heads = ("case", "base [ms]", "head [ms]", "change, 95 %", "verdict")
    head, *cells = render_rows(heads, map(_cells, document["rows"]), right={1, 2})
    lines = [f"base: {document['base']}", f"head: {document['head']}", "", head]
    for row, line in zip(document["rows"], cells, strict=True):
        lines += [line, *(f"    {remark}" for remark in _remarks(row))]
    return "\n".join([*lines, "", *conditions_of(study)])


def _cells(row: Mapping[str, Any]) -> list[str]:
    if row["verdict"] is None:
        return [name_row(row), "", "", "", f"{row['status']}: {row['reason']}"]
    times = (_milliseconds(row[f"{side}_latency_s"]) for side in ("base", "head"))
    return [name_row(row), *times, describe_change(row), row["verdict"]]


def _remarks(row: Mapping[str, Any]) -> list[str]:
    if row["verdict"] is None:
        return []
    return [row["grounds"], *_doubts(row)] if row["verdict"] == "AMBIGUOUS" else _doubts(row)


def render_markdown(study: Study) -> str:
    """A short report for a pull request."""
    document = study.payload
    counts = ", ".join(f"{count} {_SYMBOLS[name]} {name.lower()}" for name, count in document["verdicts"].items())
    forced = ", environments differ" if document["differences"] else ""
    lines = [f"### Speed: {counts or 'nothing could be compared'}{forced}", ""]
    lines += ["| | case | base | head | change, 95 % interval | margin | why |", "|---|---|---|---|---|---|---|"]
    for row in document["rows"]:
        name = _quote(name_row(row))
        if row["verdict"] is None:
            lines.append(f"| ❌ {row['status']} | {name} | | | | | {_quote(row['reason'])} |")
            continue
        times = " | ".join(f"{_milliseconds(row[f'{side}_latency_s'])} ms" for side in ("base", "head"))
        verdict = f"{_SYMBOLS[row['verdict']]} {row['verdict']}{forced}"
        why = "; ".join([row["grounds"], *_doubts(row)])
        band = f"±{100 * row['band']:.2g} %"
        lines.append(f"| {verdict} | {name} | {times} | {describe_change(row)} | {band} | {_plain(why)} |")
    notes = [f"- base: {_quote(document['base'])}; head: {_quote(document['head'])}"]
    notes += [f"- {_plain(line)}" for line in conditions_of(study)]
    return "\n".join([*lines, "", *notes]) + "\n"


def _quote(text: str) -> str:
    """Text as code in one line of a table, because a build may put any characters into a reason or a name."""
    return "`" + " ".join(text.split()).replace("`", "'").replace("|", "\\|") + "`"


def _plain(text: str) -> str:
    """Our own words, in which a condition may be quoted, in one line without tags."""
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|")


def _describe_causes(row: Mapping[str, Any]) -> str:
    """Why rounds count as disturbed, each cause at its worst; empty for none."""
    causes = row.get("dirty_causes") or {}
    return ", ".join(rule.text.format(causes[rule.name]) for rule in RULES if rule.name in causes)


def _doubts(row: Mapping[str, Any]) -> list[str]:
    """What disturbed a case while it was compared, and whether its warm-up reached the cap."""
    doubts = []
    if worst := _describe_causes(row):
        doubts.append(f"{row['dirty_rounds']} of {row['rounds']} rounds disturbed, at worst: {worst}")
    if row.get("steady") is False:
        doubts.append("a warm-up reached its cap before two windows agreed")
    return doubts


def conditions_of(study: Study) -> list[str]:
    """What a reader must know to believe the verdicts, as sentences."""
    document = study.payload
    sentences = []
    if document["differences"]:
        sentences.append("ENVIRONMENTS DIFFER, compared all the same: " + "; ".join(document["differences"]))
    for side, names in (("base", document.get("only_base")), ("head", document.get("only_head"))):
        if names:
            more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
            sentences.append(f"Only the {side} has {', '.join(names[:_NAMED])}{more}.")
    rate = 100 * document["false_discovery_rate"]
    if document["live"]:
        rounds = sorted({row["rounds"] for row in document["rows"] if row["rounds"]})
        number = "-".join(dict.fromkeys(str(count) for count in (rounds[:1] + rounds[-1:]))) or "no"
        sentences.append(f"Both sides alive together, in turns of random order, {number} rounds of fresh processes.")
    else:
        sentences.append(_UNPAIRED)
    sentences.append(
        f"Differences are significant at a false-discovery rate of {rate:.0f} % over all cases; + is slower."
    )
    if document["live"]:
        effect = document["floor"] or "none is stored for this machine; run `rexbench selftest`"
        sentences.append(f"Minimum detectable effect: {effect}.")
    measured = [row for row in document["rows"] if row["rounds"]]
    sentences += sorted({f"No interval: {reason}." for row in measured if (reason := too_few_rounds(row["rounds"]))})
    if measured and all(row.get("machine") == "not available" for row in measured):
        sentences.append("What else the machine did can't be seen here.")
    if study.stopped:
        sentences.append("Stopped by the user: cases are missing.")
    return sentences


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


REPORTS = {COMPARE: Report(kind=COMPARE, columns=TABLES, frames=compare_frames, text=render_compare, schema=_SCHEMA)}
