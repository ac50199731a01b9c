"""Pictures as the preparing process writes them, with what the model sees and the reference."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from bench.planning.pictures import read_pictures
from bench.preparing.modules import give_weights, open_module
from bench.preparing.pictures import count_batches, make_picture, prepare_pictures
from bench.preparing.task import Task
from bench.records.files import REFERENCE
from bench.records.inputs import load_inputs
from bench.records.pictures import PictureSet, pictures_folder
from bench.workers.picture_files import load_pictures, load_steps, load_type
from rexnet_core import create_model, dump_weights
from rexnet_core.errors import InputError, UnsupportedModelError
from rexnet_core.preprocess import AS_THEY_ARE, Preprocessing, load_as_published, read_image, resize_and_crop
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import TensorSpec

STEPS = Preprocessing(mean=(0.5, 0.5, 0.5), crop_ratio=0.9, channel_order="bgr")
OPENED = OpenedModel(inputs=(), preprocessing=STEPS)


def call(inputs):
    """The mean of each colour in place of a network."""
    return [inputs[0].mean(axis=(2, 3))]


def make_task(folder, pictures=None, **changes):
    known = {"model": "m", "source": "py", "resolution": 32, "shapes": ((3, 32, 32),), "types": ("float32",)}
    known |= {"batch": 2, "threads": 1, "seed": 0, "weights": None, "weights_entry": None, "exports": ()}
    return Task(folder=folder, pictures=pictures or PictureSet(), **{**known, **changes})


@pytest.fixture
def photos(tmp_path):
    """A picture of each state that people have."""
    folder = tmp_path / "photos"
    folder.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    picture = Image.fromarray(pixels)
    exif = Image.Exif()
    exif[0x0112] = 6
    picture.save(folder / "turned.jpg", exif=exif)
    picture.convert("CMYK").save(folder / "cmyk.jpg")
    picture.convert("P").save(folder / "palette.png")
    picture.convert("RGBA").save(folder / "alpha.png")
    Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(folder / "grey16.png")
    return folder


def test_the_model_sees_each_picture_as_its_author_prepares_it(photos, tmp_path):
    chosen = read_pictures(str(photos))
    told = prepare_pictures(make_task(tmp_path, chosen), OPENED, call)
    assert told["words"].startswith("5 of 5 pictures in photos, ")
    assert told["steps"] == "imagenet: shorter side to 35 px, bicubic; centre 32 px; BGR"
    folder = pictures_folder(tmp_path)
    pictures, [inputs], reference = load_pictures(folder, 2), load_inputs(folder), np.load(folder / REFERENCE)
    assert load_steps(folder) == STEPS
    assert pictures.shape == inputs.shape[:2] == reference.shape[:2] == (5, 2)
    for place, name in enumerate(chosen.files * 2):
        index = divmod(place, 2)
        assert pictures[index] == (photos / name).read_bytes()
        assert np.array_equal(inputs[index], load_as_published(photos / name, 32, STEPS))
    assert np.allclose(reference, inputs.mean(axis=(3, 4)), atol=1e-6)


def test_generated_pictures_are_the_same_for_every_build_and_batch(tmp_path):
    told = prepare_pictures(make_task(tmp_path, batch=16), OpenedModel(inputs=()), call)
    assert told["words"].startswith("8 generated JPEG files of 500 x 375 pixels, ")
    pictures = load_pictures(pictures_folder(tmp_path), 16)
    assert pictures.shape == (2, 16)
    assert len(set(pictures.ravel())) == 8
    random = np.random.default_rng((0, 500, 375))
    assert list(pictures[0, :2]) == [make_picture(random), make_picture(random)]
    assert Image.open(BytesIO(pictures[0, 0])).size == (500, 375)


@pytest.mark.parametrize(
    ("pictures", "batch", "batches"),
    [(8, 1, 8), (8, 8, 2), (8, 16, 2), (8, 3, 8), (1, 1, 2), (30, 4, 15), (31, 8, 16), (31, 64, 2), (3, 100, 2)],
)
def test_whole_batches_show_each_picture_equally_often_up_to_a_number(pictures, batch, batches):
    assert count_batches(pictures, batch, 128) == batches
    assert batches * batch % pictures == 0 or batches * batch > 128 - batch


def test_every_picture_is_shown_where_memory_allows_no_repetition():
    assert count_batches(30, 4, 0) == 8


def test_a_picture_that_is_damaged_since_is_named(photos, tmp_path):
    chosen = read_pictures(str(photos))
    (photos / "cmyk.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"photos/cmyk\.jpg is no image"):
        prepare_pictures(make_task(tmp_path, chosen), OPENED, call)
    (photos / "cmyk.jpg").unlink()
    with pytest.raises(InputError, match=r"a picture must be readable; .*photos/cmyk\.jpg"):
        prepare_pictures(make_task(tmp_path, chosen), OPENED, call)


@pytest.mark.parametrize(
    "changes", [{"shapes": ((1, 32, 32),)}, {"shapes": ((3, 32, 48),)}, {"types": ("uint8",)}, {"shapes": ((512,),)}]
)
def test_a_model_without_a_square_image_of_three_colours_is_unsupported(tmp_path, changes):
    with pytest.raises(UnsupportedModelError, match=r"one square image of 3 colours, .* to be shown pictures"):
        prepare_pictures(make_task(tmp_path, **changes), OPENED, call)


@pytest.mark.parametrize("order", ["rgb", "bgr"])
@pytest.mark.parametrize("kind", ["uint8", "float32"])
@pytest.mark.parametrize("last", [False, True])
def test_pixels_go_as_they_are_into_a_model_that_normalises_them_itself(photos, tmp_path, order, kind, last):
    mean, std = AS_THEY_ARE
    steps = Preprocessing(mean=mean, std=std, channel_order=order)
    chosen = read_pictures(str(photos))
    task = make_task(tmp_path, chosen, shapes=((32, 32, 3) if last else (3, 32, 32),), types=(kind,))
    told = prepare_pictures(
        task, OpenedModel(inputs=(), preprocessing=steps), lambda given: [given[0].reshape(2, -1).astype(np.float32)]
    )
    assert told["steps"].endswith("; normalised by the model")
    [inputs] = load_inputs(pictures_folder(tmp_path))
    pixels = resize_and_crop(read_image(photos / chosen.files[0], steps), 32, steps)
    pixels = pixels if order == "rgb" else pixels[..., ::-1]
    assert inputs.dtype == kind
    assert np.array_equal(inputs[0, 0], pixels if last else pixels.transpose(2, 0, 1))
    assert load_type(pictures_folder(tmp_path)) == kind


def test_a_model_that_resizes_pictures_itself_is_unsupported(tmp_path):
    mean, std = AS_THEY_ARE
    spec = TensorSpec(name="input", shape=(None, None, None, 3), dtype="uint8")
    opened = OpenedModel(inputs=(spec,), preprocessing=Preprocessing(mean=mean, std=std))
    task = make_task(tmp_path, shapes=((32, 32, 3),), types=("uint8",))
    with pytest.raises(UnsupportedModelError, match="a model that resizes pictures itself can't be shown pictures"):
        prepare_pictures(task, opened, call)


def test_pictures_are_prepared_as_for_the_weights_of_a_checkpoint_with_its_own_classes(tmp_path):
    module = create_model("efficientnet_lite0", num_classes=5)
    dump_weights(module, tmp_path / "five.pth")
    task = make_task(tmp_path, model="efficientnet_lite0", source="registered", weights=str(tmp_path / "five.pth"))
    opened, _ = give_weights(open_module(task), task)
    assert opened.module.classifier.out_features == 5
    assert opened.preprocessing.rule == "efficientnet-lite"
