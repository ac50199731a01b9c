"""What every model of the plan costs, and how long the count takes."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.complexity import count


@pytest.mark.benchmark(group="analytic count")
def test_count(model_at: tuple[str, int], benchmark: Any) -> None:
    model, resolution = model_at
    cost = benchmark(count, model, resolution)
    benchmark.extra_info.update(model=model, resolution=resolution, macs=cost.macs, params=cost.params)
