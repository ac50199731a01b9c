"""A budget of time spread over matches: a round for each, then each round to the one that is the least certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.records.measurement import Measurement
    from bench.running.stopping import RoundHistory

    Save = Callable[[Sequence[Measurement]], None]


class Steps(Protocol):
    """A match as a budget sees it: `bench.running.interleaved_group.Match`."""

    course: RoundHistory
    stop: str

    def step(self, save: Save) -> bool:
        """One more round; whether any case lives on."""

    def measurements(self) -> tuple[Measurement, ...]:
        """What is known."""


def allocate_rounds(matches: Sequence[Steps], left: Callable[[], float], save: Save, done: Save) -> None:
    """Measure until every match is done or no further round fits.

    Every match gets its first round whatever the time, so that every case has a row. Then each round goes to the match
    with the widest interval relative to its target, among those whose next round fits; of matches that have no interval
    yet, to the one with the shortest round. What is over is at most the round under way.

    Args:
        matches: In the order of their first rounds.
        left: Time left [s].
        save: Takes the measurements of a match after every round, so that nothing finished is lost.
        done: Takes them once, when nothing more will come.
    """
    going = []
    for match in matches:
        if match.stop:  # it was interrupted between its last round and the word that this was the last
            save(match.measurements())
            done(match.measurements())
        elif (not match.course.half_widths and not _advance(match, save)) or match.stop:
            done(match.measurements())
        else:
            going.append(match)
    while going:
        fitting = [match for match in going if match.course.fits(left())]
        if not fitting:
            break
        match = min(fitting, key=lambda one: (-one.course.uncertainty, one.course.next_s))
        if not _advance(match, save) or match.stop:
            going.remove(match)
            done(match.measurements())
    for match in going:
        match.stop = "budget"
        save(match.measurements())
        done(match.measurements())


def _advance(match: Steps, save: Save) -> bool:
    """A round, and whether another may follow; the time is not the match's to judge."""
    lives = match.step(save)
    if lives:
        match.stop = match.course.why_stop(None)
    save(match.measurements())
    return lives
