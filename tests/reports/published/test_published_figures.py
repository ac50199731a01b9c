from __future__ import annotations

from typing import Any

from analysis.study import Study
from reports.drawing.figure import draw
from reports.published.figures import list_figures
from reports.report import build_frames


def figures_of(document: dict[str, Any]) -> Any:
    return list_figures(build_frames("published", Study.from_dict(document)))


def test_nothing_is_no_figure_with_a_reason(nothing: dict[str, Any]) -> None:
    assert [(picture.svg, picture.reason) for picture in draw(figures_of(nothing))] == [
        (b"", "no model was counted under several conventions"),
        (b"", "no printed cost was counted"),
    ]


def test_a_model_without_multiply_adds_has_no_bars(document: dict[str, Any]) -> None:
    document["explorer"] = [count for count in document["explorer"] if count["convention"] != "macs"]
    first, second = draw(figures_of(document))
    assert first.reason
    assert second.svg


def test_hostile_names_are_drawn_as_they_are(hostile: dict[str, Any]) -> None:
    for count in hostile["explorer"]:
        count["convention"] = count["convention"].replace("macs</script><b onload=alert(1)>\"'&x", "macs")
    hostile["rows"][0]["source"] = "$x_{$ and \\frac"
    pictures = draw(figures_of(hostile))
    assert all(picture.svg and b"<b onload" not in picture.svg for picture in pictures)


def test_at_most_four_models_are_drawn_known_ones_first(document: dict[str, Any]) -> None:
    names = ("a", "b", "c", "mobilenet_v2_1.0", "rexnet_1.0")
    own = document["explorer"][:3]
    document["explorer"] = [{**count, "model": name} for name in names for count in own]
    plan = next(iter(figures_of(document)))
    figure = plan.plot()
    assert figure is not None
    assert [panel.get_title() for panel in figure.axes] == ["rexnet_1.0", "mobilenet_v2_1.0", "a", "b"]


def test_every_mark_keeps_away_from_the_frame(document: dict[str, Any]) -> None:
    document["rows"][0]["difference"] = -4e9
    _, plan = figures_of(document)
    figure = plan.plot()
    assert figure is not None
    panel = figure.axes[0]
    marks = [float(x) for line in panel.lines if line.get_marker() != "None" for x in line.get_xdata()]
    places = panel.transAxes.inverted().transform(panel.transData.transform([(x, 0) for x in marks]))[:, 0]
    assert places.min() > 0.02
    assert places.max() < 0.98
