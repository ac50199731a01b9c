"""Small graph files made by hand, node by node, without any exporter."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def make_tensor(name, shape, dtype=np.float32, seed=0):
    """A tensor of numbers that are neither 0 nor 1."""
    drawn = np.random.default_rng(seed).uniform(0.1, 0.9, shape)
    return numpy_helper.from_array((drawn * (1 if np.issubdtype(dtype, np.floating) else 100)).astype(dtype), name)


def make_onnx(nodes, tensors=(), *, inputs=(("x", (1, 3, 8, 8)),), outputs=(("y", None),), domains=(), opset=17):
    """A model; an output of shape None has a rank of 4 and open dimensions."""
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs]
    shapes = [(name, ["a", "b", "c", "d"] if shape is None else shape) for name, shape in outputs]
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in shapes]
    graph = helper.make_graph(nodes, "graph", values, results, list(tensors))
    opsets = [helper.make_opsetid("", opset), *(helper.make_opsetid(domain, 1) for domain in domains)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9, producer_name="by hand")


def save_onnx(path, *args, **options):
    """The path, with the model of `make_onnx` written to it."""
    path.write_bytes(make_onnx(*args, **options).SerializeToString())
    return path


def small_nodes():
    """A convolution with bias, ReLU, the mean over the map, and a classifier as Gemm."""
    nodes = [
        helper.make_node("Conv", ["x", "stem.weight", "stem.bias"], ["a"], pads=[1, 1, 1, 1], strides=[2, 2]),
        helper.make_node("Relu", ["a"], ["b"]),
        helper.make_node("GlobalAveragePool", ["b"], ["c"]),
        helper.make_node("Flatten", ["c"], ["d"]),
        helper.make_node("Gemm", ["d", "head.weight", "head.bias"], ["y"], transB=1),
    ]
    tensors = [
        make_tensor("stem.weight", (4, 3, 3, 3)),
        make_tensor("stem.bias", (4,)),
        make_tensor("head.weight", (5, 4)),
        make_tensor("head.bias", (5,)),
    ]
    return nodes, tensors


def save_small(path, batch=1, **metadata):
    """The path of a small classifier of 5 classes."""
    model = make_onnx(*small_nodes(), inputs=[("x", (batch, 3, 8, 8))], outputs=[("y", (batch, 5))])
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = key, value
    path.write_bytes(model.SerializeToString())
    return path


def put_outside(path, location, *, offset=0, length=None, shape=(4, 3, 3, 3)):
    """A model at `path` whose first weight is said to lie in another file."""
    model = onnx.load(save_small(path))
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    del tensor.dims[:]
    tensor.dims.extend(shape)
    tensor.data_location = TensorProto.EXTERNAL
    told = {"location": location, "offset": offset, "length": length}
    for key, value in told.items():
        if value is not None:
            entry = tensor.external_data.add()
            entry.key, entry.value = key, str(value)
    path.write_bytes(model.SerializeToString())
    return path
