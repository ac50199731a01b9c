"""Files that training leaves: whatever stands before the names, and several entries with weights.

Held of each kind: prefixes in any order, repeated, of any module that keeps the network, and inside of names; counters
beside the tensors; moving averages under any name, deeper, without names, and beside weights at the top of the file.
"""

import copy
import functools
import itertools

import pytest
import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel

from rexnet_core import create_model, load_weights, model_config
from rexnet_core.checkpoint import load_tensors
from rexnet_core.checkpoint_layouts import layouts_of
from rexnet_core.errors import WeightsError
from rexnet_core.weights import count_classes, load_checkpoint, map_weights

A, B = 1.5, 2.5


@pytest.fixture(scope="module")
def model():
    return create_model("rexnet_0.5")


@functools.cache
def shapes(layout):
    with torch.device("meta"):
        mapped = map_weights(create_model("rexnet_0.5"), layout)
    return {name: (tensor.shape, tensor.dtype) for name, tensor in mapped.items()}


def filled(value, layout="timm", prefix=""):
    """Tensors of one value, which take no memory."""
    return {
        prefix + name: torch.tensor(value).to(dtype).expand(shape) for name, (shape, dtype) in shapes(layout).items()
    }


def taken(model, source, entry=None):
    """The value of the weights that were loaded, and the entry that they are from."""
    load_weights(model, source, entry=entry)
    values = {tensor.flatten()[0].item() for tensor in model.parameters()}
    assert len(values) == 1
    loaded = load_tensors(source, entry)
    assert value_of(loaded) == (values.pop(), loaded.entry)
    return value_of(loaded)


def value_of(loaded):
    return next(iter(loaded.tensors.values())).flatten()[0].item(), loaded.entry


def refused(model, source, entry=None):
    with pytest.raises(WeightsError) as caught:
        load_weights(model, source, entry=entry)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("wrapper", ["state_dict", "model_state", "model", "model_state_dict", "net", "weights"])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod."])
def test_wrappers_and_prefixes_of_training_scripts_are_taken_off(tmp_path, model, wrapper, prefix):
    torch.save({"epoch": 3, wrapper: filled(A, prefix=prefix)}, tmp_path / "a.pth")
    assert taken(model, tmp_path / "a.pth") == (A, wrapper)


@pytest.mark.parametrize(
    "prefix",
    [
        *("".join(parts) for parts in itertools.permutations(["module.", "_orig_mod.", "model.", "net."])),
        "module.module.",
        "model.module.model.",
        "backbone.",
        "encoder.network.",
        "_forward_module.model.",
        "_fsdp_wrapped_module.",
        "state_dict.",
    ],
)
def test_prefixes_are_stripped_in_any_order_and_number(prefix):
    for layout in ("own", "official", "timm"):
        tensors = filled(A, layout, prefix)
        for given in (tensors, {**tensors, f"{prefix}n_averaged": torch.tensor(3)}):
            assert load_tensors(given).tensors.keys() == shapes(layout).keys()


def test_state_dicts_of_wrapped_networks_load(model):
    """The modules themselves, not names made to look like theirs."""
    inner = create_model("rexnet_0.5")
    for wrapped in (
        nn.DataParallel(inner),
        nn.DataParallel(nn.DataParallel(inner)),
        AveragedModel(inner),
        nn.ModuleDict({"model": nn.ModuleDict({"net": inner})}),
    ):
        assert load_weights(model, wrapped.state_dict()) == "own"


@pytest.mark.extra
def test_state_dicts_of_compiled_networks_load(model):
    inner = create_model("rexnet_0.5")
    for wrapped in (
        torch.compile(nn.DataParallel(inner)),
        nn.DataParallel(torch.compile(inner)),
        torch.compile(AveragedModel(nn.DataParallel(inner))),
    ):
        assert load_weights(model, wrapped.state_dict()) == "own"


def test_layers_that_are_wrapped_one_by_one_load(model):
    inner = create_model("rexnet_0.5")
    for stage in range(len(inner.stages)):
        inner.stages[stage] = nn.DataParallel(inner.stages[stage])
    inner.classifier = nn.DataParallel(inner.classifier)
    assert load_weights(model, inner.state_dict()) == "own"


def test_names_that_would_become_one_are_left(model):
    message = refused(model, {**filled(A), **filled(B, prefix="module.")})
    assert "is unknown" in message


def test_names_that_do_not_fit_are_shown_as_the_file_has_them(model):
    tensors = filled(A, prefix="_orig_mod.module.")
    odd = {
        name.replace("stem", "start").replace("features", "body").replace("head", "top"): t
        for name, t in tensors.items()
    }
    message = refused(model, odd)
    assert (
        "the file's names begin with '_orig_mod.module.start.conv.weight', '_orig_mod.module.start.bn.weight'"
        in message
    )
    extra = {**filled(A, prefix="model."), "criterion.weight": torch.zeros(3)}
    assert "the file's names begin with 'model.stem.conv.weight'" in refused(model, extra)
    assert "begin with" not in refused(model, {**filled(A), "extra": torch.zeros(1)})


AVERAGES = [
    ("state_dict", "state_dict_ema"),
    ("model", "model_ema"),
    ("model", "ema"),
    ("state_dict", "ema_state_dict"),
    ("student", "teacher"),
    ("net", "averaged"),
    ("generator", "discriminator"),
]


@pytest.mark.parametrize(("raw", "average"), AVERAGES)
@pytest.mark.parametrize("order", [1, -1])
def test_two_entries_with_weights_are_refused_until_one_is_chosen(model, raw, average, order):
    """Whatever they are called, and whichever comes first."""
    file = dict([("epoch", 3), (raw, filled(A)), (average, filled(B))][::order])
    message = refused(model, file)
    assert f"has them in {', '.join(map(repr, (raw, average)[::order]))}; choose with --weights-entry NAME" in message
    assert value_of(load_tensors(file, raw)) == (A, raw)
    assert value_of(load_tensors(file, average)) == (B, average)


def test_an_entry_of_a_file_is_chosen(tmp_path, model):
    path = tmp_path / "a.pth.tar"
    torch.save({"epoch": 3, "state_dict": filled(A), "state_dict_ema": filled(B)}, path)
    assert "a.pth.tar has them in 'state_dict', 'state_dict_ema'" in refused(model, path)
    assert taken(model, path, "state_dict_ema") == (B, "state_dict_ema")


@pytest.mark.parametrize("average", [average for _, average in AVERAGES])
def test_an_average_alone_is_taken_and_named(model, average):
    assert taken(model, {"epoch": 3, average: filled(B, prefix="module.")}) == (B, average)


def test_an_average_that_lies_deeper_is_found(model):
    for average in ({"module": filled(B), "decay": 0.99}, {"inner": {"state_dict": filled(B)}}):
        file = {"state_dict": filled(A), "ema": average}
        assert "'state_dict', 'ema." in refused(model, file)
        assert taken(model, file, "ema")[0] == B
    lightning = {"state_dict": filled(A), "callbacks": {"EMA{'decay': 0.9}": {"ema_weights": filled(B)}}}
    assert "callbacks.EMA" in refused(model, lightning)


@pytest.mark.parametrize(
    "average",
    [
        {"shadow_params": list(filled(B).values()), "decay": 0.9},
        {"shadow": dict(enumerate(filled(B).values()))},
        {name.replace(".", ""): tensor for name, tensor in filled(B).items()},
    ],
)
def test_an_average_without_names_is_not_passed_over(model, average):
    """Lists, numbers and names without dots can't be loaded, but weights beside them are not what was evaluated."""
    file = {"model": filled(A), "ema": average}
    assert "'model', 'ema" in refused(model, file)
    assert taken(model, file, "model") == (A, "model")
    assert "must hold" in refused(model, file, "ema") or "missing" in refused(model, file, "ema")


def test_an_average_beside_weights_at_the_top_of_the_file_is_not_passed_over(model):
    file = {**filled(A), "ema": filled(B)}
    assert "has them in '.', 'ema'" in refused(model, file)
    assert taken(model, file, "ema") == (B, "ema")
    assert "'ema' is dict" in refused(model, file, ".")


def test_what_an_optimizer_keeps_are_no_weights(model):
    """Its moments are as many tensors as the network's, and as large."""
    moments = {"state": {0: {"exp_avg": torch.zeros(3, 3), "exp_avg_sq": torch.zeros(3, 3)}}, "param_groups": []}
    named = {"state": {"stem.conv.weight": {"exp_avg": torch.zeros(3, 3)}, "exp_avg": filled(B)}}
    best = {"best": torch.tensor(0.7), "confusion": torch.zeros(9, 9), "history": [torch.tensor(1.0)]}
    file = {"optimizer": named, "opt": moments, "optimizer_states": [moments], "state_dict": filled(A), **best}
    assert taken(model, file) == (A, "state_dict")


def test_scores_of_files_are_no_weights(model):
    """As Lightning's callback keeps them: the names of files have dots."""
    best = {"best_k_models": {"a/epoch=1.ckpt": torch.tensor(0.5)}, "best_model_score": torch.tensor(0.5)}
    assert taken(model, {"state_dict": filled(A, prefix="model."), "callbacks": best}) == (A, "state_dict")


def test_a_network_beside_other_parts_of_a_training_module_is_chosen(model):
    loss = {"criterion.weight": torch.ones(4)}
    both = {**filled(A, prefix="model."), **filled(B, prefix="ema.module."), **loss}
    for file, entry in (({"state_dict": both}, "state_dict."), (both, "")):
        for part, value in (("model", A), ("ema", B)):
            assert taken(model, file, f"{entry}{part}") == (value, f"{entry}{part}")
        with pytest.raises(WeightsError, match=rf"take a part of them with --weights-entry {entry}model$"):
            load_checkpoint(model, load_tensors(file))
        assert "not 'state_dict.mod'" in refused(model, file, "state_dict.mod")


def test_classes_are_counted_in_each_layout():
    source = create_model("rexnet_0.5", num_classes=640)
    for layout in layouts_of("rexnet"):
        assert count_classes(model_config("rexnet_0.5"), load_tensors(map_weights(source, layout))) == 640
    square = {**map_weights(source, "paddle"), "output.1.weight": torch.zeros(640, 3)}
    assert count_classes(model_config("rexnet_0.5"), load_tensors(square)) == 3


def test_a_checkpoint_of_any_number_of_classes_loads():
    source, target = create_model("rexnet_0.5", num_classes=3), create_model("rexnet_0.5")
    assert load_checkpoint(target, load_tensors(map_weights(source, "official"))) == "official"
    assert (target.config.head.num_classes, target.classifier.out_features) == (3, 3)
    classifier = target.classifier
    load_checkpoint(target, load_tensors(map_weights(source, "timm")))
    assert target.classifier is classifier
    assert torch.equal(classifier.weight, source.classifier.weight)


def test_a_plain_state_dict_has_no_entry(model):
    assert taken(model, filled(A)) == (A, None)
    assert taken(model, load_tensors(filled(A))) == (A, None)


@pytest.mark.parametrize("asked", ["emma", "", "state_dict.x", "epoch"])
def test_an_entry_that_is_not_there_is_refused_with_those_that_are(model, asked):
    file = {"state_dict": filled(A), "ema": filled(B), "epoch": 3}
    message = refused(model, file, asked)
    assert f"--weights-entry must name an entry with weights of the mapping, not {asked!r}" in message
    assert message.endswith("weights are in 'state_dict', 'ema'")
    assert "weights are in '.'" in refused(model, filled(A), asked)
    assert "there is none" in refused(model, {"epoch": 3}, asked)


def test_many_entries_are_not_all_listed(model):
    assert "and 12 more; choose" in refused(model, {f"epoch_{number}": filled(A) for number in range(20)})


def test_the_mapping_is_left_as_it_was(model):
    file = {"state_dict": filled(A, prefix="module."), "epoch": 3}
    before = copy.deepcopy(list(file["state_dict"]))
    load_weights(model, file)
    assert list(file["state_dict"]) == before
