"""Image files as tensors: what comes out of good ones, and one clear line for all others."""

import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from rexnet_core.errors import InputError
from rexnet_core.preprocess import IMAGENET_MEAN, IMAGENET_STD, list_images, load_image, resized_side


@pytest.fixture
def photo():
    pixels = np.random.default_rng(0).integers(0, 256, (90, 120, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def denormalised(image):
    return image * np.array(IMAGENET_STD)[:, None, None] + np.array(IMAGENET_MEAN)[:, None, None]


def cut_centre(image, side, resampling):
    """Pixels from 0 to 1 of the central 32 x 32, after the shorter side is resized to `side`."""
    width, height = (round(length * side / min(image.size)) for length in image.size)
    left, top = (width - 32) // 2, (height - 32) // 2
    whole = image.resize((width, height), resampling)
    return np.asarray(whole.crop((left, top, left + 32, top + 32)), np.float32) / 255


def test_a_plain_colour_comes_out_as_that_colour(tmp_path):
    Image.new("RGB", (50, 40), (255, 0, 51)).save(tmp_path / "plain.png")
    image = load_image(tmp_path / "plain.png", 32)
    assert image.shape == (3, 32, 32)
    assert image.dtype == np.float32
    assert np.allclose(denormalised(image), np.array([1, 0, 0.2])[:, None, None], atol=1e-6)


@pytest.mark.parametrize("size", [(64, 64), (64, 97), (97, 64), (64, 640)])
def test_the_shorter_side_is_resized_and_the_centre_cut_out(tmp_path, size):
    pixels = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    image.save(tmp_path / "photo.png")
    expected = cut_centre(image, 37, Image.Resampling.BICUBIC)
    assert np.allclose(denormalised(load_image(tmp_path / "photo.png", 32)).transpose(1, 2, 0), expected, atol=1e-6)


@pytest.mark.parametrize("upright", [True, False])
def test_a_turned_photograph_is_set_upright_or_left_as_it_lies(tmp_path, photo, upright):
    exif = Image.Exif()
    exif[0x0112] = 6
    photo.save(tmp_path / "turned.png", exif=exif)
    (photo.transpose(Image.Transpose.ROTATE_270) if upright else photo).save(tmp_path / "plain.png")
    options = {} if upright else {"upright": False}
    assert np.array_equal(load_image(tmp_path / "turned.png", 32, **options), load_image(tmp_path / "plain.png", 32))


@pytest.mark.parametrize(("crop_ratio", "side"), [(1.0, 32), (0.9, 36), (0.5, 64)])
def test_crop_ratio_and_interpolation_can_be_chosen(tmp_path, photo, crop_ratio, side):
    photo.save(tmp_path / "photo.png")
    assert resized_side(32, crop_ratio) == side
    expected = cut_centre(photo, side, Image.Resampling.BILINEAR)
    image = load_image(tmp_path / "photo.png", 32, crop_ratio=crop_ratio, interpolation="bilinear")
    assert np.allclose(denormalised(image).transpose(1, 2, 0), expected, atol=1e-6)


def test_threads_that_decode_leave_the_warning_filters_alone(tmp_path, photo):
    photo.save(tmp_path / "photo.png")
    before = list(warnings.filters)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: load_image(tmp_path / "photo.png", 32), range(200)))
    assert warnings.filters == before


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "CMYK", "1", "I;16"])
def test_every_kind_of_pixel_becomes_rgb(tmp_path, photo, mode):
    image = Image.fromarray(np.arange(4096, dtype=np.uint16).reshape(64, 64)) if mode == "I;16" else photo.convert(mode)
    image.save(tmp_path / "any.tiff")
    assert np.isfinite(load_image(tmp_path / "any.tiff", 48)).all()


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp", "gif", "tif", "webp"])
def test_a_truncated_file_is_named(tmp_path, photo, suffix):
    path = tmp_path / f"cut.{suffix}"
    photo.save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"cut\.{suffix}"):
        load_image(path, 32)


def test_a_decompression_bomb_is_refused_before_it_unpacks(tmp_path, photo, monkeypatch):
    photo.save(tmp_path / "bomb.png")
    for limit in (100, 9000):
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
        with pytest.raises(InputError, match=rf"at most {limit} pixels; .*bomb\.png"):
            load_image(tmp_path / "bomb.png", 32)


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
        load_image(tmp_path / "wrong.png", 224)


def test_images_are_listed_by_name_without_other_files(tmp_path, photo):
    for name in ("b.PNG", "a.jpg"):
        photo.save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    (tmp_path / "folder.png").mkdir()
    assert [path.name for path in list_images(tmp_path)] == ["a.jpg", "b.PNG"]


def test_an_empty_folder_and_a_missing_folder_are_refused(tmp_path):
    with pytest.raises(InputError, match="has no image; put files"):
        list_images(tmp_path)
    with pytest.raises(InputError, match="gone: No such file"):
        list_images(tmp_path / "gone")
