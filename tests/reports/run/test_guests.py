"""A whole report over models that are not ours: of timm, of other libraries, of a user, and files."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from made_up import make_measurement

from analysis.published import load, timm_results
from bench.records.case import Case
from bench.records.run import RunInfo
from reports.drawing.figure import draw
from reports.report import write_report
from reports.run import frames as run_frames
from reports.run import tables
from reports.run.data import RunData
from reports.run.figures import list_figures
from reports.run.figures.accuracy import plot_accuracy
from reports.run.published_order import render_orders

if TYPE_CHECKING:
    from pathlib import Path

    from bench.records.measurement import Measurement

TIMM = ("resnet18", "resnet18.tv_in1k", "mobilenetv3_large_100", "efficientnet_lite0", "convnext_atto", "rexnet_100")
TIMM += ("regnety_002", "no_such_network")
OTHERS = ("torchvision:resnet18", "py:my.models:build", "/home/a b/net.onnx", "<i>.xml", "$x^{.pt2", "timm:")
MODELS = ("rexnet_1.0", *(f"timm:{name}" for name in TIMM), *OTHERS)


def measured(model: str, place: int, resolution: int) -> Measurement:
    """Twice timm's time, or what the place in the list gives; regnety_002 takes ten times as long as it should."""
    time_s = timm_results.read_cpu_times_s(model).get(224, 0.01 + 0.002 * place)
    time_s *= 20 if "regnety" in model else 2
    case = Case(model=model, resolution=resolution, batch=1, backend="openvino")
    rng = np.random.default_rng(1)
    return make_measurement([[[time_s * np.exp(rng.normal(0, 0.01))] * 4] * 4 for _ in range(4)], case)


def made_run(models: tuple[str, ...] = MODELS) -> RunData:
    sides = {"timm:convnext_atto": 256}  # at which timm prints nothing
    cases = [(model, place, sides.get(model, 224)) for place, model in enumerate(models)]
    return RunData(
        info=RunInfo(id="x", started_at="now"),
        measurements=tuple(measured(*case) for case in cases),
        costs=tuple(
            {"model": model, "resolution": side, "params": 10**6, "params_folded": 10**6, "macs": 10**8 * (place + 1)}
            | {"activations": 10**6, "layers": [{"layer": "a", "kind": "b", "params": 1, "macs": 1, "out_shape": "1"}]}
            for model, place, side in cases
        ),
        printed=load(),
    )


@pytest.fixture(scope="module")
def guests() -> RunData:
    return made_run()


@pytest.fixture(scope="module")
def frames(guests: RunData) -> dict[str, pd.DataFrame]:
    return run_frames.all_frames(guests)


def test_a_report_is_written_whatever_the_models_are_called(tmp_path: Path) -> None:
    few = ("rexnet_1.0", "timm:resnet18.tv_in1k", "py:my.models:build", "/home/a b/net.onnx", "<i>.xml")
    folder = write_report("run", made_run(few), tmp_path / "out").parent
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert all(html.escape(model) in page for model in few)
    assert "<i>.xml" not in page
    for name in ("latency", "accuracy", "macs_latency", "layers"):
        assert (folder / f"figures/{name}.png").stat().st_size > 10_000
    assert list(pd.read_csv(folder / "csv/accuracies.csv")["model"]) == list(few)


def test_the_figures_of_many_models_are_drawn_whatever_they_are_called(frames: dict[str, pd.DataFrame]) -> None:
    wanted = {"accuracy", "published_times", "macs_latency"}
    pictures = draw(figure for figure in list_figures(frames, "") if figure.name in wanted)
    assert {picture.name for picture in pictures if picture.png} == wanted


def test_accuracies_and_their_reasons_are_a_table(frames: dict[str, pd.DataFrame]) -> None:
    rows = frames["accuracies"].set_index("model")
    assert list(rows.index) == list(MODELS)
    assert rows.loc["timm:rexnet_100", "top1_percent"] == 77.862
    assert rows.loc["rexnet_1.0", "top1_percent"] == 77.9
    assert rows.loc["timm:resnet18", "weights"] == "resnet18.a1_in1k (the default weights of timm 1.0.31)"
    assert rows.loc["timm:resnet18.tv_in1k", "source"] == "timm's results tables (commit aa4b585)"
    assert "not for 256" in rows.loc["timm:convnext_atto", "reason"]
    assert all((row["source"] == "") != (row["reason"] == "") for _, row in rows.iterrows())


def test_the_order_names_what_is_slower_here_than_in_the_table(
    frames: dict[str, pd.DataFrame], guests: RunData
) -> None:
    [order] = frames["published_order"].to_dict("records")
    assert (order["backend"], order["models"], order["outliers"]) == ("openvino", 5, "timm:regnety_002")
    assert "timm:convnext_atto: the table has it at 224 and 288 pixels, not at 256" in order["left_out"]
    assert "timm:no_such_network: the table has no such model" in order["left_out"]
    furthest = frames["published_times"].iloc[0]
    assert furthest["model"] == "timm:regnety_002"
    assert furthest["deviation"] == pytest.approx(10, rel=0.05)
    assert render_orders(guests.result.orders) == (
        "order beside timm's table: openvino: Kendall's tau 0.286 [no interval] over 5 models; 3 left out; "
        "outliers: timm:regnety_002 (10 times the typical ratio)"
    )


@pytest.mark.parametrize("models", [("rexnet_1.0",), ("rexnet_1.0", "timm:resnet18", "timm:rexnet_100")])
def test_fewer_models_than_five_show_no_order(models: tuple[str, ...]) -> None:
    run = made_run(models)
    frames = run_frames.all_frames(run)
    assert "published_times" not in [figure.name for figure in list_figures(frames, "")]
    assert tables.view_published_order(frames["published_order"]).empty
    assert tables.view_published_times(frames["published_times"], frames["published_order"]).empty
    assert frames["published_order"]["tau"].isna().all()
    assert render_orders(run.result.orders) == ""


def test_many_models_are_named_in_a_panel_for_each_backend_and_only_families_are_joined() -> None:
    ours = ("rexnet_1.0", "rexnet_1.3", "rexnet_1.5", "rexnet_2.0")
    guests = tuple(f"timm:{name}" for name in TIMM if name not in {"convnext_atto", "no_such_network"})
    frames = run_frames.all_frames(made_run((*ours, *guests)))
    figure = plot_accuracy(frames["cases"], frames["costs"], frames["accuracies"], "")
    assert figure is not None
    assert [panel.get_title() for panel in figure.axes] == ["", "openvino"]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"rexnet", "other models"}
    for panel in figure.axes:
        joined = [len(line.get_xdata()) for line in panel.lines if line.get_linestyle() != "None"]
        assert joined == [4]
        texts = [text for text in panel.texts if text.get_text()]
        assert {text.get_text() for text in texts} == {*ours, *guests}
        boxes = [text.get_window_extent() for text in texts]
        assert not [box for place, box in enumerate(boxes) if any(box.overlaps(other) for other in boxes[:place])]
