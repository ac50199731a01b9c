"""Names beside points hide neither one another nor leave the panel."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from reports.drawing.names import name_points, shorten


def drawn(count: int, seed: int) -> Figure:
    rng = np.random.default_rng(seed)
    figure = Figure(figsize=(7.4, 4.4), layout="constrained")
    panel = figure.subplots()
    x, y = rng.uniform(0, 1, (2, count))
    panel.plot(x, y, "o", markersize=4)
    panel.margins(0.12)
    figure.draw_without_rendering()
    name_points(panel, zip(x, y, [f"timm:network_{n:03}" for n in range(count)], strict=True))
    return figure


def boxes(figure: Figure) -> list[object]:
    return [text.get_window_extent() for text in figure.axes[0].texts if text.get_text()]


@pytest.mark.parametrize("seed", range(3))
def test_thirty_names_do_not_overlap_and_stay_inside(seed: int) -> None:
    figure = drawn(30, seed)
    found, inside = boxes(figure), figure.axes[0].get_window_extent()
    assert len(found) == 30
    assert not [(a, b) for place, a in enumerate(found) for b in found[:place] if a.overlaps(b)]
    for box in found:
        assert inside.x0 <= box.x0
        assert box.x1 <= inside.x1
        assert inside.y0 <= box.y0
        assert box.y1 <= inside.y1


def test_the_same_points_give_the_same_places() -> None:
    assert [str(box) for box in boxes(drawn(12, 4))] == [str(box) for box in boxes(drawn(12, 4))]


def test_no_points_and_one_point_are_no_special_case() -> None:
    assert boxes(drawn(0, 0)) == []
    assert len(boxes(drawn(1, 0))) == 1


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("timm:resnet18", "timm:resnet18"),
        ("/home/a/net.onnx", "net.onnx"),
        ("timm:vit_so400m_patch14_siglip_gap_378.webli_ft_in1k", "timm:vit_so400m_p...378.webli_ft_in1k"),
    ],
)
def test_a_long_name_keeps_both_ends(name: str, short: str) -> None:
    assert shorten(name) == short
