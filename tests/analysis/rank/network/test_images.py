"""Images in batches: the same ones whatever the batches."""

import numpy as np
import pytest
import torch
from PIL import Image

from analysis.rank.network import images
from analysis.rank.network.images import folder_images, generated_images
from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.preprocess import SUFFIXES


@pytest.mark.parametrize("kind", ["white", "1/f"])
def test_generated_images_do_not_depend_on_the_batches(kind):
    source = generated_images(kind, resolution=32, count=7, seed=3)
    whole = torch.cat(list(source.batches(7)))
    assert whole.shape == (7, 3, 32, 32)
    assert whole.dtype == torch.float32
    assert torch.equal(whole, torch.cat(list(source.batches(2))))
    assert not torch.equal(whole[0], whole[1])
    fewer = generated_images(kind, resolution=32, count=3, seed=3)
    assert torch.equal(whole[:3], torch.cat(list(fewer.batches(3))))


def test_no_batch_is_left_with_a_single_image():
    sizes = [len(batch) for batch in generated_images("white", resolution=32, count=33).batches(32)]
    assert sizes == [17, 16]


def test_power_falls_with_frequency_in_one_and_not_in_the_other():
    for kind, least, most in (("white", 0.8, 1.25), ("1/f", 20, 1e9)):
        images = torch.cat(list(generated_images(kind, resolution=64, count=8).batches(8))).numpy()
        power = np.abs(np.fft.rfft2(images)) ** 2
        assert least < power[..., 1:4, 1:4].mean() / power[..., 28:32, 28:32].mean() < most


@pytest.fixture
def folder(tmp_path):
    for index in range(6):
        Image.new("RGB", (40, 40), (40 * index, 0, 0)).save(tmp_path / f"{index}.png")
    return tmp_path


def test_some_images_of_a_folder_are_drawn_from_all_of_it(folder):
    assert [path.name for path in folder_images(folder, resolution=32).paths] == [f"{index}.png" for index in range(6)]
    drawn = {folder_images(folder, resolution=32, count=2, seed=seed).paths for seed in range(20)}
    assert len({path for pair in drawn for path in pair}) == 6
    assert all(first < second for first, second in drawn)


def test_a_folder_is_read_as_it_is_gone_through(folder):
    source = folder_images(folder, resolution=32)
    (folder / "5.png").write_text("overwritten")
    batches = source.batches(2)
    assert next(batches).shape == (2, 3, 32, 32)
    assert len(next(batches)) == 2
    with pytest.raises(InputError, match=r"5\.png is no image"):
        next(batches)


def text_file(path):
    path.write_text("no image")


def empty_file(path):
    path.write_bytes(b"")


def other_format(path):
    Image.new("RGB", (40, 40)).save(path, format="PPM")


@pytest.mark.parametrize("write", [text_file, empty_file, other_format])
def test_a_file_that_is_no_image_is_named_before_any_is_loaded(folder, write):
    write(folder / "4.png")
    with pytest.raises(InputError, match=r"4\.png is no image in a known format"):
        folder_images(folder, resolution=32)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_images_of_every_format_are_known_without_decoding(suffix, tmp_path, monkeypatch):
    Image.new("RGB", (40, 40)).save(tmp_path / f"one{suffix}")
    monkeypatch.setattr(images, "load_as_published", None)
    assert folder_images(tmp_path, resolution=32).count == 1


def test_first_bytes_alone_are_read_and_only_of_the_files_that_are_drawn(folder, monkeypatch):
    monkeypatch.setattr(images, "load_as_published", None)
    for number in range(5):
        source = folder_images(folder, resolution=32, count=5, seed=number)
        [left] = set(folder.iterdir()) - set(source.paths)
        kept = left.read_bytes()
        left.write_text("no image")
        assert folder_images(folder, resolution=32, count=5, seed=number) == source
        left.write_bytes(kept)


def test_one_image_and_several_are_told_apart(folder):
    for path in sorted(folder.iterdir())[1:]:
        path.unlink()
    with pytest.raises(InputError, match=r"has 1 image, 24 were asked for; give 1$"):
        folder_images(folder, resolution=32, count=24)


def test_wrong_requests_are_refused(folder):
    with pytest.raises(InputError, match="has 6 images, 7 were asked for; give 1 to 6"):
        folder_images(folder, resolution=32, count=7)
    with pytest.raises(UnknownNameError, match=r"unknown kind of generated images 'whit'; did you mean 'white'\?"):
        generated_images("whit", resolution=32, count=1)
    with pytest.raises(InputError, match="at least one image; got 0"):
        generated_images("white", resolution=32, count=0)
    with pytest.raises(InputError, match="resolution must be"):
        generated_images("white", resolution=8, count=1)
    with pytest.raises(InputError, match="seed"):
        generated_images("white", resolution=32, count=1, seed=-1)
