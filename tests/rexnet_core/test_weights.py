"""Checkpoints come in whole, in any public naming, or not at all."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rexnet_core import create_model, dump_weights, load_weights
from rexnet_core.calibration import calibrate
from rexnet_core.checkpoint_layouts import layouts_of, module_names
from rexnet_core.errors import InputError, UnknownNameError, WeightsError
from rexnet_core.weights import map_weights

FAMILIES = {
    "rexnet": "rexnet_0.6",
    "rexnetr": "rexnetr_0.5",
    "rexnet_lite": "rexnet_lite_0.5",
    "rexnet_plain": "rexnet_plain",
    "regnetx": "regnetx_200mf",
    "mobilenet_v2": "mobilenet_v2_0.5",
    "efficientnet": "efficientnet_b0",
    "efficientnet_lite": "efficientnet_lite0",
}
CASES = [
    (name, layout, suffix)
    for family, name in FAMILIES.items()
    for layout in layouts_of(family)
    for suffix in ((".pt", ".safetensors", ".pdparams") if family == "rexnet" else (".pt", ".safetensors"))
]


def drawn(name="rexnet_0.5", seed=0, **options):
    """A network of which no two tensors are alike."""
    model = create_model(name, **options)
    generator = torch.Generator().manual_seed(seed)
    for tensor in model.state_dict().values():
        tensor.copy_(torch.rand(tensor.shape, generator=generator) * 9 + 1)
    return model


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def without_counters(model):
    """Its state without the batch counters, which Paddle has none of."""
    return {name: tensor for name, tensor in state(model).items() if "num_batches" not in name}


def assert_same(actual, expected):
    assert actual.keys() == expected.keys()
    assert [name for name in actual if not torch.equal(actual[name], expected[name])] == []


@pytest.fixture(scope="module")
def model():
    return drawn()


def assert_refused(model, source, message):
    """The load fails with one line that matches, and the model is as it was."""
    before = state(model)
    with pytest.raises(WeightsError, match=message) as caught:
        load_weights(model, source)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 700
    assert_same(state(model), before)


@pytest.mark.parametrize(("name", "layout", "suffix"), CASES)
def test_dumped_file_is_recognised_and_gives_the_same_model(tmp_path, name, layout, suffix):
    source, target = drawn(name), create_model(name)
    dump_weights(source, tmp_path / f"weights{suffix}", layout)
    assert load_weights(target, tmp_path / f"weights{suffix}") == layout
    of = without_counters if layout == "paddle" else state
    assert_same(of(source), of(target))


@settings(max_examples=8, deadline=None)
@given(tenths=st.integers(5, 14), depth=st.sampled_from([0.5, 1.0, 1.5]), use_se=st.booleans())
def test_rules_hold_at_any_width_and_depth(tenths, depth, use_se):
    with torch.device("meta"):
        model = create_model(f"rexnet_{tenths / 10}", depth_mult=depth, use_se=use_se)
    for layout in ("official", "timm"):
        mapped = map_weights(model, layout)
        assert len(mapped) == len(model.state_dict())
        sizes = [sum(tensor.numel() for tensor in tensors.values()) for tensors in (mapped, model.state_dict())]
        assert sizes[0] == sizes[1]


def test_batch_counters_may_be_absent():
    source, target = drawn(), create_model("rexnet_0.5")
    tensors = {name: tensor for name, tensor in map_weights(source, "official").items() if "num_batches" not in name}
    load_weights(target, tensors)
    torch.testing.assert_close(target.stem.norm.running_var, source.stem.norm.running_var)
    assert target.stem.norm.num_batches_tracked == 0


def test_linear_classifier_and_one_by_one_convolution_are_both_taken():
    source, target = drawn(), create_model("rexnet_0.5")
    tensors = map_weights(source, "official")
    assert tensors["output.1.weight"].shape == (1000, 640, 1, 1)
    load_weights(target, {**tensors, "output.1.weight": tensors["output.1.weight"][..., 0, 0]})
    assert torch.equal(target.classifier.weight, source.classifier.weight)


def test_weights_of_pycls_take_blue_first_and_ours_red(tmp_path):
    """What the plain network gives with them for an image, ours gives for the image with its colours turned round."""
    plain, ours = create_model("regnetx_200mf").eval(), create_model("regnetx_200mf").eval()
    calibrate(plain, 32, 0)
    names = module_names(plain.config, "official")
    weights = {
        f"{names[name.rpartition('.')[0]]}.{name.rpartition('.')[2]}": tensor
        for name, tensor in plain.state_dict().items()
    }
    file = {"epoch": 99, "model_state": weights, "optimizer_state": {"state": {}, "param_groups": []}, "cfg": "BN: {}"}
    torch.save(file, tmp_path / "RegNetX-200MF_dds_8gpu.pyth")
    assert load_weights(ours, tmp_path / "RegNetX-200MF_dds_8gpu.pyth") == "official"
    blue_first = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        torch.testing.assert_close(ours(blue_first.flip(1)), plain(blue_first))
        assert (ours(blue_first) - plain(blue_first)).abs().max() > 1e-3
    assert torch.equal(map_weights(ours, "official")["stem.conv.weight"], weights["stem.conv.weight"])
    assert torch.equal(map_weights(ours, "timm")["stem.conv.weight"], weights["stem.conv.weight"].flip(1))


def test_images_of_another_number_of_channels_have_no_colours_to_turn_round():
    for channels in (1, 4):
        source = drawn("regnetx_200mf", in_channels=channels)
        assert torch.equal(map_weights(source, "official")["stem.conv.weight"], source.stem.conv.weight)


def test_linear_layer_of_paddle_is_turned_round_also_where_it_is_square():
    source, target = drawn(num_classes=640), create_model("rexnet_0.5", num_classes=640)
    tensors = map_weights(source, "paddle")
    assert tensors["output.1.weight"].shape == (640, 640, 1, 1)
    tensors["output.1.weight"] = tensors["output.1.weight"][..., 0, 0].t()
    assert load_weights(target, tensors) == "paddle"
    assert torch.equal(target.classifier.weight, source.classifier.weight)


def test_model_keeps_its_dtype_and_its_own_memory():
    source, target = drawn(), create_model("rexnet_0.5").to(torch.bfloat16)
    weight = target.classifier.weight
    tensors = map_weights(source, "own")
    load_weights(target, tensors)
    assert target.classifier.weight is weight
    assert weight.dtype == torch.bfloat16
    tensors["classifier.weight"].zero_()
    assert weight.abs().sum() > 0


def test_differences_of_names_and_shapes_are_listed(model):
    tensors = map_weights(model, "timm")
    del tensors["stem.bn.bias"]
    assert_refused(model, {**tensors, "extra": torch.zeros(1)}, "stem.bn.bias is missing; extra is unknown; give the")
    assert_refused(model, {"weight": torch.zeros(1)}, r"rexnet_0.5 .*stem.conv.weight is missing; .* and \d+ more")
    assert_refused(model, {**tensors, "a\n\x1b[0m": torch.zeros(1)}, r"missing; 'a\\n\\x1b\[0m' is unknown; give")
    other = map_weights(create_model("rexnet_0.6"), "official")
    assert_refused(model, other, r"rexnet_0.5 \(official names fit best\): features.4.out.6.weight has shape \[23, 96")
    other = map_weights(create_model("rexnet_0.5", num_classes=10), "timm")
    assert_refused(model, other, r"head.fc.weight has shape \[10, 640\] where the model has \[1000, 640\]")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t * float("nan"), "classifier.weight has values that are not finite"),
        (lambda t: t.to("meta"), "classifier.weight is no plain tensor with values"),
        (lambda t: t.to_sparse(), "classifier.weight is no plain tensor with values"),
        (lambda t: t.int(), "classifier.weight has type torch.int32 where the model has torch.float32"),
        (lambda t: t.to(torch.complex64), "classifier.weight has type torch.complex64"),
        (lambda t: t.tolist(), "must hold named tensors, 'classifier.weight' is list"),
        (lambda _: None, "must hold named tensors, 'classifier.weight' is NoneType"),
    ],
)
def test_value_that_is_no_plain_finite_tensor_is_refused(model, change, message):
    tensors = map_weights(model, "own")
    assert_refused(model, {**tensors, "classifier.weight": change(tensors["classifier.weight"])}, message)


@pytest.mark.parametrize("source", [{}, {"state_dict": {}}, {3: torch.zeros(1)}])
def test_mapping_without_named_tensors_is_refused(model, source):
    assert_refused(model, source, "the mapping must hold named tensors")


def test_other_suffixes_and_sources_are_refused(tmp_path, model):
    assert_refused(
        model,
        tmp_path / "weights.onnx",
        "weights must end in .pth, .pt, .safetensors, .pdparams, .pth.tar, .pt.tar, .tar, .ckpt, .bin, .pyth, was",
    )
    assert_refused(model, 7, "weights must be a path or a mapping, not int")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_damaged_files_are_refused(tmp_path, model, suffix):
    path = tmp_path / f"weights{suffix}"
    assert_refused(model, path, "can't read .*: No such file or directory")
    path.touch()
    assert_refused(model, path, "is empty; download or save it again")
    path.write_bytes(b"<html>not found</html>" * 50)
    assert_refused(model, path, "is damaged or no checkpoint")
    dump_weights(model, path)
    path.write_bytes(path.read_bytes()[:-5000])
    assert_refused(model, path, "is damaged or no checkpoint")
    path.unlink()
    os.mkfifo(path)
    assert_refused(model, path, "weights must be a file, .* is none")
    path.unlink()
    path.mkdir()
    assert_refused(model, path, "is a directory; name the file in it")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors", ".ckpt"])
@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "file/weights"])
def test_path_that_no_system_takes_is_refused(tmp_path, model, name, suffix):
    (tmp_path / "file").touch()
    assert_refused(model, tmp_path / f"{name}{suffix}", "can't read .*; give the path of a checkpoint")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_locked_file_is_refused(tmp_path, model, suffix, monkeypatch):
    """The superuser may read every file, so that the refusal is put in."""
    dump_weights(model, tmp_path / f"a{suffix}")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert_refused(model, tmp_path / f"a{suffix}", "can't read .*: Permission denied; give")


def test_model_without_memory_is_refused(model):
    with torch.device("meta"):
        empty = create_model("rexnet_0.5")
    with pytest.raises(WeightsError, match=r"on the meta device; call to_empty\(\) first"):
        load_weights(empty, map_weights(model, "own"))
    with pytest.raises(InputError, match="weights need a module of torch, not str"):
        load_weights("a name", {})


def test_suffix_in_capitals_is_the_same_format(tmp_path, model):
    for suffix in (".PTH", ".SAFETENSORS"):
        dump_weights(model, tmp_path / f"a{suffix}")
        assert load_weights(model, tmp_path / f"a{suffix}") == "own"


def test_layout_a_family_lacks_is_refused(tmp_path, model):
    with pytest.raises(UnknownNameError, match=r"unknown layout of rexnet_0.5 'tim'; did you mean 'timm'"):
        dump_weights(model, tmp_path / "a.pth", "tim")
    assert list(tmp_path.iterdir()) == []


def test_place_that_takes_no_file_is_refused(tmp_path, model):
    with pytest.raises(WeightsError, match=r"can't write .*: No such file or directory; choose another folder"):
        dump_weights(model, tmp_path / "none" / "a.pth")
    for name in ("x" * 300, "a\0b"):
        with pytest.raises(WeightsError, match=r"can't write .*; choose another folder"):
            dump_weights(model, tmp_path / f"{name}.pth")
    (tmp_path / "a.pth").mkdir()
    with pytest.raises(WeightsError, match=r"can't write .*choose another place"):
        dump_weights(model, tmp_path / "a.pth")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pth"]


@pytest.mark.parametrize("prefix", ["head", "module", "net.module.inner"])
def test_a_module_whose_names_all_begin_alike_reads_its_own_file(tmp_path, prefix):
    def build():
        model = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 1))
        for part in reversed(prefix.split(".")):
            outer = torch.nn.Module()
            outer.add_module(part, model)
            model = outer
        return model

    saved, model = build(), build()
    dump_weights(saved, tmp_path / "a.pth")
    assert load_weights(model, tmp_path / "a.pth") == "own"
    assert all(torch.equal(one, model.state_dict()[name]) for name, one in saved.state_dict().items())


def test_a_pointer_of_git_lfs_is_called_one(model, tmp_path):
    path = tmp_path / "a.pth"
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 19428695\n")
    assert_refused(model, path, "is a pointer of Git LFS, not the file itself; fetch it with git lfs pull")


def test_weights_have_the_rights_that_files_of_the_user_have(model, tmp_path):
    (tmp_path / "other").write_text("")
    dump_weights(model, tmp_path / "a.pth")
    assert (tmp_path / "a.pth").stat().st_mode == (tmp_path / "other").stat().st_mode
