"""What algebra allows at each point of a block."""

import pytest

from analysis.rank.network.bounds import POINTS, Bound, block_bound, head_bound, point_bound, points_of, stem_bound
from rexnet_core.registry import model_config

CONFIG = model_config("rexnet_1.0")
BLOCK = CONFIG.stages[2][1]


def test_each_point_is_bounded_by_what_goes_in():
    ranks = {"input": 12, "act": 30, "act2": 40, "project": 20}
    bounds = {point: point_bound(BLOCK, point, ranks).value for point in ("expand", "depthwise", "project", "add")}
    assert bounds == {"expand": 13, "depthwise": 271, "project": 41, "add": 32}


def test_what_was_not_measured_counts_with_its_channels():
    assert point_bound(BLOCK, "expand", {}).value == BLOCK.w_in + 1
    assert point_bound(BLOCK, "project", {}).value == BLOCK.w_mid + 1


def test_without_an_expansion_the_depthwise_convolution_reads_the_input():
    first = CONFIG.stages[0][0]
    assert point_bound(first, "depthwise", {"input": 3}).value == 28


def test_with_an_expansion_the_input_does_not_bound_the_depthwise_convolution():
    block = CONFIG.stages[1][0]
    assert (block.expand, block.w_mid) == (True, 96)
    assert point_bound(block, "depthwise", {"input": 5}).within(96, 10**6).value == 96
    assert point_bound(block, "depthwise", {"input": 5, "expand": 6}).within(96, 10**6).value == 96
    assert point_bound(block, "depthwise", {"input": 5, "act": 7}).value == 64


@pytest.mark.parametrize("point", ["act", "se", "act2"])
def test_what_is_not_linear_can_fill_all_channels(point):
    assert point_bound(BLOCK, point, {"input": 1, "act": 1}).value == BLOCK.w_mid


def test_gates_between_the_activation_and_the_projection_lift_what_the_activation_bounded():
    block = model_config("efficientnet_b0").stages[1][1]
    assert point_bound(block, "project", {"act2": 5}).value == block.w_mid + 1
    assert point_bound(block, "project", {"act2": 5, "se": 9}).value == 10
    assert point_bound(BLOCK, "project", {"act2": 5, "se": 9}).value == 6


def test_the_points_stand_in_the_order_in_which_the_block_runs():
    last = points_of(model_config("efficientnet_b0").blocks[0])
    assert points_of(BLOCK) == POINTS
    assert last.index("depthwise") < last.index("act2") < last.index("se") < last.index("project")
    assert set(last) == set(POINTS)


def test_no_bound_exceeds_the_shape_of_the_matrix():
    assert Bound(500, "why").within(64, 1000) == Bound(64, "as many as channels")
    assert Bound(500, "why").within(640, 49) == Bound(49, "as many as rows")
    assert Bound(30, "why").within(64, 49) == Bound(30, "why")


def test_ends_and_whole_blocks():
    assert stem_bound(CONFIG.stem).value == 28
    assert head_bound(CONFIG.head, 100).value == 101
    assert block_bound(BLOCK).value == BLOCK.w_out
    plain = model_config("rexnet_plain").blocks[0]
    assert block_bound(plain).reason.startswith("an activation")
