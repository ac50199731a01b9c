"""The tables of a network study: bounds per tap, ranks per block, and costs, times and ranks per layer. No torch."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from analysis.rank.network.bounds import POINTS, Bound, block_bound, head_bound, point_bound, points_of, stem_bound
from analysis.rank.spectra.spectrum import ENOUGH_ROWS_PER_CHANNEL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from analysis.complexity import Cost
    from analysis.rank.network.records import ProbeResult, TapRecord
    from analysis.rank.network.steps import Step
    from analysis.rank.network.taps import Tap
    from analysis.statistics.estimates import Estimate
    from rexnet_core.network_config import BlockConfig, NetConfig

#: Points whose features leave the block, last one first.
_LAST = ("out", "add", "project")


def named_blocks(config: NetConfig) -> dict[str, BlockConfig]:
    """The blocks by the names that taps use, in order."""
    return {
        f"stage{stage + 1}.block{index + 1}": block
        for stage, blocks in enumerate(config.stages)
        for index, block in enumerate(blocks)
    }


def depth_of(config: NetConfig, tap: Tap) -> float | None:
    """Where a tap stands between the stem (0) and the head (1), each block as long as the next; None if unknown."""
    blocks = named_blocks(config)
    if tap.block in blocks:
        points = points_of(blocks[tap.block])
        # The sum and the activation that follows it both stand at the end.
        within = min(points.index(tap.point) / (len(points) - 2), 1.0)
        return (list(blocks).index(tap.block) + within) / len(blocks)
    return {"stem": 0.0, "head": 1.0}.get(tap.block, 1.0 if tap.point in ("penultimate", "pooled", "hidden") else None)


def _by_point(result: ProbeResult, block: str) -> dict[str, TapRecord]:
    return {record.tap.point: record for record in result.taps if record.tap.block == block}


def _reliable(records: Mapping[str, TapRecord]) -> dict[str, int]:
    """Ranks that were measured on enough rows."""
    return {
        point: record.rank
        for point, record in records.items()
        if record.rank is not None and record.spectrum.rows >= ENOUGH_ROWS_PER_CHANNEL * record.spectrum.channels
    }


def bounds_of(config: NetConfig, result: ProbeResult) -> dict[str, Bound]:
    """The bound of every tap, by its name.

    Args:
        config: Config of the network.
        result: What was measured on it.
    """
    blocks = named_blocks(config)
    ranks = {name: _reliable(_by_point(result, name)) for name in blocks}
    last = ranks[list(blocks)[-1]]
    entry = next((last[point] for point in _LAST if point in last), None)
    bounds: dict[str, Bound] = {}
    for record in result.taps:
        tap, spectrum = record.tap, record.spectrum
        bound = Bound(spectrum.channels, "as many as channels")
        if tap.block in blocks:
            bound = point_bound(blocks[tap.block], tap.point, ranks[tap.block])
        elif (tap.block, tap.point) == ("stem", "conv"):
            bound = stem_bound(config.stem)
        elif (tap.block, tap.point) == ("head", "conv"):
            bound = head_bound(config.head, entry)
        bounds[tap.name] = bound.within(spectrum.channels, spectrum.rows)
    return bounds


def block_rows(config: NetConfig, result: ProbeResult) -> list[dict[str, Any]]:
    """One row per block: its widths, the rank at its points, and which step gains and which cuts the most.

    Ranks are those of the uncentred features at the rounding of their type. A point the block lacks, or that was not
    tapped, is None.
    """
    rows = []
    for name, block in named_blocks(config).items():
        records = _by_point(result, name)
        ranks = {point: records[point].rank for point in points_of(block) if point in records}
        known = {point: rank for point, rank in ranks.items() if rank is not None}
        bound = block_bound(block)
        rows.append(
            {
                "block": name,
                "c_in": block.w_in,
                "c_mid": block.w_mid,
                "c_out": block.w_out,
                "stride": block.stride,
                "w_shortcut": block.w_shortcut,
                **{f"rank_{point}": ranks.get(point) for point in POINTS if point != "input"},
                "rank_in": ranks.get("input"),
                "rank_out": next((ranks[point] for point in _LAST if point in ranks), None),
                "bound": bound.value,
                "bound_reason": bound.reason,
                "gained_by": _step(known, 1),
                "cut_by": _step(known, -1),
            }
        )
    return rows


def _step(ranks: Mapping[str, int], sign: int) -> str | None:
    """The point that raises (sign 1) or lowers (-1) the rank the most, compared with the one before; None if none."""
    changes = {after: sign * (ranks[after] - ranks[before]) for before, after in pairwise(ranks)}
    best = max(changes, key=lambda point: changes[point], default=None)
    return best if best is not None and changes[best] > 0 else None


def layer_rows(
    cost: Cost, steps: Sequence[Step], result: ProbeResult, shares: Mapping[str, Estimate]
) -> list[dict[str, Any]]:
    """One row per step of a forward pass: what it costs, its share of the time, and the rank behind it.

    Each tap is in one row only, the row of the step that computed its features; the tap of a convolution is in the row
    of its norm. None stands for what was not measured. A step without parameters counts 0 by convention, but takes
    time. Sums and products, which no module runs, are in the table if they have a tap.

    Args:
        cost: Counted layer by layer.
        steps: Steps of the same network, as `analysis.rank.network.steps.trace_steps` gives them.
        result: What was measured.
        shares: By layer: its share of the time of a forward pass.
    """
    costs = {layer.layer: layer for layer in cost.layers}
    records = _by_step([step.name for step in steps], result)
    rows = []
    for step in steps:
        record, counted = records.get(step.name), costs.get(step.name)
        if record is None and step.kind in ("add", "scale"):
            continue
        share = shares.get(step.name)
        rows.append(
            {
                "layer": step.name,
                "kind": counted.kind if counted else step.kind,
                "macs": counted.macs if counted else 0,
                "params": counted.params if counted else 0,
                "out_shape": step.out_shape,
                "time_share": share.value if share else None,
                "time_share_low": share.low if share else None,
                "time_share_high": share.high if share else None,
                "tap": record.tap.name if record else None,
                "channels": record.spectrum.channels if record else None,
                "rank": record.rank if record else None,
            }
        )
    return rows


def _by_step(steps: Sequence[str], result: ProbeResult) -> dict[str, TapRecord]:
    """The measured taps by the step that made their features; those that repeat another's are left out."""
    records: dict[str, TapRecord] = {}
    for record in result.taps:
        tap = record.tap
        # The means over positions are the pool's features alone.
        if tap.same_as or (tap.pooling == "pooled" and tap.point != "pooled"):
            continue
        if tap.side == "input":
            made = f"{tap.module.removesuffix('.act')}.add" if tap.point == "add" else None
        else:
            made = next((step for step in reversed(steps) if f"{step}.".startswith(f"{tap.module}.")), None)
        if made is not None:
            records.setdefault(made, record)
    return records
