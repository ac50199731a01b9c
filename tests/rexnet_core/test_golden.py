"""Names, shapes and outputs agree with the public implementations; weights and image are the same in every library."""

import json
from pathlib import Path

import pytest
import torch

from rexnet_core import create_model, load_weights
from rexnet_core.weights import map_weights

DATA = Path(__file__).parent / "data"


def load_json(name):
    return json.loads((DATA / name).read_text(encoding="utf-8"))


GOLDEN = load_json("golden_logits.json")
CHECKPOINTS = load_json("checkpoint_names.json")
OUR_NAMES = load_json("our_names.json")
# The reference prints six decimals of a logit and five of the sum.
HALF_DIGIT = 0.5e-6


def golden_state(shapes):
    """Public name -> float32 tensor; a tensor's values follow from its place, its name and its shape."""
    state, place = {}, 0
    for name, shape in shapes.items():
        if name.endswith("num_batches_tracked"):
            state[name] = torch.tensor(0)
            continue
        state[name] = _wave(torch.Size(shape), place, name).float()
        place += 1
    return state


def golden_image(side):
    """Float32 (1, 3, side, side)."""
    index = torch.arange(3 * side * side, dtype=torch.float64)
    return torch.sin(0.013 * index + 0.5 * torch.sin(0.00071 * index)).reshape(1, 3, side, side).float()


def _wave(shape, place, name):
    index = torch.arange(shape.numel(), dtype=torch.float64)
    wave = torch.sin(0.7 * index * (1 + 0.01 * (place % 7)) + 0.3 * place).reshape(shape)
    if len(shape) > 1:
        return wave * (3 / shape[1:].numel()) ** 0.5
    if name.endswith("running_var"):
        return 1 + 0.5 * wave
    if name.endswith("running_mean"):
        return 0.1 * wave
    return 1 + 0.2 * wave if name.endswith("weight") else 0.1 * wave


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
