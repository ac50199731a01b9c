from __future__ import annotations

from reports.columns import Column
from reports.rank.names import name_block, order_blocks, shorten_block, spell, spell_meanings


def test_channels_keep_their_index() -> None:
    assert [spell(name) for name in ("dimension_ratio", "d_out", "c_mid")] == ["dimension ratio", "d_out", "c_mid"]
    assert spell_meanings({"rank_in": Column("number", "what comes in")}) == {"rank in": "what comes in"}


def test_blocks_have_a_long_and_a_short_name_with_and_without_shortcut() -> None:
    block = "inverted_bottleneck_dwconv3x3"
    assert (name_block(block), shorten_block(block)) == ("inverted bottleneck, depthwise 3x3", "IB dwconv3x3")
    assert name_block(f"{block}_no_shortcut") == "inverted bottleneck, depthwise 3x3, no shortcut"
    assert shorten_block(f"{block}_no_shortcut") == "IB dwconv3x3, no shortcut"
    assert name_block("another") == shorten_block("another") == "another"


def test_blocks_come_in_the_order_of_the_panels() -> None:
    assert order_blocks(["zzz", "conv3x3_no_shortcut", "conv3x3", "conv1x1", "conv3x3"]) == [
        "conv1x1",
        "conv3x3",
        "conv3x3_no_shortcut",
        "zzz",
    ]
