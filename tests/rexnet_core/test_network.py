"""The networks run where torch runs, and say the same everywhere."""

import json
import warnings
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rexnet_core import create_model, model_names
from rexnet_core.errors import InputError, UnknownNameError

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.*deprecated:DeprecationWarning")

FAMILIES = (
    *("rexnet_1.0", "rexnetr_0.5", "rexnet_lite_0.5", "rexnet_plain"),
    *("regnetx_200mf", "mobilenet_v2_0.5", "efficientnet_b0", "efficientnet_lite0"),
)
PARAMS = json.loads((Path(__file__).parent / "data/published_params.json").read_text())  # millions


def settled(name, **options):
    """A network in evaluation mode whose norms fit random images, so that no activation vanishes."""
    torch.manual_seed(0)
    model = create_model(name, **options)
    norms = [part for part in model.modules() if isinstance(part, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model(torch.randn(4, model.config.stem.w_in, 64, 64))
    return model.eval()


@pytest.fixture(scope="module")
def models():
    return {name: settled(name) for name in FAMILIES}


@pytest.fixture(params=FAMILIES)
def model(models, request):
    return models[request.param]


@pytest.fixture
def images():
    return torch.randn(2, 3, 72, 56, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("name", "millions"), PARAMS.items())
def test_parameters_are_as_many_as_published(name, millions):
    with torch.device("meta"):
        model = create_model(name)
    assert sum(parameter.numel() for parameter in model.parameters()) / 1e6 == pytest.approx(millions, abs=0.0005)


@pytest.mark.parametrize("name", model_names())
def test_every_published_name_runs_on_the_meta_device(name):
    with torch.device("meta"):
        logits = create_model(name).eval()(torch.empty(1, 3, 224, 224))
    assert (logits.shape, logits.device.type) == ((1, 1000), "meta")


def test_scripted_network_gives_the_same(model, images):
    scripted = torch.jit.script(model)
    torch.testing.assert_close(scripted(images), model(images))
    for theirs, ours in zip(scripted.forward_intermediates(images), model.forward_intermediates(images), strict=True):
        torch.testing.assert_close(theirs, ours)


def test_traced_network_gives_the_same_at_another_size_and_batch(model, images):
    with warnings.catch_warnings():
        warnings.simplefilter("error", torch.jit.TracerWarning)
        traced = torch.jit.trace(model, images, check_trace=False)
    other = torch.randn(3, 3, 33, 97)
    torch.testing.assert_close(traced(other), model(other))


def test_exported_network_gives_the_same(model, images):
    exported = torch.export.export(model, (images,))
    torch.testing.assert_close(exported.module()(images), model(images))


@pytest.mark.parametrize("name", ["rexnet_1.0", "regnetx_200mf", "efficientnet_b0"])
def test_compiled_network_is_one_graph(models, images, name):
    torch.compiler.reset()
    compiled = torch.compile(models[name], fullgraph=True, backend="eager")
    torch.testing.assert_close(compiled(images), models[name](images))


def test_recorded_graphs_write_into_no_slice(models, images):
    traced = torch.jit.trace(models["rexnet_1.0"], images).inlined_graph
    exported = torch.export.export(models["rexnet_1.0"], (images,)).graph
    assert sum(node.kind() == "aten::cat" for node in traced.nodes()) == 11
    assert sum(node.target is torch.ops.aten.cat.default for node in exported.nodes) == 11
    assert not any("scatter" in str(node.target) or "copy_" in str(node.target) for node in exported.nodes)


def test_channels_last_gives_the_same_and_keeps_the_format(model, images):
    expected = model(images)
    turned = model.to(memory_format=torch.channels_last)
    features = turned.forward_features(images.to(memory_format=torch.channels_last))
    # Rounding errors are as large as the features that carry them, and each family's have their own scale.
    assert (turned.forward_head(features) - expected).abs().max() < 1e-4 * expected.std()
    model.to(memory_format=torch.contiguous_format)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(height=st.integers(32, 512), width=st.integers(32, 96))
def test_any_side_from_32_to_512_gives_maps_of_a_32nd_rounded_up(models, height, width):
    model = models["rexnet_1.0"]
    with torch.inference_mode():
        features = model.forward_features(torch.zeros(1, 3, height, width))
    assert features.shape == (1, 1280, -(-height // 32), -(-width // 32))


def test_intermediates_are_the_outputs_of_the_stages(model, images):
    maps = model.forward_intermediates(images)
    assert [part.shape[1] for part in maps] == [stage[-1].w_out for stage in model.config.stages]
    torch.testing.assert_close(model.head_conv(maps[-1]), model.forward_features(images))


def test_forward_leaves_its_input_alone(model, images):
    before = images.clone()
    model(images)
    assert torch.equal(images, before)


def test_batch_is_no_more_than_its_images(model, images):
    alone, together = torch.cat([model(image[None]) for image in images]), model(images)
    # Batches of one and two take different kernels; their sums differ in the last digits.
    assert (together - alone).abs().max() < 1e-4 * together.std()


@pytest.mark.parametrize("name", ["rexnet_1.0", "regnetx_200mf", "efficientnet_b0"])
def test_gradients_are_those_of_the_recorded_graph(name, images):
    model, images = settled(name).double(), images.double()
    gradients = []
    for network in (model, torch.jit.trace(model, images, check_trace=False)):
        loss = network(images).square().sum()
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    for eager, recorded in zip(*gradients, strict=True):
        torch.testing.assert_close(eager, recorded)


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    model = create_model("rexnet_0.5", num_classes=4, dropout=0.0)
    images, labels = torch.randn(8, 3, 32, 32), torch.arange(8) % 4
    optimiser = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
    losses = []
    for _ in range(12):
        loss = torch.nn.functional.cross_entropy(model(images), labels)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_new_classifier_takes_the_place_dtype_and_config_of_the_old(images):
    model = create_model("rexnet_0.5").double().eval()
    features = model.forward_features(images.double())
    model.reset_classifier(7)
    assert model(images.double()).shape == (2, 7)
    assert model.classifier.weight.dtype == torch.float64
    assert model.config.head.num_classes == 7
    torch.testing.assert_close(model.forward_features(images.double()), features)
    with pytest.raises(InputError, match="num_classes must be a whole number from 1 to 1000000, was 0"):
        model.reset_classifier(0)
    assert model.classifier.out_features == 7


def test_options_reach_the_network():
    model = settled("rexnet_0.5", num_classes=5, in_channels=1, dropout=0.5, depth_mult=0.5, use_se=False)
    assert model(torch.randn(2, 1, 40, 40)).shape == (2, 5)
    assert model.dropout.p == 0.5
    assert not any(".se." in name for name, _ in model.named_parameters())


@pytest.mark.parametrize(("name", "error"), [("rexnet_0", InputError), ("rexnet_1..0", UnknownNameError)])
def test_unknown_name_is_refused(name, error):
    with pytest.raises(error, match="rexnet_"):
        create_model(name)
