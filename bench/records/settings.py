"""How thoroughly a run measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.setting_fields import described


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How thoroughly to measure. The metadata of a field says what it is, if a user may set it.

    Args:
        min_rounds: Process rounds before target and plateau may end a group; the budget may end it after one.
        slice_s: Length of one turn [s].
        round_s: Sampling time per case and round [s].
        warm_s: Cap of the warm-up per round [s].
        warm_calls: Cap of the warm-up per round.
    """

    min_rounds: int = 3
    max_rounds: int = described("process rounds at most", default=6, flag="--rounds", type=int)
    target: float = described(
        "stop at this relative half-width of the interval", default=0.02, unset="0.02", type=float, metavar="SHARE"
    )
    slice_s: float = 0.15
    round_s: float = 3.0
    warm_s: float = 15.0
    warm_calls: int = 200
    limit_s: float = described(
        "time that a case may take in one round before its worker is killed",
        default=300.0,
        flag="--limit",
        type=float,
        metavar="SECONDS",
    )
    #: A group under way gets its first round in any case, so that every planned case has a row.
    budget_s: float | None = described(
        "time for the whole run, such as 90s, 10m or 1h30m: one round for each group of cases, then each "
        "round to the group with the widest interval; without --rounds, as many rounds as help",
        flag="--budget",
        metavar="TIME",
    )
    seed: int = described("seed of weights, inputs and turn order", default=0, unset="0", type=int)
    memory_limit_bytes: int | None = described(
        "resident memory at which a worker is killed", unset="no limit", flag="--memory-limit", metavar="MB"
    )

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)
