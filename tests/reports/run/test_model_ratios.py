"""Model pairs as rows and as a figure, from made-up turns whose ratios are known, beside what the paper printed."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from analysis.published import PublishedRow, load
from analysis.published.conditions import hardware
from bench.planning.presets import PRESETS
from bench.records.case import Case
from bench.records.measurement import Measurement, Round
from bench.records.run import RunInfo
from reports.drawing.figure import draw
from reports.run import frames as run_frames
from reports.run.data import RunData
from reports.run.figures import list_figures
from reports.run.figures.paper import plot_paper_latency
from reports.run.paper_latency import divide_printed, read_paper
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

PRESET = PRESETS["paper-latency"]
#: How many times as long the other model takes, pair by pair; the paper's CPU ratios are 1.00, 1.27, 1.31 and 1.45.
RATIOS = (1.0, 1.27, 1.1, 1.45)


def measured(case: Case, time_s: float, rounds: int) -> Measurement:
    """Rounds that differ by a percent, all calls of a round alike."""
    drift = np.exp(np.random.default_rng(0).normal(0, 0.01, rounds))
    own = np.exp(np.random.default_rng(len(case.model)).normal(0, 0.005, rounds))
    turns = [[(float(time_s * shared * alone),) * 3] * 6 for shared, alone in zip(drift, own, strict=True)]
    return Measurement(
        case=case, status="ok", rounds=tuple(Round(turns_s=tuple(turn), phases_s={"build": 0.1}) for turn in turns)
    )


def made_run(*devices: tuple[str, int], rounds: int = 4, **changes: Any) -> RunData:
    measurements = []
    for device, batch in devices or (("cpu", 1),):
        for (model, other), ratio in zip(PRESET.rivals, RATIOS, strict=True):
            for name, time_s in ((model, 0.03), (other, 0.03 * ratio)):
                for backend in ("eager", "openvino") if device == "cpu" else ("eager",):
                    case = Case(model=name, resolution=model_info(name).resolution, batch=batch, backend=backend)
                    case = replace(case, device=device, **changes)
                    measurements.append(measured(case, time_s, rounds))
    settings = {"rivals": [list(pair) for pair in PRESET.rivals]}
    info = RunInfo(id="x", started_at="now", settings=settings)
    return RunData(info=info, measurements=tuple(measurements), printed=load())


def one_row(run: RunData, other: str, backend: str = "eager") -> pd.Series:
    frame = run_frames.frame_of(run, "model_pairs")
    return frame[(frame["other"] == other) & (frame["backend"] == backend)].iloc[0]


def plot(run: RunData, **changes: Any) -> Figure | None:
    accuracies = run_frames.frame_of(run, "accuracies").assign(**changes)
    return plot_paper_latency(run_frames.frame_of(run, "model_pairs"), accuracies, "")


def drawn(run: RunData) -> Figure:
    figure = plot(run)
    assert figure is not None
    return figure


def test_the_papers_latencies_are_read_with_their_hardware() -> None:
    paper = read_paper(load())
    assert (float(paper["efficientnet_b3", "cpu", 1].value), paper["efficientnet_b3", "cpu", 1].printed) == (0.1, "100")
    assert float(paper["rexnet_2.0", "cuda", 64].value) == 0.04
    assert {hardware(row) for row in paper.values()} == {"Xeon E5-2630 v4, batch 1", "V100, batch 64"}


def test_every_pair_of_the_preset_was_printed_for_both_devices() -> None:
    paper = read_paper(load())
    for model, other in PRESET.rivals:
        assert divide_printed(paper, (other, "cpu", 1), (model, "cpu", 1)) is not None
        assert divide_printed(paper, (other, "cuda", 64), (model, "cuda", 64)) is not None


def test_latencies_of_others_and_other_numbers_are_passed_over() -> None:
    row = next(row for row in load() if row.metric == "latency" and row.model == "rexnet_1.0")
    others = [replace(row, source="somebody"), replace(row, metric="top1"), replace(row, conditions="two M40 GPUs")]
    assert read_paper(others) == {}
    assert isinstance(row, PublishedRow)


def test_rounding_to_milliseconds_leaves_a_ratio_open() -> None:
    paper = read_paper(load())
    quotient = divide_printed(paper, ("efficientnet_b0", "cpu", 1), ("rexnet_1.0", "cpu", 1))
    assert quotient is not None
    assert quotient.value == 1.0
    assert (quotient.low, quotient.high) == (pytest.approx(46.5 / 47.5), pytest.approx(47.5 / 46.5))
    assert divide_printed(paper, ("efficientnet_b0", "cpu", 8), ("rexnet_1.0", "cpu", 8)) is None


def test_a_row_holds_the_known_ratio_beside_the_papers() -> None:
    row = one_row(made_run(), "efficientnet_b1")
    assert row["ratio"] == pytest.approx(1.27, rel=0.02)
    assert row["ratio_low"] < row["ratio"] < row["ratio_high"]
    assert (row["model"], row["model_resolution"], row["other_resolution"]) == ("rexnet_1.3", 224, 240)
    assert row["paper_ratio"] == pytest.approx(70 / 55)
    assert (row["paper_model_latency_s"], row["paper_other_latency_s"]) == (0.055, 0.07)
    assert row["paper_condition"] == "Xeon E5-2630 v4, batch 1"
    assert row["other_latency_s"] == pytest.approx(0.0381, rel=0.05)


def test_whether_the_papers_ratio_lies_in_the_interval_is_said() -> None:
    run = made_run()
    assert one_row(run, "efficientnet_b1")["paper_in_interval"]
    assert not one_row(run, "efficientnet_b2")["paper_in_interval"]
    assert one_row(made_run(rounds=1), "efficientnet_b2")["paper_in_interval"] is None


def test_a_gpu_is_set_beside_the_papers_gpu() -> None:
    row = one_row(made_run(("cuda", 64)), "efficientnet_b3")
    assert (row["paper_condition"], row["paper_ratio"]) == ("V100, batch 64", pytest.approx(78 / 40))


@pytest.mark.parametrize("changes", [{"batch": 8}, {"resolution": 192}])
def test_another_batch_or_side_has_a_ratio_and_none_of_the_papers(changes: dict[str, int]) -> None:
    run = made_run(("cpu", changes.get("batch", 1)))
    if "resolution" in changes:
        run = replace(
            run,
            measurements=tuple(
                replace(measurement, case=replace(measurement.case, **changes)) for measurement in run.measurements
            ),
        )
    row = one_row(run, "efficientnet_b1")
    assert row["ratio"] == pytest.approx(1.27, rel=0.02)
    assert math.isnan(row["paper_ratio"])
    assert plot(run) is None


def test_what_is_not_ok_is_a_row_without_ratio_that_says_why() -> None:
    run = made_run()
    wrong = tuple(
        replace(measurement, status="failed", reason="boom", rounds=())
        if measurement.case.model == "efficientnet_b1"
        else measurement
        for measurement in run.measurements
    )
    row = one_row(replace(run, measurements=wrong), "efficientnet_b1")
    assert math.isnan(row["ratio"])
    assert row["reason"] == "efficientnet_b1 is failed: boom"
    assert row["model_latency_s"] > 0
    assert math.isnan(row["other_latency_s"])


def test_a_run_without_model_pairs_has_no_rows_and_no_figure() -> None:
    run = made_run()
    run = replace(run, info=replace(run.info, settings={}))
    frames = run_frames.all_frames(run)
    assert frames["model_pairs"].empty
    assert list(frames["model_pairs"].columns) == list(run_frames.TABLES["model_pairs"])
    reasons = {picture.name: picture.reason for picture in draw(list_figures(frames, ""))}
    assert "no pair of models that the paper compares" in reasons["paper_latency"]


def test_the_figure_has_a_panel_per_backend_one_for_the_paper_and_one_of_ratios() -> None:
    titles = [panel.get_title() for panel in drawn(made_run()).axes if panel.get_visible()]
    assert titles == [
        "eager, batch 1, measured here",
        "openvino, batch 1, measured here",
        "paper: Xeon E5-2630 v4, batch 1",
        "ratio, batch 1: above 1 the other is slower",
    ]


def test_a_gpu_has_panels_of_its_own() -> None:
    titles = [panel.get_title() for panel in drawn(made_run(("cpu", 1), ("cuda", 64))).axes if panel.get_visible()]
    assert titles[4:] == [
        "eager, batch 64, GPU, measured here",
        "paper: V100, batch 64",
        "ratio, batch 64, GPU: above 1 the other is slower",
    ]


def test_the_papers_points_are_in_its_own_milliseconds() -> None:
    panel = drawn(made_run()).axes[2]
    points = {tuple(round(float(x), 6) for x in line.get_xdata()) for line in panel.lines}
    assert {(47.0, 55.0, 59.0, 69.0), (47.0, 70.0, 77.0, 100.0)} <= points


def test_no_two_names_of_a_panel_overlap() -> None:
    figure = drawn(made_run())
    figure.draw_without_rendering()
    for panel in figure.axes:
        boxes = [text.get_window_extent() for text in panel.texts]
        assert not [(box, other) for i, box in enumerate(boxes) for other in boxes[:i] if box.overlaps(other)]


def test_a_model_without_published_accuracy_is_left_out_of_those_panels_alone() -> None:
    figure = plot(made_run(), top1_percent=lambda rows: rows["top1_percent"].mask(rows["model"] == "rexnet_1.0"))
    assert figure is not None
    assert "1.0" not in [text.get_text() for text in figure.axes[0].texts]
    assert len(figure.axes[3].get_yticklabels()) == 4


def test_without_any_accuracy_the_ratios_are_still_drawn() -> None:
    figure = plot(made_run(), top1_percent=math.nan)
    assert figure is not None
    assert [panel.get_title() for panel in figure.axes if panel.get_visible()] == [
        "ratio, batch 1: above 1 the other is slower"
    ]


def test_one_round_is_drawn_without_bars() -> None:
    assert drawn(made_run(rounds=1)) is not None
