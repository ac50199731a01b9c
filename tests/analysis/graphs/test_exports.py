"""Every kind of network, exported: two independent counts of one model, by the module and by the file."""

import numpy as np
import pytest
import torch
from graph_exports import count_both, export, fill, multiplying

from analysis.graphs.literal_run import open_literal
from rexnet_core import create_model

pytestmark = [pytest.mark.extra, pytest.mark.filterwarnings("ignore")]

#: Models, with the sides of their images and how many more numbers the file holds than the module once its norms are
#: folded. The IR has no layer scales: they are part of the weights. Both files have windows' relative positions and
#: masks written out.
MODELS = {
    "rexnet_1.0": (64, {}),
    "mobilenet_v2_1.0": (64, {}),
    "efficientnet_b0": (64, {}),
    "efficientnet_lite0": (65, {}),
    "regnetx_200mf": (64, {}),
    "timm:rexnet_100": (64, {}),
    "timm:resnet18": (64, {}),
    "timm:mobilenetv3_large_100": (64, {}),
    "timm:efficientnet_lite0": (64, {}),
    "timm:convnext_atto": (64, {"ir": -1840}),
    "timm:vit_tiny_patch16_224": (224, {}),
    "timm:deit_tiny_patch16_224": (224, {}),
    "timm:regnety_002": (64, {}),
    "timm:ghostnet_100": (64, {}),
    "timm:repvgg_a0": (64, {}),
    "timm:swin_tiny_patch4_window7_224": (224, {"onnx": 528_908, "ir": 509_700}),
    "timm:mixer_s32_224": (224, {}),
    "timm:poolformer_s12": (64, {"ir": -3328}),
    "timm:mobilevit_xxs": (64, {}),
}


def build(name):
    if not name.startswith("timm:"):
        return create_model(name).eval()
    return pytest.importorskip("timm_models").import_timm().create_model(name.removeprefix("timm:")).eval()


@pytest.mark.parametrize("form", ["onnx", "ir"])
@pytest.mark.parametrize("name", MODELS)
def test_a_network_and_its_export_cost_the_same(tmp_path, name, form):
    side, more = MODELS[name]
    ours, theirs = count_both(fill(build(name)), tmp_path, form, side)
    assert multiplying(theirs) == multiplying(ours)
    assert (theirs.macs, theirs.activations, theirs.traffic_bytes) == (ours.macs, ours.activations, ours.traffic_bytes)
    assert theirs.params_folded - ours.params_folded == more.get(form, 0)


@pytest.mark.parametrize("form", ["onnx", "ir"])
@pytest.mark.parametrize("name", ["rexnet_1.0", "timm:resnet18", "timm:mobilenetv3_small_050", "timm:convnext_atto"])
def test_a_literal_run_gives_what_the_module_gives(tmp_path, name, form):
    torch.manual_seed(0)
    module, image = build(name), torch.randn(1, 3, 64, 64)
    run, _ = open_literal(export(module, tmp_path, form, 64), [(1, 3, 64, 64)])
    with torch.no_grad():
        wanted = module(image).numpy()
    [given] = run((image.numpy(),))
    assert np.abs(given - wanted).max() < 1e-5 * np.abs(wanted).max()


def test_openvino_leaves_a_norm_behind_a_linear_layer_in_the_graph(tmp_path):
    """As a product and a sum; the bias of the linear layer becomes part of the sum."""
    module = fill(build("rexnet_lite_1.0"))
    ours, theirs = count_both(module, tmp_path, "ir", 64)
    assert theirs.macs == ours.macs
    assert theirs.params_folded - ours.params_folded == 1024
    assert ours.traffic_bytes - theirs.traffic_bytes == 4 * 1024
    ours, theirs = count_both(module, tmp_path, "onnx", 64)
    assert multiplying(theirs) == multiplying(ours)


@pytest.mark.parametrize("form", ["onnx", "ir"])
def test_what_follows_from_constants_alone_is_computed_by_the_exporter(tmp_path, form):
    """EdgeNeXt has a convolution of an encoding of positions, which no input reaches: 64 to 48 channels at 8 x 8."""
    ours, theirs = count_both(fill(build("timm:edgenext_xx_small")), tmp_path, form, 64)
    assert ours.macs - theirs.macs == 64 * 48 * 8 * 8
    assert ours.activations - theirs.activations == 48 * 8 * 8
