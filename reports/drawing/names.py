"""Names beside points: each where it hides neither a point nor a line nor another name."""

from __future__ import annotations

from itertools import pairwise, product
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    Boxes = NDArray[np.float64]

#: How far a name may stand from its point, and in which directions [points, radians].
_DISTANCES = (5.0, 12.0, 20.0, 30.0, 42.0, 56.0)
_ANGLES = np.linspace(0, 2 * np.pi, 16, endpoint=False)
#: Beyond this distance a line leads from the name to its point [points].
_NEAR = 8.0
#: Room around a name [pixels].
_AROUND = 1.0
#: Half the side of the square that a point takes [points].
_POINT = 4.0
#: Half the side of the squares by which a line goes, and how far apart they are [points].
_LINE, _STEP = 1.5, 3.0
#: What hiding a square point of another name, of a point, and of what lies outside costs; and a point of distance.
_COSTS = (4.0, 2.0, 8.0, 0.6)
_LONGEST = 36
_LOOK: dict[str, Any] = {"fontsize": 6.5, "color": "#333333", "va": "center"}
_LOOK |= {"textcoords": "offset points", "in_layout": False}
#: The line from a name to its point.
_LEAD = {"arrowstyle": "-", "color": "#aaaaaa", "linewidth": 0.6, "shrinkA": 0, "shrinkB": 2}


def name_points(panel: Axes, points: Iterable[tuple[float, float, str]]) -> None:
    """Write names beside points of a panel whose limits are final, in a figure that is laid out.

    The names of crowded points find their places first. Nothing is drawn by chance: the same data give the same places.

    Args:
        panel: With the points, and everything else, already drawn in it.
        points: Place in units of the data, and the name.
    """
    named = [(x, y, shorten(name)) for x, y, name in points]
    if not named:
        return
    assert panel.figure is not None, "an axes has a figure"
    scale = panel.figure.dpi / 72
    places = panel.transData.transform([(x, y) for x, y, _ in named])
    marks, lines = _marks(panel), _on_lines(panel, scale)
    taken = np.vstack([_box(marks, _POINT * scale), _box(lines, _LINE * scale)])
    names: Boxes = np.empty((0, 4))
    inside = np.array(panel.get_window_extent().extents)
    for index in _crowded_first(places):
        x, y, name = named[index]
        label = panel.annotate(name, (x, y), xytext=(0, 0), ha="center", **_LOOK)
        size = label.get_window_extent()
        half = np.array([size.width, size.height]) / 2 + _AROUND
        shift, away = _choose(places[index], half, scale, (names, taken, inside))
        label.set_position(tuple(shift / scale))
        if away > _NEAR:
            end = np.clip(np.zeros(2), shift - half, shift + half) / scale
            panel.annotate("", (x, y), xytext=tuple(end), arrowprops=_LEAD, **_LOOK)
        names = np.vstack([names, _box(places[index] + shift, half)])


def name_models(points: pd.DataFrame) -> list[str]:
    """The model of each row, with its input side where a model has several."""
    several = points.groupby("model")["resolution"].nunique().max() > 1
    pairs = zip(points["model"], points["resolution"], strict=True)
    return [f"{model}, {side}" if several else str(model) for model, side in pairs]


def shorten(name: str) -> str:
    """A name in the space of a figure: a file without its folder, and a long name without its middle."""
    name = PurePath(name).name if "/" in name else name
    half = _LONGEST // 2 - 1
    return name if len(name) <= _LONGEST else f"{name[:half]}...{name[-half:]}"


def _crowded_first(places: Boxes) -> list[int]:
    apart = np.hypot(*(places[:, None] - places[None]).T)
    np.fill_diagonal(apart, np.inf)
    return [int(index) for index in np.argsort(np.sort(apart, axis=1)[:, :3].sum(axis=1), kind="stable")]


def _choose(place: Boxes, half: Boxes, scale: float, hidden: tuple[Boxes, Boxes, Boxes]) -> tuple[Boxes, float]:
    """The cheapest way from a point to the middle of its name [pixels], and its distance [points]."""
    names, taken, inside = hidden
    best, shift, distance = np.inf, np.zeros(2), 0.0
    for away, angle in product(_DISTANCES, _ANGLES):
        way = np.array([np.cos(angle), np.sin(angle)])
        # From the point to the nearest edge of the box, not to its middle.
        tried = way * away * scale + np.sign(np.round(way, 6)) * half
        cost = _price(_box(place + tried, half), names, taken, inside) + _COSTS[3] * away
        if cost < best:
            best, shift, distance = cost, tried, away
    return shift, distance


def _box(middle: Boxes, half: Boxes | float) -> Boxes:
    """Left, bottom, right and top of boxes around middles of shape (..., 2), shape (..., 4)."""
    return np.hstack([middle - half, middle + half])


def _price(box: Boxes, names: Boxes, taken: Boxes, inside: Boxes) -> float:
    outside = float(np.prod(box[2:] - box[:2])) - _overlap(box, inside[None])
    return _COSTS[0] * _overlap(box, names) + _COSTS[1] * _overlap(box, taken) + _COSTS[2] * outside


def _overlap(box: Boxes, others: Boxes) -> float:
    """The area that a box shares with others [square pixels]."""
    sides = np.minimum(box[2:], others[:, 2:]) - np.maximum(box[:2], others[:, :2])
    return float(np.clip(sides, 0, None).prod(axis=1).sum())


def _marks(panel: Axes) -> Boxes:
    """Places of all points drawn, shape (n, 2) [pixels]."""
    return np.vstack([line.get_transform().transform(line.get_xydata()) for line in panel.lines])


def _on_lines(panel: Axes, scale: float) -> Boxes:
    """Places along all drawn lines, shape (n, 2) [pixels]."""
    found = [np.empty((0, 2))]
    for line in panel.lines:
        ends = line.get_transform().transform(line.get_xydata())
        if line.get_linestyle() != "None":
            found += [_between(first, last, _STEP * scale) for first, last in pairwise(ends)]
    return np.vstack(found)


def _between(first: Boxes, last: Boxes, step: float) -> Boxes:
    count = int(np.hypot(*(last - first)) / step) + 2
    return np.linspace(first, last, count)
