"""Each publisher's rule gives the publisher's pixels: torchvision's and timm's own transforms, and torch's resizing.

What a smoothing filter gives is equal to the last bit; what OpenCV and TensorFlow compute with fractions, to half a
step of 256.
"""

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest
import torch
from PIL import Image

from rexnet_core.errors import InputError, UnknownNameError
from rexnet_core.geometry import GEOMETRIES, place_window
from rexnet_core.preprocess import Preprocessing, load_as_published, normalise, resize_and_crop
from rexnet_core.publishers import find_rule, preprocessing_of, rule_names
from rexnet_core.registry import model_names
from rexnet_core.sources import timm_models
from rexnet_core.sources.declared_preprocessing import read_transforms
from rexnet_core.sources.torchvision_import import import_torchvision

#: Odd, oblong, small, equal, and of the sizes that photographs have; the shorter side first, last, and neither.
SHAPES = [
    (500, 375), (375, 500), (500, 333), (333, 500), (501, 377), (640, 427), (427, 640), (320, 320), (256, 256),
    (257, 256), (255, 257), (33, 47), (47, 33), (32, 400), (400, 32), (1024, 683), (331, 300), (300, 331), (97, 98),
    (640, 64), (224, 225), (1, 30),
]  # fmt: skip
#: Side of the input and crop: the usual, EfficientNet-B3's, a whole side, and torchvision's 232.
SIDES = [(224, 0.875), (300, 0.904), (240, 0.882), (64, 1.0), (224, 224 / 232)]


@lru_cache
def make_photo(size):
    random = np.random.default_rng(size)
    return Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def torchvision():
    try:
        return import_torchvision()
    except (ImportError, InputError) as error:
        pytest.skip(f"torchvision must be there to compare with: {error}")


@pytest.mark.parametrize(("side", "crop_ratio"), SIDES)
def test_pixels_are_those_of_torchvision(torchvision, side, crop_ratio):
    interpolation = "bicubic" if side > 224 else "bilinear"
    steps = Preprocessing(crop_ratio=crop_ratio, interpolation=interpolation)
    transforms = torchvision.transforms
    theirs = transforms.Compose([
        transforms.Resize(math.floor(side / crop_ratio), transforms.InterpolationMode(interpolation)),
        transforms.CenterCrop(side),
    ])  # fmt: skip
    for size in SHAPES:
        photo = make_photo(size)
        assert np.array_equal(resize_and_crop(photo, side, steps), np.asarray(theirs(photo))), size


@pytest.mark.parametrize("mode", ["center", "squash"])
@pytest.mark.parametrize(("side", "crop_ratio"), SIDES[1:3])
def test_inputs_are_those_of_timm(tmp_path, side, crop_ratio, mode):
    try:
        timm_models.import_timm()
    except InputError as error:
        pytest.skip(f"timm must be there to compare with: {error}")
    from timm.data import create_transform  # noqa: PLC0415

    told = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4), "crop_pct": crop_ratio, "interpolation": "bicubic"}
    theirs = create_transform((3, side, side), **told, crop_mode=mode)
    steps = timm_models.read_preprocessing({**told, "crop_mode": mode})
    assert (steps.rule, steps.note) == ("timm", "")
    for size in SHAPES:
        photo = make_photo(size)
        photo.save(tmp_path / "photo.png")
        ours = load_as_published(tmp_path / "photo.png", side, steps)
        assert np.array_equal(ours, theirs(photo).numpy()), size


def count_longer(size, shorter):
    """Sides that pycls and PaddleClas resize a picture to, in whole numbers; their fractions may fall below one."""
    width, height = size
    return (shorter, shorter * height // width) if width <= height else (shorter * width // height, shorter)


def interpolate(photo, size, mode):
    pixels = torch.from_numpy(np.asarray(photo).copy()).permute(2, 0, 1)[None].double()
    resized = torch.nn.functional.interpolate(pixels, (size[1], size[0]), mode=mode, align_corners=False)
    return resized[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("mode", ["bilinear", "bicubic"])
def test_pixels_of_opencv_are_those_of_torch_without_smoothing(mode):
    """PyTorch's resizing without antialiasing is OpenCV's: centres on centres, and the same cubic kernel."""
    steps = replace(find_rule("pycls").steps, interpolation=mode)
    for size in SHAPES:
        photo = make_photo(size)
        window = place_window("pycls", size, 224, 256)
        assert np.allclose(window.size, count_longer(size, 256), atol=1)
        whole = np.clip(interpolate(photo, window.size, mode), 0, 255)
        cut = whole[window.top : window.top + 224, window.left : window.left + 224]
        assert np.abs(resize_and_crop(photo, 224, steps) - cut).max() <= 0.501, size


def test_opencv_does_not_smooth_and_pillow_does():
    """A board of black and white fields of one pixel is grey to one, and stays a board to the other."""
    board = Image.fromarray(np.indices((512, 512)).sum(0).astype(np.uint8).repeat(3).reshape(512, 512, 3) % 2 * 255)
    assert resize_and_crop(board, 224, find_rule("clovaai").steps).std() < 1
    smooth = resize_and_crop(board, 224, find_rule("pycls").steps)
    assert np.abs(smooth.astype(int) - 127.5).max() <= 0.5
    assert resize_and_crop(board, 300, replace(find_rule("pycls").steps, crop_ratio=300 / 400)).std() > 30


@pytest.mark.parametrize(
    ("geometry", "size", "resized", "offset"),
    [
        ("torchvision", (500, 375), (341, 256), (58, 16)),
        ("pycls", (500, 375), (341, 256), (59, 16)),
        ("paddleclas", (500, 375), (341, 256), (58, 16)),
        ("torchvision", (333, 500), (256, 384), (16, 80)),
        ("pycls", (375, 562), (256, 383), (16, 80)),
        ("paddleclas", (375, 562), (256, 384), (16, 80)),
        ("squash", (500, 375), (256, 256), (16, 16)),
    ],
)
def test_publishers_round_in_their_own_ways(geometry, size, resized, offset):
    window = place_window(geometry, size, 224, 256)
    assert (window.size, (window.left, window.top)) == (resized, offset)


@pytest.mark.parametrize(
    ("size", "side", "box"),
    [
        ((500, 375), 224, (86, 24, 414, 352)),  # int(0.875 * 375) = 328
        ((320, 320), 240, (19, 19, 301, 301)),  # int(240 / 272 * 320) = 282
        ((427, 640), 260, (24, 130, 404, 510)),  # int(260 / 292 * 427) = 380, offsets rounded up
    ],
)
def test_tensorflow_crops_and_then_resizes(size, side, box):
    steps = find_rule("efficientnet-lite").at_side(side)
    window = place_window("tensorflow", size, side, steps.shorter_side(side))
    assert (window.box, window.size) == (box, (side, side))


def test_pixels_of_tensorflow_lie_corner_on_corner():
    """Half the side takes every second pixel as it is, from the first on; OpenCV would mix the two."""
    photo = make_photo((256, 256))
    steps = replace(find_rule("tensorflow").steps, resized_side=128)
    assert np.array_equal(resize_and_crop(photo, 128, steps), np.asarray(photo)[::2, ::2])


@pytest.mark.parametrize("geometry", GEOMETRIES)
def test_every_geometry_gives_the_square_for_every_shape(geometry):
    for size in SHAPES:
        for side, crop_ratio in [(96, 0.904), (64, 1.0)]:
            steps = Preprocessing(geometry=geometry, crop_ratio=crop_ratio)
            assert resize_and_crop(make_photo(size), side, steps).shape == (side, side, 3)


def test_every_rule_has_its_source_and_every_network_a_rule():
    for name in rule_names():
        assert find_rule(name).source
        assert find_rule(name).steps.rule == name
    for model in model_names():
        for layout in ("own", "official", "timm", "torchvision", "paddle"):
            assert preprocessing_of(model, layout).rule in rule_names()
    with pytest.raises(UnknownNameError, match="rule of preprocessing"):
        find_rule("tensorflwo")


@pytest.mark.parametrize(
    ("model", "layout", "sha256", "expected"),
    [
        ("rexnet_1.0", "official", "", ("clovaai", "bicubic", 256)),
        ("rexnet_1.0", "paddle", "", ("paddle-image-models", "bicubic", 256)),
        ("rexnetr_2.0", "timm", "", ("timm", "bicubic", 235)),
        ("regnetx_3.2gf", "official", "", ("pycls", "bilinear", 256)),
        ("regnetx_3.2gf", "torchvision", "", ("torchvision", "bilinear", 256)),
        ("regnetx_3.2gf", "torchvision", "7071aa85" + 56 * "0", ("torchvision", "bilinear", 232)),
        ("efficientnet_b1", "torchvision", "c27df63c" + 56 * "0", ("torchvision", "bilinear", 255)),
        ("efficientnet_b3", "torchvision", "", ("torchvision", "bicubic", 320)),
        ("mobilenet_v2_1.0", "own", "", ("imagenet", "bicubic", 256)),
    ],
)
def test_weights_get_the_rule_of_their_publisher(model, layout, sha256, expected):
    steps = preprocessing_of(model, layout, sha256)
    assert (steps.rule, steps.interpolation, steps.shorter_side(steps.side or 224)) == expected


def test_a_callers_choice_goes_before_the_rule():
    steps = preprocessing_of("regnetx_3.2gf", "torchvision").choose(crop_ratio=0.5, channel_order="bgr")
    assert (steps.shorter_side(224), steps.channel_order, steps.interpolation) == (448, "bgr", "bilinear")
    assert preprocessing_of("efficientnet_b3", "torchvision").shorter_side(150) == 160


def test_digests_of_torchvisions_files_are_those_that_it_names(torchvision):
    named = {
        "mobilenet_v2": "mobilenet_v2_1.0",
        "regnet_x_3_2gf": "regnetx_3.2gf",
        "efficientnet_b1": "efficientnet_b1",
    }
    for theirs, ours in named.items():
        for weights in torchvision.models.get_model_weights(theirs):
            told = weights.transforms()
            steps = preprocessing_of(ours, "torchvision", weights.url[-12:-4])
            assert steps.note == f"the file is {weights.name}"
            assert [steps.resized_side] == told.resize_size
            assert steps.interpolation == told.interpolation.value


def test_weights_of_torchvision_say_their_own_side_and_crop(torchvision):
    weights = torchvision.models.get_model_weights("resnet50").IMAGENET1K_V2
    steps, photo = read_transforms(weights), make_photo((501, 377))
    assert (steps.side, steps.resized_side, steps.interpolation) == (224, 232, "bilinear")
    theirs = weights.transforms(antialias=True)(photo)
    pixels = resize_and_crop(photo, 224, steps)
    assert np.allclose(normalise(pixels, steps), theirs.numpy(), atol=1e-6)
    for name in ("fasterrcnn_resnet50_fpn", "r3d_18"):  # of detectors and of videos there are no such steps
        assert read_transforms(next(iter(torchvision.models.get_model_weights(name)))) is None
