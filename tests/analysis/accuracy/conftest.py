import numpy as np
import pytest
from PIL import Image

from rexnet_core import create_model, dump_weights
from rexnet_core.calibration import calibrate


@pytest.fixture
def save():
    """Saves a small image of noise, different for each seed."""

    def save(path, seed=0, size=(40, 36)):
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    return save


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """A file in timm's names with 12 classes, and the network it came from."""
    network = create_model("rexnet_0.5", num_classes=12)
    calibrate(network, 32, seed=3)
    path = tmp_path_factory.mktemp("weights") / "twelve.safetensors"
    dump_weights(network, path, "timm")
    return path, network
