"""The order of models here beside that of timm's table of CPU times, as rows and lines."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from analysis.published.timm_results import CPU_CONDITIONS
from analysis.statistics.estimates import format_estimate
from reports.estimate_columns import estimate_columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from bench.statistics.published_order import PublishedOrder

_MOST_NAMED = 5


def order_row(order: PublishedOrder) -> dict[str, Any]:
    """The order of one backend as a row."""
    return {
        "backend": order.backend,
        "threads": order.threads,
        "models": order.models,
        **estimate_columns(order.tau, "tau"),
        "typical_ratio": order.typical_ratio,
        "outliers": ", ".join(point.result.case.model for point in order.points if point.outlier),
        "left_out": "; ".join(f"{one.case.model}: {reason}" for one, reason in order.left_out),
        "reason": order.tau.reason,
        "published_on": CPU_CONDITIONS,
    }


def time_rows(order: PublishedOrder) -> Iterator[dict[str, Any]]:
    """The models of one backend, the largest deviation first."""
    for point in order.points:
        latency = point.result.latency
        yield {
            "model": point.result.case.model,
            "resolution": point.result.case.resolution,
            "backend": order.backend,
            "threads": order.threads,
            **estimate_columns(latency, "latency", "_s"),
            "published_latency_s": point.published_s,
            "ratio": latency.value / point.published_s,
            "deviation": point.deviation,
            "outlier": point.outlier,
        }


def render_orders(orders: Iterable[PublishedOrder]) -> str:
    """A line for each backend that has an order; empty where none has."""
    return "\n".join(_line(order) for order in orders if not math.isnan(order.tau.value))


def _line(order: PublishedOrder) -> str:
    outliers = [point for point in order.points if point.outlier]
    named = ", ".join(
        f"{one.result.case.model} ({one.deviation:.2g} times the typical ratio)" for one in outliers[:_MOST_NAMED]
    )
    more = f" and {len(outliers) - _MOST_NAMED} more" if len(outliers) > _MOST_NAMED else ""
    tau = format_estimate(order.tau)
    left_out = f"; {len(order.left_out)} left out" if order.left_out else ""
    return (
        f"order beside timm's table: {order.backend}: Kendall's tau {tau} over {order.models} models{left_out}; "
        f"outliers: {named or 'none'}{more}"
    )
