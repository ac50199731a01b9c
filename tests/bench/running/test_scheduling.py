"""A budget is spread by uncertainty, and kept; the clock is made up."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import pytest

from bench.planning.plan import Plan
from bench.records.case import Case
from bench.records.settings import Settings
from bench.running.scheduling import allocate_rounds
from bench.running.session import Session
from bench.running.stopping import RoundHistory
from bench.statistics.intervals import FRESH_ROUNDS

SETTINGS = Settings(min_rounds=2, max_rounds=8, target=0.02)
INF = math.inf


@dataclass
class Clock:
    now: float = 0.0
    steps: list[str] = field(default_factory=list)


@dataclass
class FakeGroup:
    """A group whose rounds take `round_s` and leave intervals of `widths`, one after the other."""

    name: str
    clock: Clock
    widths: tuple[float, ...]
    round_s: float = 10.0
    stop: str = ""
    dies_in: int = 99
    history: RoundHistory = field(default_factory=lambda: RoundHistory(SETTINGS))

    def step(self, _save):
        self.clock.now += self.round_s
        self.clock.steps.append(self.name)
        if len(self.history.took_s) >= self.dies_in:
            return False
        self.history.add_round(self.round_s, disturbed=False)
        index = len(self.history.half_widths)
        self.history.half_widths.append([self.widths[min(index, len(self.widths) - 1)]])
        return True

    def measurements(self):
        return ((self.name, len(self.history.half_widths), self.stop),)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def play(clock):
    """What was saved, and the rounds and the reason to stop of each group that is done."""

    def run(groups, budget_s):
        saved, done = [], []
        allocate_rounds(groups, lambda: budget_s - clock.now, saved.extend, done.extend)
        return saved, {name: (rounds, stop) for name, rounds, stop in done}

    return run


@pytest.fixture
def group(clock):
    return lambda name, *widths, **fields: FakeGroup(name, clock, widths, **fields)


def test_groups_get_rounds_in_turn_the_widest_first(clock, play, group):
    """Not by width alone: a group whose rounds agree by chance would keep few, and too narrow an interval."""
    groups = [group("narrow", INF, 0.1), group("middle", INF, 0.3), group("wide", INF, 0.9, 0.7, 0.5)]
    play(groups, 130.0)
    assert clock.steps[9:] == ["wide", "middle", "narrow", "wide"]


def test_one_group_after_the_other_gets_the_rounds_of_an_interval(clock, play, group):
    """Where time is short: two rounds of every group would leave the run without one number that can be used."""
    _, done = play([group(name, INF, INF, 0.3) for name in "abc"], 60.0)
    assert clock.steps == ["a", "b", "c", "a", "a", "b"]
    assert done["a"] == (3, "budget")


@pytest.mark.parametrize("budget_s", [35.0, 77.0, 100.0, 101.0])
def test_the_budget_is_kept_where_the_first_rounds_fit(clock, play, group, budget_s):
    groups = [group(str(took), 0.9, 0.8, 0.6, 0.5, 0.4, round_s=took) for took in (5.0, 10.0, 20.0)]
    play(groups, budget_s)
    assert clock.now <= budget_s
    assert budget_s - clock.now < 10.0 or all(one.stop != "budget" for one in groups)


def test_every_case_has_a_row_though_the_first_rounds_do_not_fit(play, group):
    assert play([group(name, INF) for name in "abc"], 5.0)[1] == dict.fromkeys("abc", (1, "budget"))


def test_of_groups_without_an_interval_the_quicker_is_first(clock, play, group):
    play([group("slow", INF, 0.5, round_s=9.0), group("quick", INF, 0.5, round_s=2.0)], 14.0)
    assert clock.steps == ["slow", "quick", "quick"]


def test_a_smaller_round_fills_the_time_that_the_widest_cannot_use(clock, play, group):
    play([group("wide", 0.9, 0.7, round_s=40.0), group("small", 0.1, 0.05, round_s=5.0)], 51.0)  # 40 + 5 + 5
    assert clock.steps == ["wide", "small", "small"]


def test_groups_at_their_target_leave_their_time_to_others(play, group):
    _, done = play([group("sure", INF, 0.01), group("unsure", INF, *[0.5 * 0.8**step for step in range(9)])], 140.0)
    assert done == {"sure": (2 + FRESH_ROUNDS, "target"), "unsure": (8, "rounds")}


def test_a_group_without_a_live_case_is_done(clock, play, group):
    _, done = play([group("dead", 0.5, dies_in=0), group("dies", 0.5, dies_in=1)], 1000.0)
    assert clock.steps == ["dead", "dies", "dies"]
    assert done == {"dead": (0, ""), "dies": (1, "")}


@pytest.mark.parametrize(("budget_s", "steps"), [(15.0, ["new"]), (25.0, ["new", "old"])])
def test_a_group_with_stored_rounds_takes_no_first_round_and_no_time_that_is_not_there(
    clock, play, group, budget_s, steps
):
    old = group("old", 0.5, 0.4)
    old.history.half_widths.append([0.5])
    old.history.restore([False], 10.0)
    play([old, group("new", 0.1)], budget_s)
    assert clock.steps == steps


def test_no_round_begins_where_no_time_is_left_though_its_length_is_unknown(clock, play, group):
    old = group("old", 0.5)
    old.history.half_widths.append([0.5])
    _, done = play([old], -5.0)
    assert (clock.steps, done) == ([], {"old": (1, "budget")})


def test_a_group_that_is_at_its_end_is_saved_as_such(clock, play, group):
    saved, _ = play([group("old", 0.5, stop="target")], 100.0)
    assert (clock.steps, saved) == ([], [("old", 0, "target")])


@pytest.fixture
def plan():
    cases = [Case(model="rexnet_1.0", resolution=64, batch=batch, backend="eager", threads=2) for batch in (1, 2, 4)]
    return Plan(cases=tuple(cases), settings=replace(SETTINGS, min_rounds=3, round_s=0.5, slice_s=0.1, budget_s=30.0))


def read_batches(executor):
    """The batch of each worker that was opened, in order."""
    return [handle.case.batch for handle in executor.handles]


def test_a_session_gives_groups_their_rounds_in_turn_and_lets_a_steady_one_go(store, plan, executor, measure_all):
    """Batch 1 is steady; the others drift by 20 % from process to process."""
    plan = replace(plan, settings=replace(plan.settings, budget_s=60.0))
    executor.script_of = lambda case: {"drift": 0.2} if case.batch > 1 else {}
    rows = store.measurements(measure_all(plan).run.id)
    opened = read_batches(executor)
    assert opened[:3] == [1, 2, 4]
    assert opened.count(1) == plan.settings.min_rounds + FRESH_ROUNDS
    assert [one.stop_reason == "target" for one in rows] == [True, False, False]
    assert executor.clock <= 60
    assert [len(one.rounds) for one in rows] == [opened.count(batch) for batch in (1, 2, 4)]


def test_ctrl_c_between_rounds_loses_nothing(store, plan, executor, measure_all):
    stop = {"fails_at": "open", "error": KeyboardInterrupt()}
    executor.script_of = lambda _case: stop if len(executor.handles) == 4 else {}
    with pytest.raises(KeyboardInterrupt):
        measure_all(plan)
    rows = store.measurements(store.find_run().id)
    assert [len(one.rounds) for one in rows] == [read_batches(executor).count(batch) for batch in (1, 2, 4)]
    assert sum(len(one.rounds) for one in rows) == 4
    assert {one.status for one in rows} == {"ok"}


def test_a_group_has_its_files_and_caches_when_its_turn_comes_again(store, plan, executor, measure_all):
    executor.scripts = {"eager": {"caches": True}}
    rows = store.measurements(measure_all(plan).run.id)
    assert len(executor.tasks) == len(plan.cases)
    for one in rows:
        assert [part.compile_cache for part in one.rounds][:2] == ["cold", "cached"]


def test_case_by_case_every_group_gets_an_equal_share(store, plan, executor):
    executor.scripts = {"eager": {"drift": 0.2}}
    with Session(plan, store, executor=executor) as session:
        rows = [session.measure(case) for case in plan.cases]
    counts = [len(one.rounds) for one in rows]
    assert max(counts) - min(counts) <= 1
