"""Which positions are sampled, and that the right numbers come out of them."""

import pytest
import torch

from analysis.rank.network.positions import (
    PositionSampler,
    gather_rows,
    layout_of,
    places_of,
    pool_rows,
    positions_per_image,
)
from rexnet_core.errors import InputError


def draw(first, count, positions, *, seed=0, size=(6, 5)):
    sampler = PositionSampler(seed)
    sampler.start(first, count)
    return sampler.draw(*size, positions)


def test_fewer_positions_are_the_first_of_more():
    assert torch.equal(draw(0, 3, 20)[:, :7], draw(0, 3, 7))


def test_an_image_has_its_positions_in_any_batch():
    assert torch.equal(draw(0, 4, 9)[2:], draw(2, 2, 9))


def test_no_position_comes_twice_and_all_come_in_the_end():
    assert torch.equal(draw(0, 2, 30).sort(dim=1).values, torch.arange(30).expand(2, 30))


def test_images_and_seeds_differ():
    assert not torch.equal(draw(0, 2, 9)[0], draw(0, 2, 9)[1])
    assert not torch.equal(draw(0, 2, 9), draw(0, 2, 9, seed=1))


def test_asking_for_more_after_fewer_in_one_batch_keeps_the_first():
    sampler = PositionSampler(0)
    sampler.start(0, 2)
    few = sampler.draw(30, 30, 5).clone()
    assert torch.equal(sampler.draw(30, 30, 400)[:, :5], few)


def test_auto_aims_at_four_rows_per_channel_within_the_map():
    assert positions_per_image("auto", channels=100, images=10, available=196) * 10 >= 400
    assert positions_per_image("auto", channels=1280, images=10, available=49) == 49
    assert positions_per_image("auto", channels=1280, images=2, available=12544) == 196
    assert positions_per_image("auto", channels=3, images=1000, available=49) == 1
    assert positions_per_image(10, channels=3, images=1000, available=4) == 4


CHOSEN = torch.tensor([[7, 0], [3, 11]])


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_rows_are_the_channels_at_the_positions(memory_format):
    maps = torch.randn(2, 5, 3, 4).contiguous(memory_format=memory_format)
    rows = gather_rows(maps, "first", CHOSEN)
    expected = [maps[0, :, 1, 3], maps[0, :, 0, 0], maps[1, :, 0, 3], maps[1, :, 2, 3]]
    assert torch.equal(rows, torch.stack(expected))
    maps.zero_()
    assert rows.any()


def test_the_layouts_give_the_same_rows():
    maps = torch.randn(2, 5, 3, 4)
    rows = gather_rows(maps, "first", CHOSEN)
    assert torch.equal(gather_rows(maps.movedim(1, -1), "last", CHOSEN), rows)
    assert torch.equal(gather_rows(maps.flatten(2), "first", CHOSEN), rows)
    assert torch.equal(gather_rows(maps.flatten(2).mT, "tokens", CHOSEN), rows)
    pooled = pool_rows(maps, "first")
    assert torch.allclose(pooled, maps.mean((2, 3)))
    for other, layout in ((maps.movedim(1, -1), "last"), (maps.flatten(2).mT, "tokens"), (pooled, "rows")):
        assert torch.allclose(pool_rows(other, layout), pooled)


def test_axes_are_read_by_what_the_layer_is():
    plain = {"channels_last": False, "sequence_first": False}
    assert layout_of(torch.zeros(2, 3), **plain) == "rows"
    assert layout_of(torch.zeros(2, 3, 4), **plain) == "tokens"
    assert layout_of(torch.zeros(2, 3, 4), channels_last=False, sequence_first=True) == "first"
    assert layout_of(torch.zeros(2, 3, 4, 5), **plain) == "first"
    assert layout_of(torch.zeros(2, 3, 4, 5), channels_last=True, sequence_first=False) == "last"
    assert places_of(torch.zeros(2, 3, 4, 5), "first") == (3, 4, 5)
    assert places_of(torch.zeros(2, 3, 4, 5), "last") == (5, 3, 4)
    assert places_of(torch.zeros(2, 3, 4), "tokens") == (4, 1, 3)
    with pytest.raises(InputError, match="2, 3 or 4 axes"):
        layout_of(torch.zeros(2), **plain)
