from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reports.drawing import style
from reports.drawing.figure import draw
from reports.drawing.settings import drawing
from reports.run import frames as run_frames
from reports.run.figures import accuracy, costs, list_figures, load, speed

if TYPE_CHECKING:
    from reports.run.data import RunData


ACCURACY = ("cases", "costs", "accuracies")


def test_requests_in_flight_are_apart_from_one_call_at_a_time(run: RunData) -> None:
    cases = run_frames.frame_of(run, "cases")
    figure = load.plot_streams(cases, "")
    assert figure is not None
    throughput, loaded, *rest = figure.axes
    assert not [panel for panel in rest if panel.get_visible()]
    assert (throughput.get_ylabel(), loaded.get_ylabel()) == ("throughput [images/s]", "latency under load [ms]")
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["eager", "openvino", "chosen by hint"]
    alone = cases[cases["scenario"] == "latency"]
    for plot in (speed.plot_throughput, speed.plot_speedup):
        both, single = plot(cases, ""), plot(alone, "")
        assert both is not None
        assert single is not None
        assert [len(panel.containers) for panel in both.axes] == [len(panel.containers) for panel in single.axes]


def test_a_case_without_throughput_is_left_out_and_takes_no_other_with_it(run: RunData) -> None:
    cases = run_frames.frame_of(run, "cases")
    eager = (cases["scenario"] == "throughput") & (cases["backend"] == "eager")
    figure = load.plot_streams(cases.assign(throughput_per_s=cases["throughput_per_s"].mask(eager)), "")
    assert figure is not None
    [legend] = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["openvino", "chosen by hint"]
    none = cases["scenario"] == "throughput"
    assert load.plot_streams(cases.assign(throughput_per_s=cases["throughput_per_s"].mask(none)), "") is None


def test_labels_of_requests_in_flight_stay_inside_the_figure(run: RunData) -> None:
    figure = load.plot_streams(run_frames.frame_of(run, "cases"), "a processor; 2 threads")
    assert figure is not None
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    for panel in figure.axes:
        for text in (panel.title, panel.xaxis.label, panel.yaxis.label, *figure.legends[0].get_texts()):
            box = text.get_window_extent()
            assert box.x0 >= 0
            assert box.y0 >= 0
            assert box.x1 <= width
            assert box.y1 <= height


def test_one_model_has_no_figure_over_models(run: RunData) -> None:
    frames = run_frames.all_frames(replace(run, measurements=run.measurements[:8], costs=run.costs[:1]))
    frames["accuracies"] = frames["accuracies"].assign(top1_percent=math.nan)
    reasons = {picture.name: picture.reason for picture in draw(list_figures(frames, ""))}
    assert "two models" in reasons["macs_latency"]
    assert "published accuracy" in reasons["accuracy"]
    assert reasons["latency"] == ""


def test_only_ok_cases_are_drawn(run: RunData) -> None:
    cases = run_frames.frame_of(run, "cases")
    with drawing():
        figure = speed.plot_latency(cases, "")
    assert figure is not None
    panel = next(panel for panel in figure.axes if panel.get_title().startswith("rexnet_2.0"))
    colours = [line.get_color() for line in panel.lines if line.get_marker() == "s"]
    points = [len(line.get_xdata()) for line in panel.lines if line.get_marker() == "s"]
    assert set(colours) == {style.colour_of("torchscript")}
    assert points == [1]  # batch 1 is a mismatch


def test_a_point_without_interval_is_drawn_without_bar(run: RunData) -> None:
    short = tuple(replace(measurement, rounds=measurement.rounds[:1]) for measurement in run.measurements[:8])
    assert speed.plot_latency(run_frames.frame_of(replace(run, measurements=short), "cases"), "") is not None


def test_names_with_dollar_signs_are_no_formulas(run: RunData) -> None:
    odd = tuple(
        replace(measurement, case=replace(measurement.case, model="$x^{_$")) for measurement in run.measurements[:1]
    )
    assert draw(list_figures(run_frames.all_frames(replace(run, measurements=odd)), "$\\bad{$"))[0].svg


def test_backends_differ_in_colour_and_in_marker() -> None:
    looks = [
        style.style_of((name, "fp32", "contiguous", "cpu", "latency"))
        for name in ("eager", "torchscript", "compile", "openvino")
    ]
    assert len({look["color"] for look in looks}) == 4
    assert len({look["marker"] for look in looks}) == 4


def test_labels_name_only_what_is_special() -> None:
    assert style.label_of(("eager", "fp32", "contiguous", "cpu", "latency")) == "eager"
    assert style.label_of(("eager", "bf16", "channels_last", "cpu", "latency")) == "eager bf16 channels_last"


def test_a_huge_interval_does_not_dwarf_the_points(run: RunData) -> None:
    cases = run_frames.frame_of(run, "cases")
    cases.loc[0, "latency_high_s"] = 1e6
    figure = speed.plot_latency(cases, "")
    assert figure is not None
    assert figure.axes[0].get_ylim()[1] < 1000


def test_models_of_one_family_are_joined_and_others_are_not(run: RunData) -> None:
    frames = run_frames.all_frames(run)
    frames = {name: frames[name].replace("rexnet_2.0", "mobilenet_v2_1.0") for name in ACCURACY}
    figure = accuracy.plot_accuracy(*frames.values(), "")
    assert figure is not None
    assert {len(line.get_xdata()) for line in figure.axes[1].lines} == {1}


@pytest.mark.parametrize(
    ("model", "side", "known"),
    [
        ("efficientnet_b1", 240, True),
        ("efficientnet_b1", 224, False),
        ("timm:resnet18", 288, True),
        ("a.onnx", 9, False),
    ],
)
def test_a_published_accuracy_belongs_to_the_side_it_was_published_for(
    run: RunData, *, model: str, side: int, known: bool
) -> None:
    costs = ({**run.costs[0], "model": model, "resolution": side},)
    frames = run_frames.all_frames(replace(run, costs=costs, measurements=()))
    figure = accuracy.plot_accuracy(*(frames[name] for name in ACCURACY), "")
    assert (figure is not None) == known


def test_names_of_models_with_like_costs_stand_apart(run: RunData) -> None:
    frames = run_frames.all_frames(run)
    frames["costs"]["macs"] = 4e8
    figure = costs.plot_macs_latency(frames["cases"], frames["costs"], "")
    assert figure is not None
    places = [text.get_position()[0] for text in figure.axes[0].texts if text.get_rotation()]
    assert len(places) == 2
    assert places[1] - places[0] > 0.03


def test_another_device_looks_different() -> None:
    looks = [style.style_of(("eager", "fp32", "contiguous", device, "latency")) for device in ("cpu", "cuda")]
    assert looks[0]["fillstyle"] != looks[1]["fillstyle"]
