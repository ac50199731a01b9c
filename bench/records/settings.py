"""How thoroughly a run measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.setting_fields import option


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How thoroughly to measure. The metadata of a field says what it is, if a user may set it.

    Args:
        min_rounds: Process rounds after which target and plateau are looked at; the budget may end a group after one.
        slice_s: Length of one turn [s].
        round_s: Sampling time per case and round [s].
        warm_s: Cap of the warm-up per round [s].
        warm_calls: Cap of the warm-up per round.
    """

    min_rounds: int = 3
    max_rounds: int = option(6, "process rounds at most", flag="--rounds", type=int)
    target: float = option(
        0.02,
        "relative half-width of the interval after which only a few more rounds follow",
        unset="0.02",
        type=float,
        metavar="SHARE",
    )
    slice_s: float = 0.15
    round_s: float = 3.0
    warm_s: float = 15.0
    warm_calls: int = 200
    limit_s: float = option(
        300.0,
        "time that a case may take in one round before its worker is killed",
        flag="--limit",
        type=float,
        metavar="SECONDS",
    )
    #: A group under way gets its first round in any case, so that every planned case has a row.
    budget_s: float | None = option(
        None,
        "time for the whole run, such as 90s, 10m or 1h30m: each group of cases gets one round, then one "
        "after the other the rounds of an interval, then all in turn; without --rounds, up to 20 rounds a group",
        flag="--budget",
        metavar="TIME",
    )
    seed: int = option(0, "seed of weights, inputs and turn order", unset="0", type=int)
    memory_limit_bytes: int | None = option(
        None, "resident memory at which a worker is killed", unset="no limit", flag="--memory-limit", metavar="MB"
    )

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)
