"""The paper's figure 1 as read off the picture, and how far a study of ours is from it."""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.statistics.bootstrap import spearman

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.layers.study import LayerSample


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperPoint:
    """One point of figure 1.

    Args:
        block: Panel, of `analysis.rank.layers.setting.BLOCKS`.
        activation: Curve.
        dimension_ratio: d_in / d_out.
        average_rank_ratio: Mean over networks of rank / d_out.
        note: Empty where the point was read off directly.
    """

    block: str
    activation: str
    dimension_ratio: float
    average_rank_ratio: float
    note: str


@cache
def load_figure1() -> tuple[PaperPoint, ...]:
    """All points of the figure that can be seen: those under another curve or under the legend are missing."""
    with Path(__file__).with_name("figure1.csv").open(encoding="utf-8") as file:
        return tuple(
            PaperPoint(
                block=block, activation=name, dimension_ratio=float(ratio), average_rank_ratio=float(rank), note=note
            )
            for block, name, ratio, rank, note in itertools.islice(csv.reader(file), 1, None)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class OverlayRow:
    """One point of the figure beside ours.

    Args:
        block: Panel.
        activation: Curve.
        dimension_ratio: d_in / d_out.
        ours: Mean of the primary metric.
        paper: As digitised.
        difference: `ours` minus `paper`.
        note: As in `PaperPoint`.
    """

    block: str
    activation: str
    dimension_ratio: float
    ours: float
    paper: float
    difference: float
    note: str


def overlay(sample: LayerSample) -> list[OverlayRow]:
    """Every point of the figure that the study has, too."""
    setting, rows = sample.setting, []
    means = {block: sample.column(block, *setting.primary).mean(axis=0) for block in setting.blocks}
    ratios = np.asarray(setting.ratios)
    for point in load_figure1():
        place = np.flatnonzero(np.isclose(ratios, point.dimension_ratio))
        if point.block in means and point.activation in setting.activations and len(place):
            ours = float(means[point.block][place[0], setting.activations.index(point.activation)])
            rows.append(
                OverlayRow(
                    block=point.block,
                    activation=point.activation,
                    dimension_ratio=point.dimension_ratio,
                    ours=ours,
                    paper=point.average_rank_ratio,
                    difference=ours - point.average_rank_ratio,
                    note=point.note,
                )
            )
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Distance:
    """How far a panel of ours is from the paper's.

    Args:
        block: Panel; ``all`` for the mean over the panels.
        points: Compared.
        mean_absolute_distance: Over the points.
        rank_correlation: Spearman's, over the points of the non-linear activations; NaN where ours are all equal.
    """

    block: str
    points: int
    mean_absolute_distance: float
    rank_correlation: float


def distances(rows: Sequence[OverlayRow]) -> list[Distance]:
    """The distance of each panel, and last their mean, in which every panel weighs the same."""
    panels = []
    for block in dict.fromkeys(row.block for row in rows):
        panel = [row for row in rows if row.block == block]
        curved = np.array([(row.ours, row.paper) for row in panel if row.activation != "Linear"]).reshape(-1, 2)
        panels.append(
            Distance(
                block=block,
                points=len(panel),
                mean_absolute_distance=float(np.mean([abs(row.difference) for row in panel])),
                rank_correlation=spearman(curved[:, 0], curved[:, 1]),
            )
        )
    if not panels:
        return []
    distance, correlation = np.mean([(one.mean_absolute_distance, one.rank_correlation) for one in panels], axis=0)
    whole = {"mean_absolute_distance": float(distance), "rank_correlation": float(correlation)}
    return [*panels, Distance(block="all", points=len(rows), **whole)]
