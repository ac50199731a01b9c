from __future__ import annotations

from typing import Any

from reports.published import published_frames
from reports.published.figures import plan_published, plot_published


def test_both_figures_are_drawn_as_svg_and_png(drawn: list[Any]) -> None:
    assert [one.name for one in drawn] == ["published_conventions", "published_differences"]
    assert all(one.svg.startswith(b"<?xml") and one.png.startswith(b"\x89PNG") and not one.reason for one in drawn)


def test_the_same_document_gives_the_same_bytes(document: dict[str, Any], drawn: list[Any]) -> None:
    again = plot_published(published_frames(document))
    assert [one.svg for one in again] == [one.svg for one in drawn]


def test_nothing_is_no_figure_with_a_reason(nothing: dict[str, Any]) -> None:
    assert [(one.svg, one.reason) for one in plot_published(published_frames(nothing))] == [
        (b"", "no model was counted under several conventions"),
        (b"", "no printed cost was counted"),
    ]


def test_a_model_without_multiply_adds_has_no_bars(document: dict[str, Any]) -> None:
    document["explorer"] = [one for one in document["explorer"] if one["convention"] != "macs"]
    first, second = plot_published(published_frames(document))
    assert first.reason
    assert second.svg


def test_hostile_names_are_drawn_as_they_are(hostile: dict[str, Any]) -> None:
    for one in hostile["explorer"]:
        one["convention"] = one["convention"].replace("macs</script><b onload=alert(1)>\"'&x", "macs")
    hostile["rows"][0]["source"] = "$x_{$ and \\frac"
    pictures = plot_published(published_frames(hostile))
    assert all(one.svg and b"<b onload" not in one.svg for one in pictures)


def test_at_most_four_models_are_drawn_known_ones_first(document: dict[str, Any]) -> None:
    names = ("a", "b", "c", "mobilenet_v2_1.0", "rexnet_1.0")
    own = document["explorer"][:3]
    document["explorer"] = [{**count, "model": name} for name in names for count in own]
    plan = next(iter(plan_published(published_frames(document))))
    figure = plan.draw()
    assert figure is not None
    assert [panel.get_title() for panel in figure.axes] == ["rexnet_1.0", "mobilenet_v2_1.0", "a", "b"]


def test_every_mark_keeps_away_from_the_frame(document: dict[str, Any]) -> None:
    document["rows"][0]["difference"] = -4e9
    _, plan = plan_published(published_frames(document))
    figure = plan.draw()
    assert figure is not None
    panel = figure.axes[0]
    marks = [float(x) for line in panel.lines if line.get_marker() != "None" for x in line.get_xdata()]
    places = panel.transAxes.inverted().transform(panel.transData.transform([(x, 0) for x in marks]))[:, 0]
    assert places.min() > 0.02
    assert places.max() < 0.98


def test_every_caption_is_whole_sentences(document: dict[str, Any]) -> None:
    plans = list(plan_published(published_frames(document)))
    assert [plan.caption for plan in plans if not plan.caption.endswith(".") or "  " in plan.caption] == []
    assert [plan.needs for plan in plans if plan.needs.endswith(".")] == []
