"""Training pictures: a function of seed, epoch and index alone."""

import numpy as np
import pytest
import torch

from analysis.accuracy.folder import read_folder
from analysis.training import read_recipe
from analysis.training.cropping import cut, draw_box
from analysis.training.loading import Loader
from rexnet_core.image_decoding import decode
from rexnet_core.preprocess import Preprocessing, load_as_published


def make_loader(colours, **changes):
    images = read_folder(colours / "train").images
    recipe = read_recipe("small", {"epochs": 2, **changes})
    return Loader(images, recipe, 32, Preprocessing(), seed=7), images


def read(loader, updates, workers=2):
    return [batch for passes in loader.read(updates, workers) for batch in passes]


def needs_kornia(augmentation):
    if augmentation in {"color", "randaugment"}:
        pytest.importorskip("kornia")


@pytest.mark.parametrize("augmentation", ["none", "crop", "color", "randaugment"])
def test_a_picture_is_the_same_in_any_batch_and_with_any_number_of_threads(colours, augmentation):
    needs_kornia(augmentation)
    loader, images = make_loader(colours, augmentation=augmentation)
    [one, two] = read(loader, [(0, [[3, 5]]), (1, [[3, 9]])])
    [both] = read(make_loader(colours, augmentation=augmentation)[0], [(0, [[8, 9, 3]])], workers=1)
    assert torch.equal(one.images[0], both.images[2])
    assert torch.equal(one.images[0], two.images[0]) == (augmentation == "none")
    assert one.labels.tolist() == [images[3].label, images[5].label]
    assert one.images.shape == (2, 3, 32, 32)
    assert one.images.dtype == torch.float32


@pytest.mark.parametrize("augmentation", ["crop", "randaugment"])
def test_reading_leaves_the_generator_of_torch_alone(colours, augmentation):
    needs_kornia(augmentation)
    before = torch.random.get_rng_state()
    read(make_loader(colours, augmentation=augmentation, erasing=0.0)[0], [(0, [list(range(20))])])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_without_augmentation_pictures_are_those_of_validation(colours):
    loader, images = make_loader(colours, augmentation="none")
    [batch] = read(loader, [(0, [[4]])])
    assert np.array_equal(batch.images[0].numpy(), load_as_published(images[4].path, 32, Preprocessing()))


def test_a_crop_of_everything_is_the_whole_picture(colours):
    loader, images = make_loader(colours, augmentation="crop", crop_share=1.0, flip=0.0)
    image = decode(images[0].path, upright=False)
    left, top, right, bottom = draw_box(np.random.default_rng(0), image.width, image.height, 1.0)
    # A part of the whole area with another ratio of sides never fits, so the centre is taken.
    assert (right - left, bottom - top) == (48, 36)
    whole = cut(image, (left, top, right, bottom), 32, "bicubic", mirrored=False)
    mirrored = cut(image, (left, top, right, bottom), 32, "bicubic", mirrored=True)
    assert np.array_equal(mirrored, whole[:, :, ::-1])
    [batch] = read(loader, [(0, [[0]])])
    normalised = (torch.from_numpy(whole) - loader._mean) / loader._std
    assert torch.allclose(batch.images[0], normalised)


@pytest.mark.parametrize(("width", "height"), [(500, 375), (1, 1), (3, 400), (400, 3), (32, 32)])
def test_crops_lie_inside_of_any_picture(width, height):
    random = np.random.default_rng(1)
    for _ in range(200):
        left, top, right, bottom = draw_box(random, width, height, 0.08)
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height


def test_crops_cover_parts_from_the_least_share_to_the_whole():
    random = np.random.default_rng(2)
    boxes = [draw_box(random, 500, 375, 0.08) for _ in range(2000)]
    shares = [(right - left) * (bottom - top) / (500 * 375) for left, top, right, bottom in boxes]
    ratios = [(right - left) / (bottom - top) for left, top, right, bottom in boxes]
    assert 0.07 < min(shares) < 0.1
    assert 0.9 < max(shares) <= 1
    assert 0.73 < min(ratios) < 0.8
    assert 1.25 < max(ratios) < 1.36


def test_half_of_the_crops_are_mirrored(colours):
    loader, images = make_loader(colours, augmentation="crop", crop_share=1.0)
    batches = read(loader, [(epoch, [[0]]) for epoch in range(60)])
    kinds = {tuple(batch.images[0].flatten()[:8].tolist()) for batch in batches}
    plain = [torch.equal(batch.images[0], batches[0].images[0]) for batch in batches]
    assert len(kinds) >= 2
    assert images
    assert 10 < sum(plain) < 50
