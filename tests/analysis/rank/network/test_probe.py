"""A probe reports the rank that algebra demands, and leaves the model as it was found."""

import copy
import functools

import numpy as np
import pytest
import torch
from torch import nn

from analysis.rank.network.probe import probe
from analysis.rank.spectra.stream import spectrum_of
from rexnet_core import create_model
from rexnet_core.errors import InputError, UnknownNameError


@pytest.fixture
def images():
    return torch.randn(6, 3, 12, 12, generator=torch.Generator().manual_seed(0))


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@functools.cache
def network():
    from rexnet_core.calibration import calibrate  # noqa: PLC0415

    model = create_model("rexnet_0.5")
    calibrate(model, 32, seed=0)
    return model


def random_images(count, side=32):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(1))


def test_a_linear_layer_has_the_rank_of_its_input(images):
    model = nn.Sequential(nn.Conv2d(3, 32, 1, bias=False), nn.Conv2d(32, 64, 1, bias=False))
    result = probe(model, images, positions=40)
    assert [record.rank for record in result.taps] == [3, 3]


@pytest.mark.parametrize(("rank", "channels"), [(3, 64), (3, 20), (8, 128)])
def test_a_depthwise_convolution_multiplies_rank_by_its_places(rank, channels):
    depthwise = nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False)
    model = nn.Sequential(nn.Conv2d(rank, channels, 1, bias=False), depthwise)
    images = torch.randn(8, rank, 12, 12)
    assert probe(model, images, positions=100)["1"].rank == min(channels, 9 * rank)


def test_sampling_every_position_is_the_whole_feature_matrix(images):
    layer = nn.Conv2d(3, 8, 3)
    found = probe(layer, images, positions=10_000, taps=["*"])["model"]
    whole = spectrum_of(layer(images).detach().movedim(1, -1).reshape(-1, 8))
    assert found.spectrum.rows == 600
    assert np.allclose(found.spectrum.uncentred, whole.uncentred, rtol=1e-10)
    assert np.allclose(found.spectrum.centred, whole.centred, rtol=1e-10)


def test_an_activation_that_writes_in_place_leaves_the_tap_before_it_alone(images):
    plain = nn.Sequential(nn.Conv2d(3, 16, 1), nn.BatchNorm2d(16), nn.ReLU())
    in_place = copy.deepcopy(plain)
    in_place[2].inplace = True
    expected, found = probe(plain, images), probe(in_place, images)
    for name in ("0", "1", "2"):
        assert np.array_equal(found[name].spectrum.uncentred, expected[name].spectrum.uncentred)
    assert found["1"].rank == 4
    assert found["2"].rank == 16


def test_batches_make_no_difference(images):
    taps = ["stem.*", "stage3.block1.*", "penultimate*"]
    model, images = network(), random_images(10)
    whole = probe(model, images, taps=taps)
    for size in (1, 3):
        cut = probe(model, images.split(size), taps=taps, count=10)
        for record in whole.taps:
            other = cut[record.tap.name]
            assert record.sampling() == other.sampling()
            # Convolutions of other batch sizes round differently.
            scale = record.spectrum.uncentred[0]
            assert np.allclose(other.spectrum.uncentred, record.spectrum.uncentred, rtol=1e-4, atol=1e-6 * scale)


def test_a_block_of_ours_from_end_to_end():
    model, images = network(), random_images(16)
    result = probe(model, images, taps=["stage3.block2.*", "penultimate*"])
    entry, act = result["stage3.block2.input"], result["stage3.block2.act"]
    # The norm's shift adds a direction to what a linear layer hands on.
    assert result["stage3.block2.expand"].rank <= entry.rank + 1
    assert act.rank > entry.rank
    assert result["penultimate.pooled"].spectrum.rows == 16
    with torch.no_grad():
        pooled = model.forward_features(images).mean((2, 3))
    assert np.allclose(result["penultimate.pooled"].spectrum.centred, spectrum_of(pooled).centred, rtol=1e-3, atol=1e-3)
    assert "sample_limited" in result["penultimate.pooled"].spectrum.flags()


def test_the_input_of_a_block_is_the_output_of_the_one_before():
    model, images = network(), random_images(4)
    both = probe(model, images, taps=["stage2.block2.add", "stage3.block1.input"])
    alone = probe(model, images, taps=["stage3.block1.input"])
    shared = both["stage3.block1.input"]
    assert shared.spectrum is both["stage2.block2.add"].spectrum
    assert np.array_equal(shared.spectrum.uncentred, alone["stage3.block1.input"].spectrum.uncentred)


class Stops(nn.Module):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def forward(self, _):
        raise self.error


class State:
    """All that a probe could leave changed."""

    def __init__(self, model):
        self.model = model
        self.tensors = {name: value.clone() for name, value in model.state_dict().items()}
        self.flags = [(part.training, getattr(part, "track_running_stats", None)) for part in model.modules()]

    def check(self):
        for part in self.model.modules():
            assert not part._forward_hooks
            assert not part._forward_pre_hooks
        assert State(self.model).flags == self.flags
        for name, value in self.model.state_dict().items():
            assert torch.equal(value, self.tensors[name]), name
        assert torch.is_grad_enabled()


@pytest.mark.parametrize("mode", ["eval", "batch"])
@pytest.mark.parametrize("error", [None, RuntimeError("broken"), KeyboardInterrupt()])
def test_the_model_is_left_as_it_was(images, error, mode):
    layers = [nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout()]
    model = nn.Sequential(*layers, *([] if error is None else [Stops(error)]))
    model[3].eval()
    state = State(model)
    if error is None:
        probe(model, images, batch_norm=mode)
    else:
        with pytest.raises(type(error)):
            probe(model, images, batch_norm=mode)
    state.check()


def test_the_model_is_left_as_it_was_when_the_images_run_out_badly(images):
    model = nn.Sequential(nn.Conv2d(3, 8, 1), nn.BatchNorm2d(8))
    state = State(model)

    def batches():
        yield images
        raise InputError("an image is none")

    threads = torch.get_num_threads()
    with pytest.raises(InputError, match="is none"):
        probe(model, batches(), count=6)
    state.check()
    assert torch.get_num_threads() == threads


def test_batch_statistics_normalise_by_the_batch(images):
    model = nn.Sequential(nn.BatchNorm2d(3))
    model[0].running_mean.fill_(100)
    spectrum = probe(model, images, batch_norm="batch", positions=144)["0"].spectrum
    assert np.allclose(spectrum.mean, 0, atol=1e-6)
    assert np.allclose(spectrum.std, 1, atol=1e-4)
    assert np.all(probe(model, images, positions=144)["0"].spectrum.mean < -90)


def test_a_module_that_runs_twice_has_a_tap_for_each_time(images):
    class Twice(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.act = nn.Conv2d(3, 8, 1), nn.ReLU()

        def forward(self, x):
            return self.act(self.act(self.conv(x)) - 0.5)

    result = probe(Twice(), images)
    assert [record.tap.name for record in result.taps] == ["conv", "act", "act@2"]
    assert result["act"].spectrum.rows == result["act@2"].spectrum.rows
    assert result["act"].spectrum.mean.sum() > result["act@2"].spectrum.mean.sum()


def test_a_certified_rank_sees_through_the_rounding_of_bfloat16(images):
    model = nn.Sequential(nn.Conv2d(3, 32, 1, bias=False), nn.Conv2d(32, 32, 1, bias=False)).bfloat16()
    result = probe(model, images, positions=100, certify=True)
    rows = [row for row in result.rows() if row["metric"] == "rank" and row["centring"] == "uncentred"]
    certified = {row["tap"]: row["value"] for row in rows if row["tolerance"] == "certified"}
    assert certified == {"0": 3, "1": 3}
    assert {row["producer"] for row in rows} == {"bfloat16"}
    assert next(model.parameters()).dtype == torch.bfloat16


def test_half_precision_says_so(images):
    spectrum = probe(nn.Conv2d(3, 8, 1).half(), images)["model"].spectrum
    assert spectrum.producer == "float16"


def test_one_channel_is_a_matrix_of_rank_one(images):
    assert probe(nn.Conv2d(3, 1, 1), images)["model"].rank == 1


def test_numbers_that_are_none_give_no_number(images):
    images[2, 0, 3, 3] = torch.nan
    result = probe(nn.Conv2d(3, 8, 1), images, positions=144)
    assert result["model"].rank is None
    ranks = [row for row in result.rows() if row["metric"] == "rank"]
    assert ranks
    assert all(np.isnan(row["value"]) and "non_finite" in row["flags"] for row in ranks)


def test_fewer_rows_than_channels_are_flagged():
    result = probe(nn.Conv2d(3, 64, 1), torch.randn(1, 3, 4, 4))
    assert "sample_limited" in result["model"].spectrum.flags()


def test_tokens_are_positions():
    model = nn.Sequential(nn.Linear(4, 10), nn.GELU())
    tokens = torch.randn(5, 30, 4)
    result = probe(model, tokens, positions=25)
    assert result["0"].sampling() | {"tap": ""} == result["1"].sampling() | {"tap": ""}
    assert (result["0"].rank, result["0"].spectrum.rows) == (5, 125)


def test_the_record_is_plain_and_complete(images):
    import json  # noqa: PLC0415

    document = json.loads(json.dumps(probe(nn.Conv2d(3, 4, 1), images).as_dict()))
    assert document["images"] == 6
    [tap] = document["taps"]
    assert (tap["rows"], tap["positions_per_image"], len(tap["spectrum"]["uncentred"])) == (18, 3, 4)


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int8, torch.int16, torch.int64, torch.bool, torch.float64])
@pytest.mark.parametrize("certify", [False, True])
def test_images_of_any_type_are_cast_to_that_of_the_parameters(dtype, certify):
    """Whole numbers, truth values and other precisions; in one tensor and in batches."""
    images = torch.randint(0, 100, (6, 3, 12, 12)).to(dtype)
    layer = nn.Conv2d(3, 8, 3)
    expected = probe(layer, images.float(), positions=40)["model"].spectrum
    for given in (images, images.split(2)):
        found = probe(layer, given, positions=40, certify=certify)["model"].spectrum
        assert np.array_equal(found.uncentred, expected.uncentred)
    assert probe(copy.deepcopy(layer).half(), images, positions=40)["model"].spectrum.producer == "float16"


def test_images_follow_a_model_to_its_device(images):
    """The meta device stands for any other; without parameters the buffers say where the model is."""
    moved = []

    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("scale", torch.ones(1, device="meta"))

        def forward(self, x):
            moved.append((x.device.type, x.dtype))
            raise RuntimeError("seen")

    for given in (images, images.byte()):
        with pytest.raises(RuntimeError, match="seen"):
            probe(Watch(), given, taps=["*"])
    assert moved == [("meta", torch.float32)] * 2


@pytest.mark.parametrize("certify", [False, True])
def test_tokens_of_an_embedding_stay_whole(certify):
    model = nn.Sequential(nn.Embedding(50, 8), nn.Linear(8, 4))
    tokens = torch.randint(0, 50, (6, 20))
    assert probe(model, tokens, positions=20, certify=certify)["1"].rank == 4


def test_complex_images_are_refused(images):
    with pytest.raises(InputError, match=r"images must be real numbers; got torch.complex64; give the real part"):
        probe(nn.Conv2d(3, 4, 1), images.to(torch.complex64))


class Pair(nn.Module):
    def forward(self, x):
        return x, x


def test_wrong_input_is_told_in_one_line(images):
    conv = nn.Sequential(nn.Conv2d(3, 4, 1), nn.Flatten(0), nn.Identity())
    wrong = {
        r"at least one image; got none": lambda: probe(conv, images[:0]),
        r"one image; got none": lambda: probe(conv, [], positions=1),
        r"count=": lambda: probe(conv, [images]),
        r"it was 7, and 6 came": lambda: probe(conv, [images], count=7, taps=["0"]),
        r"the input of 0:input is a NoneType": lambda: probe(ByName(), images, taps=["0:input"]),
        r"is a tuple; tap another": lambda: probe(Pair(), images, taps=["*"]),
        r"2, 3 or 4 axes; got shape \(3456,\)": lambda: probe(conv, images, taps=["1"]),
        r"positions must be": lambda: probe(conv, images, positions=0),
        r"batch_norm must be eval or batch; got 'train'": lambda: probe(conv, images, batch_norm="train"),
        r"seed must be": lambda: probe(conv, images, seed=-1),
        r"write \['0'\]": lambda: probe(conv, images, taps="0"),
        r"empty list": lambda: probe(conv, images, taps=[]),
        r"at least 2 images": lambda: probe(conv, images.split(1), positions=1, batch_norm="batch"),
        r"must run in the forward pass; unused does not": lambda: probe(Unused(), images, taps=["unused"]),
        r"floating point": lambda: probe(nn.Identity(), images.int(), taps=["*"]),
        r"float64 already": lambda: probe(nn.Conv2d(3, 4, 1).double(), images, certify=True),
    }
    for message, call in wrong.items():
        with pytest.raises(InputError, match=message):
            call()
    with pytest.raises(UnknownNameError, match="did you mean"):
        probe(Unused(), images, taps=["unusd"])
    assert probe(Unused(), images).unreached == ("unused",)


class Unused(nn.Module):
    def __init__(self):
        super().__init__()
        self.used, self.unused = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1)

    def forward(self, x):
        return self.used(x)


class ByName(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Conv2d(3, 4, 1))

    def forward(self, x):
        return self[0](input=x)


def test_the_probe_is_offered_by_the_package_and_is_the_function():
    import analysis.rank  # noqa: PLC0415 - what a user writes

    assert analysis.rank.probe is probe
    from analysis.rank import probe as again  # noqa: PLC0415

    assert again is probe
