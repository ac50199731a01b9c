"""The steps of a forward pass: all that own parameters, and what stands between them, in the order they run."""

import pytest

from analysis.complexity import count
from analysis.rank.network.steps import trace_steps


@pytest.mark.parametrize(
    "model", ["rexnet_0.5", "rexnet_lite_1.0", "rexnet_plain", "regnetx_200mf", "mobilenet_v2_1.0", "efficientnet_b0"]
)
def test_its_layers_are_those_that_are_counted(model):
    layers = [(step.name, step.out_shape) for step in trace_steps(model, 64) if step.kind == "layer"]
    assert layers == [(layer.layer, layer.out_shape) for layer in count(model, 64).layers]


def test_activations_products_and_sums_stand_where_they_run():
    names = [step.name for step in trace_steps("rexnet_1.0", 64) if step.name.startswith("stages.2.1.")]
    body = [
        *("expand.conv", "expand.norm", "expand.act", "depthwise.conv", "depthwise.norm"),
        *("se.reduce", "se.norm", "se.act", "se.expand", "se.scale", "act", "project.conv", "project.norm"),
    ]
    assert names == [*(f"stages.2.1.body.{one}" for one in body), "stages.2.1.add"]


def test_squeeze_excite_of_efficientnet_scales_after_the_activation_and_has_no_norm():
    names = [step.name for step in trace_steps("efficientnet_b0", 64) if step.name.startswith("stages.1.1.")]
    body = [
        *("expand.conv", "expand.norm", "expand.act", "depthwise.conv", "depthwise.norm", "act"),
        *("se.reduce", "se.act", "se.expand", "se.scale", "project.conv", "project.norm"),
    ]
    assert names == [*(f"stages.1.1.body.{one}" for one in body), "stages.1.1.add"]


def test_a_residual_block_adds_before_its_activation():
    steps = [step for step in trace_steps("regnetx_200mf", 64) if step.name.startswith("stages.0.0.")]
    assert [(step.name, step.kind) for step in steps[-2:]] == [
        ("stages.0.0.add", "add"),
        ("stages.0.0.act", "activation"),
    ]
    assert steps[-2].out_shape == steps[-1].out_shape == (1, 24, 16, 16)
