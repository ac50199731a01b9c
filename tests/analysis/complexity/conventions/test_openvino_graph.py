"""Operations and constants of the converted graph: Open Model Zoo's printed digits, and a recount from torch."""

from math import prod

import pytest
import torch
from torch import nn

from analysis.complexity import count
from analysis.complexity.conventions import count_under
from rexnet_core import blocks, create_model
from rexnet_core.registry import model_config


@pytest.fixture(scope="module", params=["rexnet_1.0", "regnetx_3.2gf"])
def counted(request):
    """A model under the three conventions; the graph of the last name is kept, so it is converted once."""
    names = ("openvino", "openvino_preprocessed", "openvino_constants")
    return request.param, {name: count_under(name, request.param) for name in names}


#: Operations with the normalisation of the input, constants, and what Open Model Zoo prints of both.
PRINTED = {
    "rexnet_1.0": (832_501_592, "0.8325", 4_775_497, None),
    "regnetx_3.2gf": (6_389_348_104, "6.3893", 15_265_272, "15.2653"),
}


def test_open_model_zoos_digits_come_out(counted):
    model, counts = counted
    operations, printed_g, constants, printed_m = PRINTED[model]
    assert counts["openvino_preprocessed"].total == operations
    assert f"{operations / 1e9:.4f}" == printed_g
    assert counts["openvino_constants"].total == constants
    assert printed_m is None or f"{constants / 1e6:.4f}" == printed_m


def test_constants_are_the_parameters_with_batch_norm_folded(counted):
    model, counts = counted
    assert counts["openvino_constants"].total == count(model).params_folded


def test_multiply_adds_count_twice_here_too(counted):
    model, counts = counted
    groups = counts["openvino"].by_group()
    assert groups["convolution"] + groups["linear"] == 2 * count(model).macs


def test_the_normalisation_is_two_operations_for_each_number_of_the_image(counted):
    _, counts = counted
    groups = counts["openvino_preprocessed"].by_group()
    assert groups.pop("preprocessing") == 2 * 3 * 224 * 224
    assert groups == counts["openvino"].by_group()


def test_every_node_of_our_networks_has_a_rule(counted):
    _, counts = counted
    assert counts["openvino"].uncounted == counts["openvino_preprocessed"].uncounted == ()


def test_convolutions_bear_the_names_of_their_modules(counted):
    model, counts = counted
    known = {name for name, child in create_model(model).named_modules() if isinstance(child, nn.Conv2d | nn.Linear)}
    owners = {name.rpartition(".")[0] for name in known}
    parts = [part for part in counts["openvino"].parts if part.group == "convolution"]
    assert len(parts) == len(known) - 1
    assert all(part.layer in known or part.layer.rpartition(".")[0] in owners for part in parts)


class Small(nn.Module):
    """One of each operator that the rules name, but a gate's ReLU."""

    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8)
        self.grouped, self.grouped_norm = nn.Conv2d(8, 8, 3, 1, 1, groups=4, bias=False), nn.BatchNorm2d(8)
        self.relu6, self.sigmoid, self.silu = nn.ReLU6(), nn.Sigmoid(), nn.SiLU()
        self.pool = nn.AvgPool2d(2)
        self.wide = nn.Conv2d(8, 16, 1)
        self.classifier = nn.Linear(16, 5)

    def forward(self, x):
        first = self.relu6(self.norm(self.conv(x)))
        out = first + self.silu(self.grouped_norm(self.grouped(first)))
        return self.classifier(self.sigmoid(self.wide(self.pool(out))).mean((2, 3)))


def recount(module, shape):
    """The same rules read off torch's modules: operations by module, biases of convolutions among them."""
    per_element = {nn.ReLU6: 2, nn.Sigmoid: 3, nn.SiLU: 5}
    found = {}

    def add(name):
        def hook(child, _inputs, out):
            if isinstance(child, nn.Conv2d):
                # Each has a bias in the end, its own or that of the norm that folds into it.
                found[name] = out.numel() * (2 * child.weight[0].numel() + 1)
            elif isinstance(child, nn.Linear):
                found[name] = out.numel() * (2 * child.in_features + 1)
            elif isinstance(child, nn.AvgPool2d):
                found[name] = out.numel() * child.kernel_size**2
            elif type(child) in per_element:
                found[name] = out.numel() * per_element[type(child)]

        return hook

    for name, child in module.named_modules():
        child.register_forward_hook(add(name))
    with torch.no_grad():
        module.eval()(torch.zeros(1, 3, *shape))
    return found


@pytest.mark.parametrize("shape", [(32, 32), (33, 50)])
def test_a_recount_from_the_modules_agrees(shape):
    ours = count_under("openvino", Small(), shape)
    # The sum of the two branches is an operator between modules: 8 channels at half the sides, rounded up.
    addition = 8 * prod((side + 1) // 2 for side in shape)
    assert ours.total == sum(recount(Small(), shape).values()) + addition
    assert ours.uncounted == ()


def test_its_constants_are_weights_and_one_bias_per_output():
    folded = 8 * 27 + 8 + 8 * 18 + 8 + 8 * 16 + 16 + 16 * 5 + 5
    assert count_under("openvino_constants", Small(), 32).total == folded


def test_the_count_does_not_depend_on_training():
    """The converter drops additions of zero and multiplications by one; fresh norms are full of both."""
    fresh, trained = Small(), Small()
    for parameter in trained.parameters():
        nn.init.normal_(parameter)
    assert count_under("openvino", fresh, 32).parts == count_under("openvino", trained, 32).parts


def write_in_place(out, x, width):
    """A partial shortcut as the public ReXNet has it, and as eager runs ours."""
    out[:, :width] += x
    return out


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning", "ignore::UserWarning")
def test_index_constants_of_the_in_place_shortcut_are_what_open_model_zoo_counts_besides(tmp_path, monkeypatch):
    """It prints 4.7779 M parameters for ReXNet x1.0, 2,356 more than the weights: two for each channel added to."""
    import openvino  # noqa: PLC0415

    monkeypatch.setattr(blocks, "add_to_first_channels", write_in_place)
    file = tmp_path / "rexnet.onnx"
    image = torch.zeros(1, 3, 224, 224)
    torch.onnx.export(create_model("rexnet_1.0").eval(), image, file, opset_version=11, dynamo=False)
    graph = openvino.Core().read_model(file)
    scatters = [node for node in graph.get_ordered_ops() if node.get_type_name() == "ScatterNDUpdate"]
    # Today's exporter writes `out[...] += x` as the addition's scatter and once more the assignment's: one place each.
    indices = {tuple(node.get_output_shape(0)): tuple(node.get_input_shape(1)) for node in scatters}
    partial = [block for block in model_config("rexnet_1.0").blocks if 0 < block.w_shortcut < block.w_out]
    assert len(scatters) == 2 * len(partial) == 22
    assert sorted(indices.values()) == sorted((1, block.w_in, 2) for block in partial)
    index_constants = sum(prod(shape) for shape in indices.values())
    assert index_constants == 2 * 1178
    whole = count("rexnet_1.0").params_folded + index_constants
    assert whole == 4_777_853
    assert f"{whole / 1e6:.4f}" == "4.7779"
