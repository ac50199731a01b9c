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
from bench.store.store import Store

SETTINGS = Settings(min_rounds=2, max_rounds=8, target=0.02)


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


def play(clock, groups, budget_s):
    saved, done = [], []
    allocate_rounds(groups, lambda: budget_s - clock.now, saved.extend, done.extend)
    return saved, {name: (rounds, stop) for name, rounds, stop in done}


def test_every_group_gets_a_round_and_the_widest_gets_the_rest(clock):
    wide, middle, narrow = (
        FakeGroup(name, clock, (math.inf, *widths))
        for name, widths in (("wide", (0.9, 0.7, 0.5)), ("middle", (0.3,)), ("narrow", (0.1,)))
    )
    play(clock, [narrow, middle, wide], 80.0)
    assert clock.steps[:6] == ["narrow", "middle", "wide"] * 2
    assert clock.steps[6:] == ["wide", "wide"]


def test_of_groups_without_an_interval_the_quicker_is_first(clock):
    groups = [FakeGroup(name, clock, (math.inf, 0.5), round_s=took) for name, took in (("slow", 9.0), ("quick", 2.0))]
    play(clock, groups, 14.0)
    assert clock.steps == ["slow", "quick", "quick"]


@pytest.mark.parametrize("budget_s", [35.0, 77.0, 100.0, 101.0])
def test_the_budget_is_kept_where_the_first_rounds_fit(clock, budget_s):
    groups = [FakeGroup(str(took), clock, (0.9, 0.8, 0.6, 0.5, 0.4), round_s=took) for took in (5.0, 10.0, 20.0)]
    play(clock, groups, budget_s)
    assert clock.now <= budget_s
    assert budget_s - clock.now < 10.0 or all(group.stop != "budget" for group in groups)


def test_every_case_has_a_row_though_the_first_rounds_do_not_fit(clock):
    _, done = play(clock, [FakeGroup(name, clock, (math.inf,)) for name in "abc"], 5.0)
    assert done == dict.fromkeys("abc", (1, "budget"))


def test_a_smaller_round_fills_the_time_that_the_widest_cannot_use(clock):
    groups = [FakeGroup("wide", clock, (0.9, 0.7), round_s=40.0), FakeGroup("small", clock, (0.1, 0.05), round_s=5.0)]
    play(clock, groups, 51.0)
    assert clock.steps == ["wide", "small", "small"]


def test_groups_at_their_target_leave_their_time_to_others(clock):
    groups = [FakeGroup("sure", clock, (math.inf, 0.01)), FakeGroup("unsure", clock, (math.inf, 0.5, 0.3, 0.2, 0.1))]
    _, done = play(clock, groups, 70.0)
    assert done == {"sure": (2, "target"), "unsure": (5, "budget")}


def test_a_group_without_a_live_case_is_done(clock):
    groups = [FakeGroup("dead", clock, (0.5,), dies_in=0), FakeGroup("dies", clock, (0.5,), dies_in=1)]
    _, done = play(clock, groups, 1000.0)
    assert clock.steps == ["dead", "dies", "dies"]
    assert done == {"dead": (0, ""), "dies": (1, "")}


@pytest.mark.parametrize(("budget_s", "steps"), [(15.0, ["new"]), (25.0, ["new", "old"])])
def test_what_is_known_from_before_takes_no_first_round_and_no_time_that_is_not_there(clock, budget_s, steps):
    old, new = FakeGroup("old", clock, (0.5, 0.4)), FakeGroup("new", clock, (0.1,))
    old.history.half_widths.append([0.5])
    old.history.restore([False], 10.0)
    play(clock, [old, new], budget_s)
    assert clock.steps == steps


def test_where_no_time_is_left_nothing_is_begun_though_nobody_knows_how_long_it_takes(clock):
    old = FakeGroup("old", clock, (0.5,))
    old.history.half_widths.append([0.5])
    _, done = play(clock, [old], -5.0)
    assert (clock.steps, done) == ([], {"old": (1, "budget")})


def test_a_group_that_is_found_at_its_end_is_saved_as_such(clock):
    saved, _ = play(clock, [FakeGroup("old", clock, (0.5,), stop="target")], 100.0)
    assert (clock.steps, saved) == ([], [("old", 0, "target")])


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/results.db")
    yield store
    store.close()


@pytest.fixture
def plan():
    cases = [Case(model="rexnet_1.0", resolution=64, batch=batch, backend="eager", threads=2) for batch in (1, 2, 4)]
    return Plan(cases=tuple(cases), settings=replace(SETTINGS, min_rounds=3, round_s=0.5, slice_s=0.1, budget_s=30.0))


def test_a_session_spends_its_budget_on_the_least_certain_group(store, plan, executor):
    """Batch 1 is steady; the others drift by 20 % from process to process."""
    opened = []
    open_worker, script = executor.open, {"drift": 0.2}
    executor.script_of = lambda case: script if case.batch > 1 else {}
    executor.open = lambda case, *rest: opened.append(case.batch) or open_worker(case, *rest)
    with Session(plan, store, executor=executor) as session:
        rows = session.measure_all()
    assert opened[:3] == [1, 2, 4]
    assert opened.count(1) == plan.settings.min_rounds
    assert min(opened.count(2), opened.count(4)) > plan.settings.min_rounds
    assert executor.clock <= 30
    assert [len(one.rounds) for one in rows] == [opened.count(batch) for batch in (1, 2, 4)]
    assert store.measurements(session.run.id) == tuple(rows)


def test_ctrl_c_between_rounds_loses_nothing(store, plan, executor):
    opened = []
    open_worker = executor.open

    def stop_at_the_fifth(case, *rest):
        opened.append(case.batch)
        if len(opened) == 5:
            raise KeyboardInterrupt
        return open_worker(case, *rest)

    executor.open = stop_at_the_fifth
    with pytest.raises(KeyboardInterrupt), Session(plan, store, executor=executor) as session:
        session.measure_all()
    found = store.measurements(session.run.id)
    assert [len(one.rounds) for one in found] == [opened[:4].count(batch) for batch in (1, 2, 4)]
    assert sum(len(one.rounds) for one in found) == 4
    assert {one.status for one in found} == {"ok"}


def test_a_group_finds_its_files_and_caches_when_its_turn_comes_again(store, plan, executor):
    executor.scripts = {"eager": {"caches": True}}
    with Session(plan, store, executor=executor) as session:
        rows = session.measure_all()
    assert len(executor.tasks) == len(plan.cases)
    for one in rows:
        assert [part.compile_cache for part in one.rounds][:2] == ["cold", "cached"]


def test_case_by_case_every_group_gets_an_equal_share(store, plan, executor):
    executor.scripts = {"eager": {"drift": 0.2}}
    with Session(plan, store, executor=executor) as session:
        rows = [session.measure(case) for case in plan.cases]
    counts = [len(one.rounds) for one in rows]
    assert max(counts) - min(counts) <= 1
