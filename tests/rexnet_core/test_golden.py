"""Names, shapes and outputs agree with the public implementations."""

import sys
from pathlib import Path

import pytest
import torch

from rexnet_core import create_model, load_weights
from rexnet_core.weights import map_weights

sys.path.insert(0, str(Path(__file__).parent))
from golden_weights import golden_image, golden_state, load_json

GOLDEN = load_json("golden_logits.json")
CHECKPOINTS = load_json("checkpoint_names.json")
OUR_NAMES = {
    "official/rexnet_v1_1.0": "rexnet_1.0",
    "official/rexnet_v1_1.5": "rexnet_1.5",
    "official/rexnet_v1_3.0": "rexnet_3.0",
    "official/rexnet_lite_1.0": "rexnet_lite_1.0",
    "official/rexnet_lite_1.5": "rexnet_lite_1.5",
    "timm/rexnet_100": "rexnet_1.0",
    "timm/rexnet_130": "rexnet_1.3",
    "timm/rexnetr_100": "rexnetr_1.0",
    "timm/rexnetr_300": "rexnetr_3.0",
    "timm/regnetx_032": "regnetx_3.2gf",
    "timm/regnetx_002": "regnetx_200mf",
    "timm/mobilenetv2_100": "mobilenet_v2_1.0",
    "torchvision/mobilenet_v2": "mobilenet_v2_1.0",
    "timm/efficientnet_b0": "efficientnet_b0",
    "timm/efficientnet_b1": "efficientnet_b1",
    "torchvision/efficientnet_b0": "efficientnet_b0",
}
# The reference prints six decimals of a logit and five of the sum.
HALF_DIGIT = 0.5e-6


@pytest.mark.parametrize("checkpoint", CHECKPOINTS)
def test_names_order_and_shapes_are_those_of_the_public_checkpoint(checkpoint):
    with torch.device("meta"):
        model = create_model(OUR_NAMES[checkpoint])
    ours = {name: list(tensor.shape) for name, tensor in map_weights(model, checkpoint.partition("/")[0]).items()}
    assert list(ours.items()) == list(CHECKPOINTS[checkpoint].items())


@pytest.mark.parametrize("entry", GOLDEN)
def test_logits_are_those_of_the_public_implementation(entry):
    expected, checkpoint = GOLDEN[entry], entry.partition("@")[0]
    layout = checkpoint.partition("/")[0]
    model = create_model(OUR_NAMES[checkpoint]).eval().double()
    shapes = {name: list(tensor.shape) for name, tensor in map_weights(model, layout).items()}
    state = golden_state(shapes)
    assert load_weights(model, state) == layout
    with torch.inference_mode():
        logits = model(golden_image(expected["resolution"]).double())[0]
    tolerance = 1e-6 * expected["logits_std"] + HALF_DIGIT
    assert logits[:8].tolist() == pytest.approx(expected["logits_first8"], rel=0, abs=tolerance)
    assert float(logits.std()) == pytest.approx(expected["logits_std"], rel=1e-6, abs=HALF_DIGIT)
    assert float(logits.sum()) == pytest.approx(expected["logits_sum"], rel=0, abs=1000 * 1e-6 * expected["logits_std"])
    assert logits.topk(5).indices.tolist() == expected["top5"]
