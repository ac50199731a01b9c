"""The page of a run: self-contained, with the verdict first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.statistics.knee import RULE
from reports.page.sections import Section
from reports.page.templates import render_page
from reports.run import conditions, summary, tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    import pandas as pd

    from reports.drawing.picture import Picture
    from reports.run.data import RunData

    Frames = Mapping[str, pd.DataFrame]


def render_run_page(run: RunData, frames: Frames, pictures: Sequence[Picture]) -> str:
    """The report as HTML.

    Args:
        run: What was measured.
        frames: As from `reports.run.frames.all_frames`.
        pictures: The drawn figures.
    """
    cases = frames["cases"]
    return render_page(
        "run/page.html.j2",
        kind="run",
        title=f"rexbench {run.info.id}",
        pictures=pictures,
        sections=_sections(frames),
        info=run.info,
        counts=summary.count_statuses(run),
        measured=int((cases["samples"] > 0).sum()),
        fastest=summary.find_fastest(run),
        doubts=summary.find_doubts(run),
        conditions=conditions.describe_conditions(run.info, cases, run.floor),
        everything=conditions.describe_everything(run.info),
    )


def _sections(frames: Frames) -> Iterator[Section]:
    cases = frames["cases"]
    common = tables.shared_settings(cases) if len(cases) else ""
    yield _section(
        "model_pairs",
        "Model pairs",
        "Models that took their turns side by side, so that a drift of the machine hits both. The ratio of the paper "
        "is from the latencies it printed for its own machine; whether it lies within our interval is judged with the "
        "rounding of what is printed.",
        tables.view_model_pairs(frames["model_pairs"]),
    )
    yield _section(
        "cases",
        "All measured cases",
        f"{f'All cases: {common}. ' if common else ''}Click a heading to sort. Percentiles are empty where the sample "
        "is too small for them; a mismatch is shown but takes no part in comparisons.",
        tables.view_cases(cases),
        "No case has samples.",
    )
    yield _section(
        "knees",
        "Knees: where more at once stops paying",
        f"The knee is {RULE}. Larger sizes take longer without a significant gain. Over batch sizes the knee is that "
        "of one call after the other, over streams it is that of the throughput scenario, whose milliseconds are the "
        "latency under load.",
        tables.view_knees(frames["knees"]),
    )
    yield _section(
        "left_out",
        "Not compared",
        "These cases take no part in any figure or comparison.",
        tables.view_left_out(cases),
        "Every case with a result is comparable.",
    )
    yield _section(
        "phases",
        "Time until ready, and when it pays",
        "Medians over the process rounds with the same state of the compile cache. One off is build, convert, compile "
        "and first inference; imports and warm-up are not in it. It pays after the images at which what is spent more "
        "than with eager has been saved.",
        tables.view_phases(frames["phases"], cases),
        "No phases were recorded.",
    )
    yield _section(
        "costs",
        "Costs",
        "Counted from the architecture, for one image. Costs by layer are in layers.csv.",
        tables.view_costs(frames["costs"]),
        "No costs were recorded.",
    )
    yield _section(
        "effective",
        "Requested and effective settings",
        "What each runtime was asked for and what it reports, how far its output agrees with eager fp32, and what "
        "else the machine did in the worst round.",
        tables.view_effective(cases),
        "Nothing was read back.",
    )


def _section(name: str, heading: str, intro: str, view: pd.DataFrame, missing: str = "") -> Section:
    return Section(
        name=name,
        heading=heading,
        intro=intro,
        table=view,
        missing=missing,
        meanings=tables.MEANINGS,
        badges=tables.badges_of(view),
        never=(tables.PAYS,),
    )
