"""A training's ends, its options, and what it does to the network."""

import errno
import os

import pytest
import torch
from small_trainings import CLASSES, resumed, train, write_folder
from timm_models import import_timm

from analysis.model_options import ModelOptions
from analysis.training.model import open_learner
from analysis.training.optimisation import make_average, make_optimizer
from rexnet_core import create_model, dump_weights
from rexnet_core.errors import InputError, RexbenchError


def load(setting, name="last.pth"):
    return torch.load(setting.out / name, weights_only=True)


@pytest.mark.extra
def test_a_network_learns_to_tell_colours(make_setting, tmp_path):
    study = train(make_setting(tmp_path / "out", recipe={"epochs": 10, "learning_rate": 0.05, "label_smoothing": 0.0}))
    assert study.payload["best"]["val_top1_percent"] >= 60
    assert [row["epoch"] for row in study.payload["epochs"]] == list(range(1, 11))


def test_passes_add_up_to_the_batch(make_setting, tmp_path):
    """Where no statistics of the batch are used, two passes of four are one of eight."""
    path = tmp_path / "start.pth"
    torch.manual_seed(0)
    dump_weights(create_model("mobilenet_v2_0.5", num_classes=3), path)
    settings = [
        make_setting(tmp_path / str(passes), accumulate=passes, weights=path, freeze=True, recipe={"dropout": 0.0})
        for passes in (1, 4)
    ]
    for setting in settings:
        train(setting)
    one, other = (load(setting)["state_dict"] for setting in settings)
    assert max(float((one[name] - other[name]).abs().max()) for name in one) < 1e-6
    # What is frozen stays to the bit, statistics of batch norms included; the classifier is another one.
    before = torch.load(path, weights_only=True)
    assert [name for name in one if not torch.equal(one[name], before[name])] == [
        "classifier.weight",
        "classifier.bias",
    ]


def test_a_classifier_is_replaced_unless_it_is_kept(make_setting, tmp_path):
    path = tmp_path / "five.pth"
    dump_weights(create_model("mobilenet_v2_0.5", num_classes=5), path)
    learner = open_learner(make_setting(tmp_path / "out", weights=path), CLASSES)
    assert learner.module.classifier.weight.shape[0] == 3
    assert learner.weights["layout"] == "own"
    with pytest.raises(InputError, match=r"needs a checkpoint of the data's 3 classes, .*five.pth has 5"):
        open_learner(make_setting(tmp_path / "out", weights=path, keep_classifier=True), CLASSES)
    kept = open_learner(make_setting(tmp_path / "out", weights=path, keep_classifier=True), "abcde")
    before = torch.load(path, weights_only=True)
    assert torch.equal(kept.module.classifier.weight, before["classifier.weight"])
    torch.save({"state_dict": before, "classes": list("abdce")}, path)
    with pytest.raises(InputError, match=r"class 3 of .*five.pth is 'd', not 'c'; leave the option out"):
        open_learner(make_setting(tmp_path / "out", weights=path, keep_classifier=True), "abcde")


def test_a_checkpoint_of_another_width_is_refused(make_setting, tmp_path):
    path = tmp_path / "wide.pth"
    dump_weights(create_model("mobilenet_v2_1.0", num_classes=3), path)
    with pytest.raises(InputError, match="give the checkpoint of this model"):
        open_learner(make_setting(tmp_path / "out", weights=path), CLASSES)


def test_vectors_have_no_weight_decay(make_setting, tmp_path):
    network = create_model("mobilenet_v2_0.5")
    decayed, free = make_optimizer(network, make_setting(tmp_path).recipe).param_groups
    assert all(parameter.dim() > 1 for parameter in decayed["params"])
    assert all(parameter.dim() == 1 for parameter in free["params"])
    assert (decayed["weight_decay"], free["weight_decay"]) == (1e-4, 0)


def test_the_moving_average_is_that_of_timm():
    import_timm()
    from timm.utils.model_ema import ModelEmaV3  # noqa: PLC0415 - optional

    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
    ours, theirs = make_average(network, 0.7), ModelEmaV3(network, decay=0.7, use_warmup=True)
    for step in range(1, 8):
        network(torch.randn(5, 3))
        with torch.no_grad():
            network[0].weight.add_(torch.randn(4, 3))
        ours.update_parameters(network)
        theirs.update(network, step=step)
        for one, other in zip(ours.module.state_dict().values(), theirs.module.state_dict().values(), strict=True):
            assert torch.allclose(one.float(), other.float(), atol=1e-6)


@pytest.mark.parametrize("every", [None, 1])
def test_a_loss_that_is_not_finite_ends_the_training_and_keeps_the_last_good(make_setting, tmp_path, every):
    setting = make_setting(
        tmp_path / "out",
        recipe={"learning_rate": 99.0, "clip_norm": 0.0, "epochs": 40, "optimizer": "sgd"},
        checkpoint_every=every,
    )
    study = train(setting)
    assert (study.payload["ended"], study.stopped) == ("diverged", True)
    remedy = "go on from the best weights with --weights" if study.payload["best"] else "begin anew"
    assert remedy in study.payload["reason"]
    assert "a lower --learning-rate" in study.payload["reason"]
    assert bool(study.payload["last_file"]) == (setting.out / "last.pth").exists()
    if (setting.out / "last.pth").exists():
        assert all(tensor.isfinite().all() for tensor in load(setting)["state_dict"].values())


def test_training_ends_early_when_validation_does_not_become_better(make_setting, tmp_path):
    setting = make_setting(tmp_path / "out", recipe={"epochs": 30, "learning_rate": 1e-8, "flip": 0.0}, patience=2)
    study = train(setting)
    assert study.payload["ended"] == "early"
    assert len(study.payload["epochs"]) == study.payload["best"]["epoch"] + 2
    again = resumed(setting)
    assert (again.payload["ended"], again.payload["epochs"]) == ("early", study.payload["epochs"])


def test_a_full_disk_leaves_the_old_checkpoint_whole(make_setting, tmp_path, monkeypatch):
    setting = make_setting(tmp_path / "out")
    train(setting, stop=0)
    before = (setting.out / "last.pth").read_bytes()

    def fail(_number):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(InputError, match=r"--out needs a folder with room for checkpoints; .*No space left on device"):
        resumed(setting)
    assert (setting.out / "last.pth").read_bytes() == before
    assert not list(setting.out.glob(".rexbench-*"))


def test_a_damaged_picture_is_named_or_passed_over(make_setting, tmp_path):
    data = write_folder(tmp_path / "data")
    (data / "train/green/3.jpg").write_bytes(b"no picture")
    (data / "val/red/1.jpg").write_bytes(b"no picture either")
    with pytest.raises(InputError, match=r"green/3.jpg is no image in a known format"):
        train(make_setting(tmp_path / "out", data=data))
    (data / "train/green/3.jpg").write_bytes((data / "train/green/2.jpg").read_bytes())
    with pytest.raises(InputError, match=r"red/1.jpg is no image in a known format"):
        resumed(make_setting(tmp_path / "out", data=data))
    assert load(make_setting(tmp_path / "out"))["standing"]["step"] == 3, "the whole epoch is kept"
    (data / "train/green/3.jpg").write_bytes(b"no picture")
    study = resumed(make_setting(tmp_path / "out", data=data, skip_unreadable=True))
    names = sorted(path.rpartition("/")[2] for path in study.payload["unreadable_files"])
    assert names == ["1.jpg", "3.jpg"]
    assert {row["val_images"] for row in study.payload["epochs"]} == {11}


def test_bf16_trains(make_setting, tmp_path):
    study = train(make_setting(tmp_path / "out", precision="bf16", recipe={"epochs": 1}))
    assert study.payload["ended"] == "done"
    assert {tensor.dtype for tensor in load(make_setting(tmp_path / "out"))["state_dict"].values()} == {
        torch.float32, torch.int64,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"freeze": True}, "--freeze needs trained weights"),
        ({"keep_classifier": True}, "--keep-classifier needs trained weights"),
        ({"sync_batch_norm": True}, "works on GPUs alone"),
        ({"val_share": 0.1, "val": "elsewhere"}, "give one of them"),
        ({"precision": "fp16"}, "unknown precision 'fp16'"),
        ({"patience": 0}, "--patience must be a whole number from 1"),
        ({"checkpoint_every": 0}, "--checkpoint-every must be"),
        ({"resolution": 16}, "resolution must be a whole number of pixels from 32"),
    ],
)
def test_options_that_can_not_be_met_are_refused(make_setting, tmp_path, options, message):
    with pytest.raises(InputError, match=message):
        make_setting(tmp_path / "out", **options)


@pytest.mark.parametrize("recipe", [{"augmentation": "randaugment"}, {"erasing": 0.2}])
def test_without_kornia_one_line_says_what_to_do(make_setting, tmp_path, monkeypatch, recipe):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(InputError, match=r"kornia, which is not installed; pip install 'rexbench\[train\]', or give"):
        make_setting(tmp_path / "out", recipe=recipe)
    make_setting(tmp_path / "out", recipe={"augmentation": "none"})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_device_that_is_not_there_is_refused(make_setting, tmp_path):
    with pytest.raises(InputError, match=r"--device cuda needs a GPU for each process, torch finds 0; leave it out"):
        train(make_setting(tmp_path / "out", device="cuda"))
    assert not (tmp_path / "out").exists()


OWN = """
from torch import nn

class Net(nn.Module):
    def __init__(self, classes=3, fails=False):
        super().__init__()
        self.conv, self.fc, self.fails = nn.Conv2d(3, 4, 3), nn.Linear(4, classes), fails

    def forward(self, x):
        if self.fails and self.training:
            raise ValueError("not in training")
        return self.fc(self.conv(x).mean((2, 3)))
"""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (None, None),
        ('{"classes": 7}', r"must give logits of 3 classes and has no reset_classifier; it gives \[1, 7\]"),
        ('{"fails": true}', "raised ValueError: not in training"),
    ],
)
def test_a_module_of_a_user_is_trained(make_setting, tmp_path, monkeypatch, arguments, message):
    module = f"own_trained_{len(arguments or '')}"
    (tmp_path / f"{module}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    options = ModelOptions(model_args=arguments)
    [(name, kind)] = options.resolve([f"py:{module}:Net"]).items()
    setting = make_setting(tmp_path / "out", model=name, source=kind, options=options)
    if message is None:
        assert train(setting).payload["ended"] == "done"
        assert set(load(setting, "best.pth")["state_dict"]) == {"conv.weight", "conv.bias", "fc.weight", "fc.bias"}
    else:
        with pytest.raises(RexbenchError, match=message):
            train(setting)


NORMED = """
import own_base
from torch import nn

def Net():
    net = own_base.Net()
    net.conv = nn.Sequential(net.conv, nn.BatchNorm2d(4))
    return net
"""


def test_the_classifier_alone_of_a_guest_is_trained_if_the_guest_is_trained(make_setting, tmp_path, monkeypatch):
    (tmp_path / "own_base.py").write_text(OWN)
    (tmp_path / "own_normed.py").write_text(NORMED)
    monkeypatch.chdir(tmp_path)
    for module in ("own_normed", "own_base"):
        options = ModelOptions()
        [(name, kind)] = options.resolve([f"py:{module}:Net"]).items()
        setting = make_setting(tmp_path / "out", model=name, source=kind, options=options, freeze=True)
        if module == "own_normed":
            with pytest.raises(InputError, match="--freeze needs trained weights, py:own_normed:Net has fresh ones"):
                open_learner(setting, CLASSES)
        else:
            assert open_learner(setting, CLASSES).trained


def test_an_exported_program_is_refused(make_setting, tmp_path):
    path = tmp_path / "net.pt2"
    network = create_model("mobilenet_v2_0.5", num_classes=3).eval()
    torch.export.save(torch.export.export(network, (torch.zeros(1, 3, 32, 32),)), path)
    options = ModelOptions(trust=True)
    [(name, kind)] = options.resolve([str(path)]).items()
    setting = make_setting(tmp_path / "out", model=name, source=kind, options=options)
    with pytest.raises(RexbenchError, match=r"net.pt2 is a graph that can't be trained; give a model of torch"):
        open_learner(setting, CLASSES)
