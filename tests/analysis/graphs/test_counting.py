"""Counts of graph files: against the traced module, and by hand for what no exporter here writes."""

import pytest
from graph_exports import count_both, fill, multiplying
from graph_files import make_tensor, save_onnx, save_small, small_nodes
from onnx import TensorProto, helper
from torch import nn
from torch.nn import functional

from analysis.graphs.counting import count_graph
from rexnet_core.errors import InputError, UnsupportedModelError


class Small(nn.Module):
    """Each kind of layer once: a norm that folds and one that can't, attention, a transposed convolution."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.depthwise, self.grouped = nn.Conv2d(8, 8, 3, 1, 1, groups=8), nn.Conv2d(8, 8, 3, 1, 1, groups=2)
        self.alone = nn.BatchNorm2d(8)
        self.up = nn.ConvTranspose2d(8, 6, 2, 2)
        self.project = nn.Linear(6, 12, bias=False)
        self.layer_norm = nn.LayerNorm(12)
        self.out = nn.Linear(12, 5)

    def forward(self, x):
        x = functional.relu(self.norm(self.conv(x)))
        x = self.alone(functional.relu(self.depthwise(x)) + self.grouped(x))
        x = self.layer_norm(self.project(self.up(x).flatten(2).transpose(1, 2)))
        return self.out(functional.softmax(x @ x.transpose(1, 2), -1) @ x)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("form", ["old onnx", "ir"])
def test_a_module_and_its_export_cost_the_same(tmp_path, form):
    ours, theirs = count_both(fill(Small()), tmp_path, form, 32)
    assert multiplying(theirs) == multiplying(ours)
    # The exporters fold the norm after the convolution; the other one stays, in the IR as a product and a sum.
    assert theirs.params == theirs.params_folded == ours.params_folded
    assert (theirs.macs, theirs.activations, theirs.traffic_bytes) == (ours.macs, ours.activations, ours.traffic_bytes)
    assert "MatMul x2" in theirs.uncounted or "ScaledDotProductAttention x1" in theirs.uncounted
    assert {"depthwise", "grouped", "up", "layer_norm", "out"} <= {layer.layer for layer in theirs.layers}


def by_hand(folder, nodes, tensors=(), shape=(1, 3, 8, 8), **options):
    """The cost of an ONNX file made node by node."""
    path = save_onnx(folder / "m.onnx", nodes, tensors, inputs=[("x", shape)], **options)
    return count_graph(path, [shape], name="m", resolution=shape[-1])


def test_a_small_file_costs_what_the_formulas_say(tmp_path):
    cost = count_graph(save_small(tmp_path / "m.onnx", "N"), [(1, 3, 8, 8)], name="m", resolution=8)
    stem, head = cost.layers
    assert (stem.layer, stem.kind, stem.params, stem.macs) == ("stem", "conv", 4 * 27 + 4, 4 * 27 * 16)
    assert (head.layer, head.kind, head.params, head.macs) == ("head", "linear", 4 * 5 + 5, 20)
    assert (stem.out_shape, head.out_shape) == ((1, 4, 4, 4), (1, 5))
    assert stem.traffic_bytes == 4 * (112 + 3 * 64 + 64)
    assert (cost.model, cost.resolution, cost.params) == ("m", 8, 137)
    assert cost.uncounted == ("Relu x1", "ReduceMean x1")


def norm(name, read, written, channels):
    tensors = [make_tensor(f"{name}.{part}", (channels,)) for part in ("weight", "bias", "mean", "var")]
    node = helper.make_node("BatchNormalization", [read, *(one.name for one in tensors)], [written])
    return node, tensors


def test_a_batch_norm_folds_into_the_convolution_that_it_alone_reads(tmp_path):
    weight = make_tensor("conv.weight", (4, 3, 1, 1))
    conv = helper.make_node("Conv", ["x", "conv.weight"], ["a"])
    node, tensors = norm("norm", "a", "y", 4)
    cost = by_hand(tmp_path, [conv, node], [weight, *tensors])
    assert [(one.layer, one.kind, one.params, one.params_folded) for one in cost.layers] == [
        ("conv", "pointwise_conv", 12, 16),
        ("norm", "batch_norm", 8, 0),
    ]
    node, tensors = norm("norm", "a", "b", 4)
    both = [conv, node, helper.make_node("Add", ["a", "b"], ["y"])]
    assert by_hand(tmp_path, both, [weight, *tensors]).params_folded == 12 + 8


def test_a_weight_that_two_layers_read_is_held_once_and_multiplied_twice(tmp_path):
    weight = make_tensor("shared.weight", (3, 3, 1, 1))
    nodes = [helper.make_node("Conv", ["x", weight.name], ["a"]), helper.make_node("Conv", ["a", weight.name], ["y"])]
    [layer] = by_hand(tmp_path, nodes, [weight]).layers
    assert (layer.params, layer.macs) == (9, 2 * 9 * 64)


def quantised(name, shape, dtype):
    """A weight stored in integers with one scale for each channel, and the node that gives its real value."""
    scales = make_tensor(f"{name}_scale", shape[:1])
    zeros = helper.make_tensor(f"{name}_zero", TensorProto.INT8, shape[:1], [0] * shape[0])
    node = helper.make_node("DequantizeLinear", [f"{name}_q", scales.name, zeros.name], [f"{name}_real"], axis=0)
    return node, [make_tensor(f"{name}_q", shape, dtype), scales, zeros]


def test_of_a_quantised_file_the_elements_are_counted(tmp_path):
    weight_node, weight = quantised("weight", (4, 3, 3, 3), "int8")
    scale, zero = make_tensor("s", ()), helper.make_tensor("z", TensorProto.INT8, [], [0])
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "s", "z"], ["q"]),
        helper.make_node("DequantizeLinear", ["q", "s", "z"], ["a"]),
        weight_node,
        helper.make_node("Conv", ["a", "weight_real", "bias"], ["y"], pads=[1, 1, 1, 1]),
    ]
    cost = by_hand(tmp_path, nodes, [*weight, scale, zero, make_tensor("bias", (4,))])
    assert (cost.params, cost.macs) == (4 * 27 + 4, 4 * 27 * 64)


def test_a_weight_in_half_precision_counts_as_one_in_full(tmp_path):
    weight = make_tensor("w", (4, 3, 1, 1), "float16")
    nodes = [helper.make_node("Cast", ["w"], ["a"], to=TensorProto.FLOAT), helper.make_node("Conv", ["x", "a"], ["y"])]
    cost = by_hand(tmp_path, nodes, [weight])
    assert (cost.params, cost.layers[0].weight_bytes) == (12, 48)


@pytest.mark.parametrize(
    ("shape", "bias"), [((4, 1, 1), True), ((1, 1, 8), False), ((1, 4, 8, 8), False), ((1,), False)]
)
def test_only_one_constant_per_channel_is_a_bias(tmp_path, shape, bias):
    nodes = [helper.make_node("Conv", ["x", "w"], ["a"]), helper.make_node("Add", ["a", "b"], ["y"])]
    cost = by_hand(tmp_path, nodes, [make_tensor("w", (4, 3, 1, 1)), make_tensor("b", shape)])
    assert len(cost.layers) == 1 + (not bias and shape != (1,))
    assert ("Add x1" in cost.uncounted) is not bias
    assert cost.layers[0].params == (16 if bias else 12)


def test_the_shape_that_a_weight_is_brought_to_is_no_weight(tmp_path):
    shape = helper.make_tensor("shape", TensorProto.INT64, [4], [1, 1, 1, 1])
    nodes = [helper.make_node("Reshape", ["w", "shape"], ["a"]), helper.make_node("Conv", ["x", "a"], ["y"])]
    assert by_hand(tmp_path, nodes, [make_tensor("w", (1,)), shape], shape=(1, 1, 8, 8)).params == 1


@pytest.mark.parametrize("first", [True, False])
def test_a_weight_may_be_either_factor_and_transposed(tmp_path, first):
    names = ["w", "x"] if first else ["x", "w"]
    cost = by_hand(tmp_path, [helper.make_node("MatMul", names, ["y"])], [make_tensor("w", (8, 8))])
    assert [(one.kind, one.macs, one.params) for one in cost.layers] == [("linear", 8 * 8 * 8 * 3, 64)]


@pytest.mark.parametrize(
    ("equation", "weight", "macs"),
    [
        ("nchw,co->nohw", (3, 5), 3 * 5 * 64),
        ("nchw, ko c w -> nkoh", (2, 5, 3, 8), 8 * 2 * 5 * 3 * 8),
        ("...w,wo->...o", (8, 2), 24 * 8 * 2),
        ("nchw,wo", (8, 2), 24 * 8 * 2),
        ("n...w,w->n...", (8,), 24 * 8),
    ],
)
def test_an_einsum_with_a_weight_is_a_linear_layer(tmp_path, equation, weight, macs):
    nodes = [helper.make_node("Einsum", ["x", "w"], ["y"], equation=equation)]
    outputs = [("y", ("a", "b", "c"))] if equation.endswith("n...") else [("y", None)]
    [layer] = by_hand(tmp_path, nodes, [make_tensor("w", weight)], outputs=outputs).layers
    assert (layer.kind, layer.macs) == ("linear", macs)


def test_a_product_of_two_features_is_not_counted(tmp_path):
    cost = by_hand(tmp_path, [helper.make_node("MatMul", ["x", "x"], ["y"])])
    assert (cost.layers, cost.uncounted) == ((), ("MatMul x1",))


def test_numbers_of_other_operations_are_kept_and_single_ones_are_not(tmp_path):
    nodes = [helper.make_node("Mul", ["x", "two"], ["a"]), helper.make_node("PRelu", ["a", "slope"], ["y"])]
    cost = by_hand(tmp_path, nodes, [make_tensor("two", (1,)), make_tensor("slope", (3, 1, 1))])
    assert [(one.kind, one.params) for one in cost.layers] == [("other", 3)]


def test_shapes_that_are_not_the_files_are_refused(tmp_path):
    path = save_small(tmp_path / "m.onnx", "N")
    with pytest.raises(UnsupportedModelError, match=r"takes x of shape \?x3x8x8 and got 1x3x16x16"):
        count_graph(path, [(1, 3, 16, 16)], name="m", resolution=16)
    with pytest.raises(InputError, match="has 1 inputs, got 0 shapes"):
        count_graph(path, [], name="m", resolution=8)


def test_shapes_that_the_model_cannot_take_are_unsupported_in_one_line(tmp_path):
    nodes, tensors = small_nodes()
    path = save_onnx(tmp_path / "m.onnx", nodes, tensors, inputs=[("x", (1, "c", 8, 8))], outputs=[("y", (1, 5))])
    with pytest.raises(UnsupportedModelError, match=r"channel count \(4\) does not match .* channel count \(3\)"):
        count_graph(path, [(1, 4, 8, 8)], name="m", resolution=8)


def test_shapes_that_depend_on_values_are_unsupported(tmp_path):
    nodes = [helper.make_node("NonZero", ["x"], ["i"]), helper.make_node("Cast", ["i"], ["y"], to=TensorProto.FLOAT)]
    with pytest.raises(UnsupportedModelError, match="depend on what the inputs hold"):
        by_hand(tmp_path, nodes, outputs=[("y", ("a", "b"))])


def test_operators_that_openvino_does_not_know_are_named(tmp_path):
    nodes = [helper.make_node("Binarizer", ["x"], ["y"], domain="ai.onnx.ml", threshold=0.5)]
    with pytest.raises(UnsupportedModelError, match=r"OpenVINO can't read .*: .*ai\.onnx\.ml\.Binarizer"):
        by_hand(tmp_path, nodes, domains=["ai.onnx.ml"])
