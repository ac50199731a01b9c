"""The verdict on every published number. No torch here until something is counted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.published.conditions import is_registered, read_input
from analysis.published.conventions import choose_conventions
from analysis.published.latency import group_latencies, imply
from analysis.published.lookup import Table
from analysis.published.rounding import agree
from analysis.published.rules import explain, remark
from analysis.published.table import BUNDLED
from analysis.published.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from analysis.published.conventions import Choice
    from analysis.published.latency import Latencies, Measured
    from analysis.published.table import PublishedRow


def judge_rows(
    rows: Sequence[PublishedRow],
    total: Callable[[str, str, int], int],
    checkpoint_bytes: Callable[[str], int | None],
    measured: Sequence[Measured] = (),
) -> tuple[Verdict, ...]:
    """One verdict per row, in the order given.

    The project's own rows are judged alone. Rows of another file are judged together with the project's own rows, so
    that additional rows never change the verdicts on the project's rows.

    Args:
        rows: Published numbers.
        total: Counts a model: convention, registered name, side of the input [pixels] -> total.
        checkpoint_bytes: Size of a model's checkpoint file as its publisher writes it [bytes]; None where not known.
        measured: Latencies measured here, to compare ratios with.
    """
    verdicts: dict[int, Verdict] = {}
    for file in dict.fromkeys(row.file for row in rows):
        places = [place for place, row in enumerate(rows) if row.file in {BUNDLED, file}]
        seen = [rows[place] for place in places]
        table = Table(rows=seen, choices=choose_conventions(seen, total), total=total)
        printed = group_latencies(seen)
        verdicts |= {
            place: _judge(table, number, checkpoint_bytes, printed, measured)
            for number, place in enumerate(places)
            if rows[place].file == file
        }
    return tuple(verdicts[place] for place in range(len(rows)))


def _judge(
    table: Table,
    place: int,
    checkpoint_bytes: Callable[[str], int | None],
    printed: Latencies,
    measured: Sequence[Measured],
) -> Verdict:
    row = table.rows[place]
    if row.metric in {"top1", "top5"}:
        return _accuracy(row)
    if row.metric == "latency":
        return _latency(row, printed, measured)
    if not is_registered(row.model):
        return Verdict(row=row, verdict="open", reason=f"{row.model} is no registered model, so there is no count")
    if row.metric == "checkpoint_size":
        return _checkpoint(row, checkpoint_bytes(row.model) if "timm" in row.source.lower() else None)
    return _cost(table, place)


def _accuracy(row: PublishedRow) -> Verdict:
    command = f"rexbench evaluate {row.model} --weights CHECKPOINT --images FOLDER"
    side = read_input(row).side
    if side and is_registered(row.model):
        command += f" --resolution {side}"
    return Verdict(
        row=row,
        verdict="needs data",
        command=command if is_registered(row.model) else "",
        reason="an accuracy is checked on ImageNet's validation images with the published checkpoint",
    )


def _latency(row: PublishedRow, printed: Latencies, measured: Sequence[Measured]) -> Verdict:
    ratio = imply(row, printed, measured)
    reason = "a latency is checked on the hardware it was taken on"
    if ratio:
        reason += f"; the table implies {ratio.printed:.3g} [{ratio.low:.3g}, {ratio.high:.3g}] times {ratio.to}"
        if ratio.ours is not None:
            fits = "which agrees with the printed ratio" if ratio.overlaps else "which differs from the printed ratio"
            reason += f"; here it takes {ratio.ours:.3g} [{ratio.ours_low:.3g}, {ratio.ours_high:.3g}] times, {fits}"
    return Verdict(
        row=row, verdict="needs hardware", reason=reason, command="rexbench run --preset paper-latency", ratio=ratio
    )


def _checkpoint(row: PublishedRow, ours: int | None) -> Verdict:
    if ours is None:
        return Verdict(row=row, verdict="open", reason="only timm's files can be written here as they were")
    how, reason = agree(row, ours), _CHECKPOINT
    if not how:
        reason += f"; the file differs by {abs(int(row.value) - ours):,} bytes, which may be other names"
    verdict = "reproduced" if how else "open"
    return Verdict(row=row, verdict=verdict, how=how, convention="checkpoint", ours=ours, reason=reason)


_CHECKPOINT = "the tensors under timm's names, written by torch.save in its format before 1.6"


def _cost(table: Table, place: int) -> Verdict:
    row, choice = table.rows[place], table.choices[place]
    if not choice.convention:
        return Verdict(row=row, verdict="open", reason=choice.problem)
    ours, how, why = table.ours(place), table.matches(place), _why(choice)
    verdict, reason = "reproduced", why
    if not how:
        verdict, reason = "explained", explain(table, place)
    if not how and not reason:
        verdict, reason = "contradicted", "; ".join(filter(None, (f"ours is {ours:,}", why, remark(table, place))))
    return Verdict(row=row, verdict=verdict, how=how, convention=choice.convention, ours=ours, reason=reason)


def _why(choice: Choice) -> str:
    """How the convention is known."""
    if choice.stated:
        return ""
    text = f"not stated: {choice.convention} gives {choice.reproduced} of {choice.of} rows of this source"
    if choice.ties:
        text += f", and so do {', '.join(choice.ties)}"
    return f"{text}; {len(choice.tried)} conventions tried"
