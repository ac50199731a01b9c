from __future__ import annotations

import copy
from typing import Any

import pytest
from matplotlib.colors import to_rgba

from analysis.study import Study
from reports.drawing import layout, style
from reports.drawing.figure import draw
from reports.drawing.settings import drawing
from reports.rank.figures import layer_claims, layer_curves, layer_maps, network_depth, network_spectra, styles
from reports.rank.figures import trained as trained_figures
from reports.rank.names import slugs
from reports.report import build_frames, find_report


def frames_of(document: dict[str, Any]) -> Any:
    study = Study.from_dict(document)
    return build_frames(study.kind, study)


def draw_all(kind: str, frames: Any) -> Any:
    return draw(find_report(kind).figures(None, frames))


def reduced(layers: dict[str, Any], **kept: Any) -> dict[str, Any]:
    """The study with fewer blocks, activations or ratios, as one protocol without the paper's points."""
    protocol = copy.deepcopy(layers["protocols"][0])
    for name in ("cells", "bounds"):
        protocol[name] = [
            row for row in protocol[name] if all(row.get(key, values[0]) in values for key, values in kept.items())
        ]
    return {"format": 1, "kind": "layers", "protocols": [protocol | {"overlay": [], "distances": [], "exact": []}]}


def test_a_last_bit_of_the_layout_does_not_reach_the_file(layers: dict[str, Any]) -> None:
    with drawing():
        figure = layer_maps.plot_signs(frames_of(layers)["sign_map"], "")
        assert figure is not None
        layout.settle(figure)
        bounds = [bound for panel in figure.axes for bound in panel.get_position(original=True).bounds]
        assert bounds == pytest.approx([round(bound, 6) for bound in bounds], abs=1e-15)
        before = style.render(figure)[0]
        figure.axes[0].set_position([bound + 1e-16 for bound in figure.axes[0].get_position(original=True).bounds])
        layout.settle(figure)
        assert style.render(figure)[0] == before


def test_figure_1_shows_ours_the_paper_and_the_bound(layers: dict[str, Any]) -> None:
    frames = {
        name: frame[frame["protocol"] == "literal"]
        for name, frame in frames_of(layers).items()
        if name in ("cells", "bounds", "overlay")
    }
    primary = frames["cells"][frames["cells"]["primary"]]
    figure = layer_curves.plot_figure1(primary, frames["bounds"], frames["overlay"], "")
    assert figure is not None
    panel = figure.axes[3]
    assert panel.get_title() == "inverted bottleneck, depthwise 3x3"
    silu = [line for line in panel.lines if line.get_color() == styles.activation_look("SiLU")["color"]]
    lines = [line for line in silu if line.get_linestyle() != "None"]
    points = [line for line in silu if line.get_linestyle() == "None"]
    assert len(lines[0].get_xdata()) == 6
    assert len(points[0].get_xdata()) == 5
    assert points[0].get_markerfacecolor() == "none"
    assert [line.get_linestyle() for line in panel.lines].count(":") == 1


def test_activations_differ_in_colour_and_in_marker() -> None:
    names = ["Linear", "ReLU6", "ReLU", "LeakyReLU", "ELU", "SoftPlus", "Hardswish", "SiLU"]
    names += ["GELU", "Mish", "SELU", "Tanh", "Sigmoid"]
    looks = [styles.activation_look(name) for name in names]
    assert len({look["color"] for look in looks}) == len(names)
    assert len({look["marker"] for look in looks}) == len(names)
    assert styles.order_activations(reversed(names)) == names


def test_tolerances_go_from_rounding_to_the_loosest() -> None:
    names = ["rel:0.1", "rel:0.001", "numpy", "rel:3e-05", "producer"]
    assert styles.order_tolerances(names) == ["producer", "numpy", "rel:3e-05", "rel:0.001", "rel:0.1"]


def test_one_block_and_one_activation_are_enough(layers: dict[str, Any]) -> None:
    study = reduced(layers, block=("conv3x3",), activation=("SiLU",))
    reasons = {picture.name: picture.reason for picture in draw_all("layers", frames_of(study))}
    assert reasons["rank_figure1_literal"] == ""
    assert "1x1 convolution" in reasons["rank_heat_literal"]
    assert reasons["rank_distances"]


def test_one_ratio_of_a_linear_layer_is_enough(layers: dict[str, Any]) -> None:
    study = reduced(layers, block=("conv1x1",), activation=("Linear",), dimension_ratio=(1.0,))
    reasons = {picture.name: picture.reason for picture in draw_all("layers", frames_of(study))}
    assert reasons["rank_figure1_literal"] == ""
    assert "was compared with ReLU6" in reasons["rank_differences_literal"]


def test_missing_means_and_intervals_are_left_out(layers: dict[str, Any]) -> None:
    study = reduced(layers, block=("conv1x1",))
    for place, cell in enumerate(study["protocols"][0]["cells"]):
        cell.update(dict.fromkeys(("low", "high", "difference_low", "difference_high")))
        if place // 12 % 3 == 0:
            cell.update(mean=None, difference=None)
    pictures = {picture.name: picture for picture in draw_all("layers", frames_of(study))}
    assert pictures["rank_figure1_literal"].svg
    assert pictures["rank_heat_literal"].svg
    assert pictures["rank_differences_literal"].svg


def test_the_sign_map_reads_without_colour(layers: dict[str, Any]) -> None:
    signs = frames_of(layers)["sign_map"]
    with drawing():
        figure = layer_maps.plot_signs(signs, "")
    assert figure is not None
    panels = [panel for panel in figure.axes if "ratio" in panel.get_title()]
    written = [text.get_text() for panel in panels for text in panel.texts]
    assert len(panels) == 4
    assert written.count("+") == (signs["sign"] == "+").sum()
    assert written.count("\N{MINUS SIGN}") == (signs["sign"] == "-").sum()
    assert written.count("0") == (signs["sign"] == "0").sum()


def test_each_of_the_four_verdicts_has_its_own_symbol_and_what_is_open_is_grey(layers: dict[str, Any]) -> None:
    claims = [row for row in layers["claims"] if row["protocol"] == "literal"]
    figure = layer_claims.plot_verdicts(frames_of({**layers, "claims": claims})["claims"], "")
    assert figure is not None
    symbols = {"holds": "\N{CHECK MARK}", "fails": "\N{MULTIPLICATION X}", "depends on": "~", "can't be told": "?"}
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == [f"{symbol}  {verdict}" for verdict, symbol in symbols.items()]
    panel = figure.axes[0]
    shown = [text.get_text() for text in panel.texts][::2]
    assert shown == [symbols[row["verdict"]] for row in claims]
    colours = {symbol: to_rgba(patch.get_facecolor()) for symbol, patch in zip(shown, panel.patches, strict=True)}
    assert len(set(colours.values())) == len(symbols)
    assert len(set(colours["?"][:3])) == 1
    assert [label.get_text().split()[0] for label in panel.get_yticklabels()] == [row["claim"] for row in claims]


def test_where_no_view_decides_the_sensitivity_is_a_dash(layers: dict[str, Any]) -> None:
    row = {"claim": "C1", "factor": "norm", "undecided": 7}
    rows = [row | {"level": "none", "views": 0, "held": 0}, row | {"level": "before", "views": 4, "held": 1}]
    rows.append(row | {"claim": "C2", "level": "before", "views": 3, "held": 0})
    frames = frames_of({**layers, "sensitivity": rows})
    figure = layer_maps.plot_sensitivity(frames["sensitivity"], "")
    assert figure is not None
    texts = {text.get_position(): text.get_text() for text in figure.axes[0].texts}
    assert [texts[place] for place in ((0.0, 0), (1.0, 0), (0.0, 1), (1.0, 1))] == ["\N{EN DASH}", "25", "", "0"]


def test_a_model_without_blocks_has_a_profile_still(network: dict[str, Any]) -> None:
    model = copy.deepcopy(network["models"][0]) | {"blocks": [], "layers": []}
    for tap in model["taps"]:
        tap |= {"block": "", "point": "", "bound": None, "jacobian_rank": None}
    pictures = {picture.name: picture for picture in draw_all("network", frames_of({**network, "models": [model]}))}
    assert pictures["rank_profile"].svg
    assert pictures["rank_spectra"].svg
    assert "two models" in pictures["rank_aligned"].reason
    assert "Jacobian" in pictures["rank_jacobian"].reason


def test_depths_with_too_few_rows_are_shaded(network: dict[str, Any]) -> None:
    figure = network_depth.plot_profile(frames_of(network)["taps"], "")
    assert figure is not None
    assert [len(panel.patches) for panel in figure.axes] == [3] * 6


def test_spectra_that_are_zero_or_not_finite_do_not_stop_the_rest(network: dict[str, Any]) -> None:
    zero, broken = copy.deepcopy(network["models"])
    for model, value in ((zero, 0.0), (broken, None)):
        for tap in model["taps"]:
            tap.update(uncentred=[value] * 8, centred=[value] * 8)
    broken["model"] = "broken"
    frames = frames_of({**network, "models": [zero, broken, network["models"][1]]})
    with drawing():
        for figure in (
            network_spectra.plot_final_spectra(frames["spectra"], frames["taps"], ["head.pooled"], ""),
            network_spectra.plot_staircases(frames["curves"], frames["metrics"], ""),
        ):
            assert figure is not None
            assert style.render(figure)[0]


def test_zeros_for_want_of_rows_are_not_drawn_as_singular_values(network: dict[str, Any]) -> None:
    model = copy.deepcopy(network["models"][0])
    padded = [1.0] * 32 + [0.0] * 96
    model["taps"][-1].update(uncentred=padded, centred=padded, flags=["sample_limited"], rows=32)
    frames = frames_of({**network, "models": [model]})
    figure = network_spectra.plot_final_spectra(frames["spectra"], frames["taps"], ["head.pooled"], "")
    assert figure is not None
    left, right = figure.axes[0].lines[0], figure.axes[1].lines[0]
    assert len(left.get_xdata()) == len(right.get_xdata()) == 32
    assert min(left.get_ydata()) > 75
    assert "too few rows" in figure.legends[0].get_texts()[0].get_text()


def test_bars_of_ranks_that_are_capped_by_rows_are_hatched(network: dict[str, Any]) -> None:
    model = copy.deepcopy(network["models"][0])
    model["taps"][2]["flags"] = ["sample_limited"]
    frames = frames_of({**network, "models": [model]})
    figure = network_depth.plot_blocks(frames["blocks"], frames["taps"], "")
    assert figure is not None
    assert sum(bool(bar.get_hatch()) for bar in figure.axes[0].patches) == 1


def test_the_foot_of_the_time_shares_says_how_layers_were_timed(network: dict[str, Any]) -> None:
    def foot(*times: dict[str, Any] | None) -> str:
        models = [model | {"layer_times": time} for model, time in zip(network["models"], times, strict=True)]
        plans = find_report("network").figures(None, frames_of({**network, "models": models}))
        figure = next(plan for plan in plans if plan.name == "rank_layer_shares").plot()
        assert figure is not None
        return figure.texts[-1].get_text().replace("\n", " ")

    alike = network["models"][0]["layer_times"]
    assert foot(alike, alike).startswith(
        "Times: batch 1, threads 2, passes 30, leaf modules timed by hooks. image count 80"
    )
    other = foot(alike, alike | {"batch": 8})
    assert "Times of rexnet_1.0: batch 1, " in other
    assert "Times of mobilenet_v2_1.0: batch 8, " in other
    assert "Times" not in foot(None, None)


def test_failed_runs_are_not_drawn(trained: dict[str, Any]) -> None:
    runs = frames_of(trained)["runs"]
    figure = trained_figures.plot_together(runs[runs["status"] == "ok"], "")
    assert figure is not None
    assert sum(len(line.get_xdata()) for panel in figure.axes for line in panel.lines) == 3 * 29


def test_a_network_whose_runs_all_failed_is_left_out(trained: dict[str, Any]) -> None:
    missing = {name: None for name in trained["summary"][0] if name.startswith(("accuracy", "nuclear"))}
    summary = [{**trained["summary"][0], **missing, "seeds": 0}, *trained["summary"][1:2]]
    pictures = draw_all("trained", frames_of({**trained, "summary": summary, "runs": [], "pairs": []}))
    assert [bool(picture.svg) for picture in pictures] == [True, False, False, True]


def test_names_become_files_that_no_other_name_takes() -> None:
    assert slugs(["literal", "../a b", "A  B", "a b", "$"]) == {
        "literal": "literal",
        "../a b": "a_b",
        "A  B": "a_b__2",
        "a b": "a_b__3",
        "$": "unnamed",
    }
