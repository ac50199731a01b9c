"""The only loop in which things that are compared take turns: workers of a run or comparison, callables of a suite.

Within a turn every participant is called once, in a random order that is drawn anew for each turn. So a
disturbance of the machine affects all participants alike, and turn t of one pairs with turn t of any other.
"""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING, TypeVar

from bench.workers.warm_up import LONG_CALL_S

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bench.records.settings import Settings

    Participant = TypeVar("Participant")
    Turn = TypeVar("Turn")

#: Of a turn in which no worker is slowed.
FULL_SPEED = 0.0
#: Fewer turns say little about the drift of the machine, and fewer samples give a round no interval.
LEAST_TURNS = 5


def take_turns(
    turns: Iterable[Turn],
    participants: Callable[[], Sequence[Participant]],
    call: Callable[[Participant, Turn], None],
    shuffler: random.Random,
) -> None:
    """Let every participant take part in every turn, in random order; `turns` yields what `call` gets of each.

    The participants are asked for before each turn, so that one that has failed is left out from then on.
    """
    for turn in turns:
        present = participants()
        for participant in shuffler.sample(present, len(present)):
            call(participant, turn)


def plan_slowdowns(turns: int, slowdowns: Sequence[float], shuffler: random.Random) -> Iterator[float]:
    """By what share the head is slowed in each turn of a round: as many turns at full speed as at each slowdown.

    The order of the shares is drawn anew for each turn at full speed.
    """
    shares = [FULL_SPEED, *slowdowns]
    for _ in range(turns):
        yield from shuffler.sample(shares, len(shares))


def count_turns(settings: Settings, medians_s: Sequence[float]) -> int:
    """Turns in a round: `round_s` per case when calls are short, fewer when one call [s] outlasts a slice."""
    if not medians_s:
        return 0
    turn_s = statistics.fmean(
        max(settings.slice_s, median) + (median if median < LONG_CALL_S else 0.0) for median in medians_s
    )
    return max(LEAST_TURNS, round(settings.round_s / turn_s))
