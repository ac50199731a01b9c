"""What a round leaves behind of the energy that the machine used: raw readings of its turns."""

from __future__ import annotations

from dataclasses import dataclass, field

#: The processors with all on them, and their memory modules, as far as the machine has a counter for each.
PACKAGE, DRAM = DOMAINS = ("package", "dram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Energy:
    """The energy that the machine used in the turns of one case in one round, in which only its worker computed.

    A domain without readings is missing in `turns_j` and `idle_w`.

    Args:
        turns_j: By domain, energy from before a turn was asked for until it was answered, idle machine included [J].
        turns_s: The time between the two readings of each turn [s].
        images: What each turn computed, calls that are no samples included.
        idle_w: By domain, power while all workers of the group were alive and waited [W].
        reason: Why there is no energy of the processors, in one line; empty where there is.
    """

    turns_j: dict[str, tuple[float, ...]] = field(default_factory=dict)
    turns_s: tuple[float, ...] = ()
    images: tuple[int, ...] = ()
    idle_w: dict[str, float] = field(default_factory=dict)
    reason: str = ""
