"""How thoroughly a run measures."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How thoroughly to measure.

    Args:
        min_rounds: Process rounds before target and plateau may end a group; the budget may end it after one.
        max_rounds: Process rounds at most.
        target: Relative half-width of the 95 % interval at which a case is done.
        slice_s: Length of one turn [s].
        round_s: Sampling time per case and round [s].
        warm_s: Cap of the warm-up per round [s].
        warm_calls: Cap of the warm-up per round.
        limit_s: Time a case may take in one round, all phases included, before it counts as hung [s].
        budget_s: Time the whole run should take [s]; None for no limit. A group always gets its first round, so that
            every planned case has a row.
        seed: Of weights, inputs and turn order.
        memory_limit_bytes: Resident memory at which a worker is killed; None for no limit.
    """

    min_rounds: int = 3
    max_rounds: int = 6
    target: float = 0.02
    slice_s: float = 0.15
    round_s: float = 3.0
    warm_s: float = 15.0
    warm_calls: int = 200
    limit_s: float = 300.0
    budget_s: float | None = None
    seed: int = 0
    memory_limit_bytes: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as plain values."""
        return asdict(self)
