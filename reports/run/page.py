"""The page of a run: self-contained, with the verdict first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.published.timm_results import CPU_CONDITIONS
from bench.statistics.knee import RULE
from reports.page.sections import Section
from reports.page.templates import render_page
from reports.run import conditions, precision, summary, tables
from reports.texts import load_texts

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
        sentences=[result.precision.sentence for result in run.result.cases if result.precision.sentence],
        doubts=summary.find_doubts(run),
        conditions=conditions.describe_conditions(run.info, cases, run.floor),
        everything=conditions.describe_everything(run.info),
    )


def _sections(frames: Frames) -> Iterator[Section]:
    cases = frames["cases"]
    shared = tables.shared_settings(cases) if len(cases) else ""
    values = {"shared": f"All cases: {shared}. " if shared else "", "rule": RULE, "table": CPU_CONDITIONS}
    views = {
        "model_pairs": tables.view_model_pairs(frames["model_pairs"]),
        "cases": tables.view_cases(cases),
        "end_to_end": tables.view_end_to_end(cases),
        "precisions": tables.view_precisions(cases),
        "float_layers": precision.view_float_layers(frames["layer_runs"]),
        "noisy_layers": precision.view_noisy_layers(frames["layer_runs"]),
        "energy": tables.view_energy(cases),
        "knees": tables.view_knees(frames["knees"]),
        "left_out": tables.view_left_out(cases),
        "phases": tables.view_phases(frames["phases"], cases),
        "costs": tables.view_costs(frames["costs"]),
        "accuracies": tables.view_accuracies(frames["accuracies"]),
        "published_order": tables.view_published_order(frames["published_order"]),
        "published_times": tables.view_published_times(frames["published_times"], frames["published_order"]),
        "effective": tables.view_effective(cases),
    }
    texts = load_texts("run")["sections"]
    for name, view in views.items():
        words = {part: text.format(**values) for part, text in texts[name].items()}
        badges = tables.badges_of(view)
        yield Section(name=name, table=view, meanings=tables.MEANINGS, badges=badges, never=(tables.PAYS,), **words)
