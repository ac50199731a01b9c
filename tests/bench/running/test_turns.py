"""In every turn each participant is called once, in random order; a round has a few turns and no more than it needs."""

from __future__ import annotations

import random
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from bench.records.settings import Settings
from bench.running.turns import FULL_SPEED, count_turns, plan_slowdowns, take_turns


def test_every_participant_is_called_once_a_turn_in_a_changing_order():
    calls = []
    take_turns(range(20), lambda: "abc", lambda name, turn: calls.append((turn, name)), random.Random(0))
    orders = ["".join(name for turn, name in calls if turn == index) for index in range(20)]
    assert {"".join(sorted(order)) for order in orders} == {"abc"}
    assert len(set(orders)) > 2


def test_a_participant_that_fails_is_left_out_of_later_turns():
    present, calls = ["a", "b"], []

    def call(name, turn):
        calls.append(name)
        if name == "b" and turn == 1:
            present.remove("b")

    take_turns(range(4), lambda: list(present), call, random.Random(0))
    assert Counter(calls) == {"a": 4, "b": 2}


def test_every_slowdown_has_as_many_turns_as_full_speed_in_a_changing_order():
    shares = list(plan_slowdowns(12, (0.01, 0.05), random.Random(0)))
    assert Counter(shares) == {FULL_SPEED: 12, 0.01: 12, 0.05: 12}
    assert len({tuple(shares[start : start + 3]) for start in range(0, 36, 3)}) > 2
    assert list(plan_slowdowns(3, (), random.Random(0))) == [FULL_SPEED] * 3


@given(st.lists(st.floats(1e-4, 30), min_size=1, max_size=6))
def test_there_are_a_few_turns_and_as_many_as_the_slices_where_calls_are_short(medians):
    settings = Settings(slice_s=0.1, round_s=2.0)
    assert 5 <= count_turns(settings, medians) <= count_turns(settings, [0.0, 0.0]) == 20
