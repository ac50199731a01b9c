"""Artefacts that take pictures of any size resize and cut them as the original's pictures are."""

import numpy as np
import onnxruntime
import openvino
import pytest
import torch
from PIL import Image

from rexnet_core.errors import InputError
from rexnet_core.preprocess import Preprocessing, normalise, resize_and_crop

STEPS = Preprocessing(mean=(0.5, 0.45, 0.4), std=(0.2, 0.22, 0.24))


@pytest.mark.parametrize("to", ["onnx", "ir"])
def test_pictures_of_any_size_are_resized_and_cut_inside(export, tmp_path, to):
    from tiny_classifier import build  # noqa: PLC0415 - made by the fixture

    export(to, resize=True, input_order="bgr", input_layout="nchw")
    if to == "onnx":
        run = onnxruntime.InferenceSession(tmp_path / "out/model.onnx", providers=["CPUExecutionProvider"])
        call = lambda fed: run.run(None, {"input": fed})[0]  # noqa: E731 - one of two
    else:
        settings = {"INFERENCE_PRECISION_HINT": "f32"}
        compiled = openvino.Core().compile_model(tmp_path / "out/model.xml", "CPU", settings)
        call = lambda fed: compiled(fed)[0]  # noqa: E731
    for height, width in ((91, 57), (33, 120), (20, 25), (37, 37)):
        places = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1)
        picture = np.concatenate([places * 2, places[..., :1] + places[..., 1:]], -1).astype(np.uint8)
        pixels = normalise(resize_and_crop(Image.fromarray(picture), 32, STEPS), STEPS)
        with torch.no_grad():
            expected = build().eval()(torch.from_numpy(pixels[None])).numpy()
        given = call(np.ascontiguousarray(picture[..., ::-1].transpose(2, 0, 1)[None]))
        assert given == pytest.approx(expected, abs=0.01)


def test_programs_of_torch_do_not_resize(export):
    with pytest.raises(
        InputError, match="--resize is for --to ir and onnx, not pt2; leave out --resize, and resize before"
    ):
        export("pt2", resize=True)
