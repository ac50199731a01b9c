"""Figures of the rank studies: frames in, SVG and PNG out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reports.drawing import layout, style
from reports.drawing.picture import Picture
from reports.rank.figures import plans_layers, plans_network, plans_trained

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import pandas as pd

    from reports.drawing.plan import Plan

    Planner = Callable[[Mapping[str, pd.DataFrame]], Iterator[Plan]]

__all__ = ["plan_rank", "plot_rank"]

_PLANNERS: dict[str, Planner] = {
    "layers": plans_layers.plan_figures,
    "network": plans_network.plan_figures,
    "trained": plans_trained.plan_figures,
}


def plan_rank(kind: str, frames: Mapping[str, pd.DataFrame]) -> Iterator[Plan]:
    """The figures of a study in the order of the page, not drawn yet.

    Args:
        kind: A key of `reports.rank.columns.TABLES`.
        frames: As from `reports.rank.rank_frames`.
    """
    return _PLANNERS[kind](frames)


def plot_rank(kind: str, frames: Mapping[str, pd.DataFrame]) -> list[Picture]:
    """Draw every figure of a study that has something to show.

    Args:
        kind: A key of `reports.rank.columns.TABLES`.
        frames: As from `reports.rank.rank_frames`.
    """
    with style.drawing():
        return [_picture(plan) for plan in plan_rank(kind, frames)]


def _picture(plan: Plan) -> Picture:
    figure = plan.draw()
    if figure is None:
        return Picture(name=plan.name, title=plan.title, caption=plan.caption, reason=plan.needs)
    layout.settle(figure)
    svg, png = style.render(figure)
    broad = bool(figure.get_size_inches()[0] > style.HALF_PAGE_IN)
    return Picture(name=plan.name, title=plan.title, caption=plan.caption, svg=svg, png=png, broad=broad)
