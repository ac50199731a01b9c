import numpy as np
import pytest

from analysis.complexity import check_resolution
from rexnet_core.errors import InputError


@pytest.mark.parametrize("side", [32, 33, 224, 4096, np.int64(224)])
def test_whole_numbers_in_range_pass_as_plain_ints(side):
    assert check_resolution(side) == side
    assert type(check_resolution(side)) is int


@pytest.mark.parametrize("side", [0, 7, 31, 4097, -224, 10**9, 224.0, "224", None, True])
def test_anything_else_gets_one_line_with_the_rule_and_the_value(side):
    with pytest.raises(InputError, match=r"from 32 to 4096, got .*; give one such as 224") as caught:
        check_resolution(side)
    assert repr(side) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_number_too_long_to_write_is_told_by_its_length():
    with pytest.raises(InputError, match="got a number of 20001 bits; give one such as 224"):
        check_resolution(1 << 20_000)
