"""Modules exported to graph files, and their counts side by side."""

from collections import Counter

import openvino
import torch

from analysis.complexity import trace
from analysis.graphs.counting import count_graph


def fill(module):
    """Numbers that are neither 0 nor 1, for exporters drop additions and multiplications by these."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in module.state_dict().values():
            if tensor.is_floating_point():
                tensor.copy_(0.2 + 0.5 * torch.rand(tensor.shape, generator=generator))
    return module.eval()


def export(module, folder, form, side):
    """A file of the module for one image: written by torch's new or old exporter, or by OpenVINO."""
    image, path = torch.zeros(1, 3, side, side), folder / f"{form}.{'xml' if form == 'ir' else 'onnx'}"
    if form == "ir":
        converted = openvino.convert_model(module, example_input=image, input=[tuple(image.shape)])
        openvino.save_model(converted, path, compress_to_fp16=False)
    elif form == "onnx":
        torch.onnx.export(module, (image,), path, dynamo=True, external_data=False, verbose=False)
    else:
        torch.onnx.export(module, (image,), path, dynamo=False)
    return path


def multiplying(cost):
    """What is counted of the layers that multiply, without their names and order."""
    return Counter(
        (layer.kind, layer.macs, layer.activations, layer.params_folded, layer.traffic_bytes, layer.out_shape)
        for layer in cost.layers
        if layer.macs
    )


def count_both(module, folder, form, side):
    """The counts of a module and of a file that it is exported to."""
    path = export(module, folder, form, side)
    return trace(module, side), count_graph(path, [(1, 3, side, side)], name="file", resolution=side)
