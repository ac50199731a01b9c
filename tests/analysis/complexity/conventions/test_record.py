"""A count's sums and its plain form."""

import pytest

from analysis.complexity.conventions.record import GROUPS, Count, Part, describe_uncounted, from_dict

COUNT = Count(
    convention="macs",
    model="small",
    height=32,
    width=48,
    parts=(
        Part(layer="b", operator="conv", group="convolution", amount=3),
        Part(layer="a", operator="relu", group="activation", amount=5),
        Part(layer="b", operator="relu", group="activation", amount=7),
    ),
    uncounted=("mean x2",),
)


def test_sums_by_operator_are_largest_first():
    assert list(COUNT.by_operator().items()) == [("relu", 12), ("conv", 3)]


def test_sums_by_group_follow_the_groups():
    assert list(COUNT.by_group().items()) == [("convolution", 3), ("activation", 12)]
    assert COUNT.total == 15
    assert len(set(GROUPS)) == len(GROUPS)


def test_it_survives_its_plain_form():
    assert from_dict(COUNT.as_dict()) == COUNT


@pytest.mark.parametrize("part", [["a", "conv", "magic", 1], ["a", "conv", "convolution", -1], ["a", "conv"]])
def test_a_part_that_can_not_be_is_refused(part):
    with pytest.raises(ValueError, match=r"unknown group or a negative amount|not enough values"):
        from_dict({**COUNT.as_dict(), "parts": [part]})


def test_what_is_uncounted_is_described_most_frequent_first():
    assert describe_uncounted({"b": 2, "a": 2, "c": 9}) == ("c x9", "a x2", "b x2")
