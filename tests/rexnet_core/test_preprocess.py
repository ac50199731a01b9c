"""Image files as tensors: what comes out of good ones, and one clear line for all others."""

from dataclasses import replace
from math import floor

import numpy as np
import pytest
from PIL import Image

from rexnet_core.errors import InputError
from rexnet_core.preprocess import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    Preprocessing,
    list_images,
    load_as_published,
    normalise,
    read_image,
    resize_and_crop,
)


@pytest.fixture
def photo():
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def denormalised(image):
    return image * np.array(IMAGENET_STD)[:, None, None] + np.array(IMAGENET_MEAN)[:, None, None]


def cut_centre(image, side, resampling, resolution=32):
    """Pixels from 0 to 1 of the central square, after the shorter side is resized to `side`, as torchvision says it.

    Source: torchvision 0.28 transforms/functional.py, ``_compute_resized_output_size`` and ``center_crop``; timm 1.0.31
    data/transforms_factory.py passes them ``math.floor(img_size / crop_pct)``.
    """
    w, h = image.size
    short, long = (w, h) if w <= h else (h, w)
    new_long = int(side * long / short)
    new_w, new_h = (side, new_long) if w <= h else (new_long, side)
    top, left = round((new_h - resolution) / 2.0), round((new_w - resolution) / 2.0)
    whole = image.resize((new_w, new_h), resampling)
    return np.asarray(whole.crop((left, top, left + resolution, top + resolution)), np.float32) / 255


def assert_cut_as_published(folder, size, resolution, crop_ratio, side):
    random = np.random.default_rng(size)
    image = Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    image.save(folder / "photo.bmp")
    ours = denormalised(
        load_as_published(folder / "photo.bmp", resolution, Preprocessing(crop_ratio=crop_ratio))
    ).transpose(1, 2, 0)
    assert np.allclose(ours, cut_centre(image, side, Image.Resampling.BICUBIC, resolution), atol=1e-6), size


def test_a_plain_colour_comes_out_as_that_colour(tmp_path):
    Image.new("RGB", (50, 40), (255, 0, 51)).save(tmp_path / "plain.png")
    image = load_as_published(tmp_path / "plain.png", 32, Preprocessing())
    assert image.shape == (3, 32, 32)
    assert image.dtype == np.float32
    assert np.allclose(denormalised(image), np.array([1, 0, 0.2])[:, None, None], atol=1e-6)


@pytest.mark.parametrize("size", [(64, 64), (64, 97), (97, 64), (64, 640), (500, 334), (334, 500), (500, 375), (1, 30)])
@pytest.mark.parametrize(("resolution", "crop_ratio", "side"), [(224, 0.875, 256), (300, 0.904, 331), (32, 0.875, 36)])
def test_the_shorter_side_is_resized_and_the_centre_cut_out(tmp_path, size, resolution, crop_ratio, side):
    assert Preprocessing(crop_ratio=crop_ratio).shorter_side(resolution) == side
    assert_cut_as_published(tmp_path, size, resolution, crop_ratio, side)


def test_photographs_of_any_shape_are_cut_where_torchvision_cuts_them(tmp_path):
    """What rounds: the longer side (down), the offset (half to even), and the shorter side (down)."""
    sizes = np.random.default_rng(0).integers(33, 640, (150, 2)).tolist()
    for number, size in enumerate(sizes):
        resolution, crop_ratio = [(32, 0.875), (31, 0.9), (33, 1.0)][number % 3]
        assert_cut_as_published(tmp_path, size, resolution, crop_ratio, floor(resolution / crop_ratio))


@pytest.mark.parametrize(("crop_ratio", "side"), [(1.0, 32), (0.9, 35), (0.5, 64)])
def test_crop_ratio_and_interpolation_can_be_chosen(tmp_path, photo, crop_ratio, side):
    photo.save(tmp_path / "photo.png")
    assert Preprocessing(crop_ratio=crop_ratio).shorter_side(32) == side
    expected = cut_centre(photo, side, Image.Resampling.BILINEAR)
    image = load_as_published(
        tmp_path / "photo.png", 32, Preprocessing(crop_ratio=crop_ratio, interpolation="bilinear")
    )
    assert np.allclose(denormalised(image).transpose(1, 2, 0), expected, atol=1e-6)


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp"])
def test_a_truncated_file_is_named(tmp_path, photo, suffix):
    path = tmp_path / f"cut.{suffix}"
    photo.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"cut\.{suffix}"):
        load_as_published(path, 32, Preprocessing())


def test_a_decompression_bomb_is_refused_before_it_unpacks(tmp_path, photo, monkeypatch):
    photo.save(tmp_path / "bomb.png")
    for limit in (100, 9000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match=rf"at most {limit} pixels; .*bomb\.png"):
            load_as_published(tmp_path / "bomb.png", 32, Preprocessing())


def text(path):
    path.write_text("not an image")


def postscript(path):
    """A file that claims to be PNG and holds PostScript would start an interpreter."""
    Image.new("RGB", (120, 90)).save(path, format="EPS")


def strip(path):
    Image.new("L", (4000, 2)).save(path)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (text, r"wrong\.png is no image in a known format"),
        (postscript, "known format"),
        (strip, r"32-fold at most; .*wrong\.png is 4000 x 2"),
        (lambda _: None, r"wrong\.png can't be read as an image \(No such file"),
    ],
)
def test_a_file_that_is_no_image_is_refused(tmp_path, write, message):
    write(tmp_path / "wrong.png")
    with pytest.raises(InputError, match=message):
        load_as_published(tmp_path / "wrong.png", 224, Preprocessing())


def test_images_are_listed_by_name_without_other_and_hidden_files(tmp_path, photo):
    for name in ("b.PNG", "a.jpg"):
        photo.save(tmp_path / name)
    for name in ("notes.txt", "._a.jpg", ".thumbnail.jpg", ".jpg"):
        (tmp_path / name).write_text("x")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.jpg", "b.PNG"]


def test_an_empty_folder_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="has no image; put files"):
        list_images(tmp_path)
    with pytest.raises(InputError, match="gone: No such file"):
        list_images(tmp_path / "gone")
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(InputError, match="images come from a folder"):
            list_images(tmp_path / name)


def test_reading_resizing_and_normalising_are_the_whole_and_tell_the_order_of_colours(tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    steps = Preprocessing(resized_side=40, mean=(0.1, 0.2, 0.3), channel_order="bgr")
    pixels = resize_and_crop(read_image(tmp_path / "photo.png", steps), 32, steps)
    assert (pixels.shape, pixels.dtype) == ((32, 32, 3), np.uint8)
    assert np.array_equal(pixels, np.round(cut_centre(photo, 40, Image.Resampling.BICUBIC) * 255))
    image = normalise(pixels, steps)
    assert np.array_equal(image, load_as_published(tmp_path / "photo.png", 32, steps))
    assert np.array_equal(image[::-1], normalise(pixels, replace(steps, channel_order="rgb")))
