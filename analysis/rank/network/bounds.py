"""How high the rank can be at each point of a block, by algebra, with the reason. No torch here.

All are bounds of the uncentred features over any number of rows. A convolution is taken with its batch norm, whose
shift adds at most one direction. Where a bound is relative to the rank of what goes in, the measured rank is used, and
the number of channels where that was not measured on 4 rows per channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rexnet_core.network_config import BlockConfig, HeadConfig, StemConfig

#: The points of a block in the order in which it runs; `points_of` gives the order if squeeze-excite comes last.
POINTS = ("input", "expand", "act", "depthwise", "se", "act2", "project", "add", "out")
_POINTS_SE_AFTER_ACT = ("input", "expand", "act", "depthwise", "act2", "se", "project", "add", "out")
_NONLINEAR = {
    "act": "an activation can fill all channels",
    "act2": "an activation can fill all channels",
    "out": "an activation can fill all channels",
    "se": "gates differ from image to image and can fill all channels",
    "input": "as many as channels",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """The highest rank that algebra allows, and why."""

    value: int
    reason: str

    def within(self, channels: int, rows: int) -> Bound:
        """The bound for a feature matrix of this shape."""
        if rows < min(self.value, channels):
            return Bound(rows, "as many as rows")
        return self if self.value <= channels else Bound(channels, "as many as channels")


def points_of(config: BlockConfig) -> tuple[str, ...]:
    """The points of `POINTS` in the order in which this block runs them, those it lacks included."""
    return _POINTS_SE_AFTER_ACT if config.se_after_act else POINTS


def stem_bound(stem: StemConfig) -> Bound:
    """After the first convolution and its norm."""
    return Bound(stem.kernel**2 * stem.w_in + 1, f"{stem.kernel}x{stem.kernel} of {stem.w_in} channels, and a shift")


def head_bound(head: HeadConfig, entry: int | None) -> Bound:
    """After the last 1x1 convolution and its norm; `entry` is the rank of what goes in, None if unknown."""
    return _pointwise(head.w_in if entry is None else entry)


def point_bound(config: BlockConfig, point: str, ranks: Mapping[str, int]) -> Bound:
    """At a point of a block.

    Args:
        config: Config of the block.
        point: One of `POINTS`.
        ranks: Measured, by point of this block, as far as they are reliable.
    """
    width = config.w_out if point in ("project", "add", "out") else config.w_in if point == "input" else config.w_mid
    if point in _NONLINEAR:
        return Bound(width, _NONLINEAR[point])
    if point == "expand":
        return _pointwise(ranks.get("input", config.w_in))
    if point == "depthwise":
        entry, side = _before(config, point, ranks), config.kernel
        return Bound(side**2 * entry + 1, f"{side}x{side} of a map of rank {entry}, and a shift")
    if point == "project":
        return _pointwise(_before(config, point, ranks))
    shortcut = min(config.w_shortcut, ranks.get("input", config.w_in)) + config.projection
    inner = min(ranks.get("project", config.w_out), config.w_out)
    return Bound(inner + shortcut, f"rank {inner} of the projection plus {shortcut} of the shortcut")


def block_bound(config: BlockConfig) -> Bound:
    """Of the output of a whole block, from its widths alone: min(c_out, c_mid + 1 [+ shortcut])."""
    if config.act_out != "none":
        return Bound(config.w_out, _NONLINEAR["out"])
    shortcut = f" + {config.w_shortcut} of the shortcut" if config.w_shortcut else ""
    total = config.w_mid + 1 + config.w_shortcut
    if total >= config.w_out:
        return Bound(config.w_out, "as many as channels")
    return Bound(total, f"{config.w_mid} middle channels, a shift{shortcut}")


def _pointwise(entry: int) -> Bound:
    return Bound(entry + 1, f"1x1 of a map of rank {entry}, and a shift")


def _before(config: BlockConfig, point: str, ranks: Mapping[str, int]) -> int:
    """The rank just before a convolution inside the block; all its channels where the tap there was not measured."""
    if point == "project":
        return ranks.get("se" if config.w_se and config.se_after_act else "act2", config.w_mid)
    # An activation stands between an expansion and what reads it: the rank of the block's input says nothing there.
    return ranks.get("act", config.w_mid) if config.expand else ranks.get("input", config.w_in)
