"""A time budget spread over groups in turn, until their intervals are narrow enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.statistics.intervals import MIN_ROUNDS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.records.measurement import Measurement
    from bench.running.interleaved_group import InterleavedGroup

    Save = Callable[[Sequence[Measurement]], None]


def allocate_rounds(groups: Sequence[InterleavedGroup], left: Callable[[], float], save: Save, done: Save) -> None:
    """Measure until every group is done or no further round fits into the time left [s].

    Every group gets its first round whatever the time, so that every case has a row. Then, among the groups whose next
    round fits, one after the other gets the rounds that an interval needs, those with short rounds first: where time is
    short, some cases with an interval say more than all cases with two rounds. Then each round goes to the group with
    the fewest rounds; of several, to the one with the widest interval relative to its target. The width decides no more
    than that: if wide groups got more rounds, those whose rounds agree by chance would keep few, and their intervals
    would be too narrow. The budget is exceeded by the round under way at most. A group's measurements are saved after
    every round, so that nothing finished is lost.
    """
    going = []
    for group in groups:
        if group.stop:  # interrupted after its last round, before the stop reason was saved
            save(group.measurements())
            done(group.measurements())
        elif group.history.half_widths or measure_and_decide(group, save):
            going.append(group)
        else:
            done(group.measurements())
    while fitting := [group for group in going if group.history.fits(left())]:
        group = min(fitting, key=_precedence)
        if not measure_and_decide(group, save):
            going.remove(group)
            done(group.measurements())
    for group in going:
        group.stop = "budget"
        save(group.measurements())
        done(group.measurements())


def _precedence(group: InterleavedGroup) -> tuple[bool, int, float, float]:
    """The group for which this is the smallest comes first."""
    rounds = len(group.history.half_widths)
    has_interval = rounds >= MIN_ROUNDS
    return has_interval, rounds if has_interval else -rounds, -group.history.uncertainty, group.history.next_s


def measure_and_decide(group: InterleavedGroup, save: Save) -> bool:
    """Measure a round of a group, and return whether the group continues. The caller checks the time left."""
    alive = group.step(save)
    if alive:
        group.stop = group.history.why_stop(None)
    save(group.measurements())
    return alive and not group.stop
