"""An interrupted training ends with the same weights, to the bit, as one that was not interrupted."""

import pytest
import torch
from small_trainings import Killed, assert_same, resumed, train

from analysis.classifiers.checkpoint import read_checkpoint
from analysis.training.checkpoints import read_checkpoint as read_last
from rexnet_core import create_model, dump_weights
from rexnet_core.errors import InputError, WeightsError

#: All that has a state: moving average, momentum, dropout, stochastic depth, passes.
FULL = {"ema_decay": 0.9, "drop_path": 0.2}


@pytest.fixture(scope="module")
def whole(make_setting, tmp_path_factory):
    """A training without interruption."""
    out = tmp_path_factory.mktemp("whole") / "out"
    setting = make_setting(out, recipe=FULL, accumulate=2, channels_last=True)
    assert train(setting).payload["ended"] == "done"
    return setting


@pytest.mark.parametrize(("stop", "done"), [(1, 2), (3, 3)], ids=["in an epoch", "at its end"])
def test_after_ctrl_c(make_setting, tmp_path, whole, stop, done):
    setting = make_setting(tmp_path / "out", recipe=FULL, accumulate=2, channels_last=True)
    study = train(setting, stop=stop)
    assert (study.payload["ended"], study.payload["steps_done"], study.stopped) == ("stopped", done, True)
    assert resumed(setting).payload["ended"] == "done"
    assert_same(setting, whole)
    assert_same(setting, whole, "best.pth")
    assert (setting.out / "log.csv").read_text() == (whole.out / "log.csv").read_text()


def test_after_a_kill_between_two_checkpoints(make_setting, tmp_path, whole):
    setting = make_setting(tmp_path / "out", recipe=FULL, accumulate=2, channels_last=True, checkpoint_every=2)
    with pytest.raises(Killed):
        train(setting, kill=5)  # the last checkpoint is that of the epoch's end, after update 3
    (setting.out / ".rexbench-0123").write_bytes(b"half a checkpoint")
    resumed(setting)
    assert_same(setting, whole)
    assert not list(setting.out.glob(".rexbench-*"))


@pytest.mark.extra
def test_again_and_again(make_setting, tmp_path, whole):
    setting = make_setting(tmp_path / "out", recipe=FULL, accumulate=2, channels_last=True)
    train(setting, stop=1)
    for _ in range(6):
        if resumed(setting, stop=1).payload["ended"] == "done":
            break
    assert_same(setting, whole)


def test_a_finished_training_is_not_trained_further(whole):
    before = (whole.out / "last.pth").read_bytes()
    assert resumed(whole).payload["ended"] == "done"
    assert (whole.out / "last.pth").read_bytes() == before


@pytest.fixture(scope="module")
def begun(make_setting, tmp_path_factory):
    """The folder of a training that has made one update."""
    out = tmp_path_factory.mktemp("begun") / "out"
    train(make_setting(out), stop=0)
    return out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"recipe": {"learning_rate": 0.3}}, "learning_rate was 0.0125 and is 0.3"),
        ({"recipe": {"epochs": 3}}, "epochs was 2 and is 3"),
        ({"seed": 5}, "seed was 0 and is 5"),
        ({"model": "mobilenet_v2_1.0"}, "model was 'mobilenet_v2_0.5'"),
    ],
)
def test_another_recipe_or_other_data_are_refused(make_setting, begun, change, message):
    with pytest.raises(InputError, match=message):
        resumed(make_setting(begun, **change))


def test_other_pictures_are_refused(make_setting, begun, colours):
    with pytest.raises(InputError, match="own pictures, these are others"):
        resumed(make_setting(begun, data=colours / "train", val_share=0.5))


def test_weights_are_the_same_wherever_they_lie(make_setting, tmp_path):
    path, copy = tmp_path / "start.pth", tmp_path / "copy.pth"
    dump_weights(create_model("mobilenet_v2_0.5", num_classes=3), path)
    copy.write_bytes(path.read_bytes())
    train(make_setting(tmp_path / "out", weights=path), stop=0)
    assert resumed(make_setting(tmp_path / "out", weights=copy), stop=0).payload["ended"] == "stopped"
    dump_weights(create_model("mobilenet_v2_0.5", num_classes=3), copy)
    with pytest.raises(InputError, match="own --weights, these are others"):
        resumed(make_setting(tmp_path / "out", weights=copy))


def test_without_a_beginning_there_is_nothing_to_resume(make_setting, tmp_path):
    with pytest.raises(InputError, match=r"needs a training that has begun, .*last.pth is not there"):
        resumed(make_setting(tmp_path / "out"))


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda _: b"", lambda _: b"\x80\x02csystem"])
def test_a_damaged_checkpoint_is_refused(tmp_path, begun, damage):
    path = tmp_path / "last.pth"
    path.write_bytes(damage((begun / "last.pth").read_bytes()))
    with pytest.raises(InputError, match="is damaged or no checkpoint"):
        read_last(path)


@pytest.mark.parametrize("name", ["standing", "optimizer", "decides", "state_dict", "data", "format_version"])
def test_a_checkpoint_with_other_parts_is_refused(make_setting, tmp_path, begun, name):
    content = torch.load(begun / "last.pth", weights_only=True)
    for value in (None, 7, {}, [], "x"):
        torch.save({**content, name: value}, tmp_path / "last.pth")
        with pytest.raises(InputError):
            resumed(make_setting(tmp_path))


@pytest.mark.parametrize("change", [{"step": 9}, {"step": "1"}, {"history": [1]}, {"best": 3}, {"loss": float("nan")}])
def test_a_checkpoint_with_an_impossible_standing_is_refused(make_setting, tmp_path, begun, change):
    content = torch.load(begun / "last.pth", weights_only=True)
    torch.save({**content, "standing": content["standing"] | change}, tmp_path / "last.pth")
    with pytest.raises(InputError, match="is no whole checkpoint"):
        resumed(make_setting(tmp_path))


def test_a_folder_with_other_contents_is_refused(make_setting, tmp_path, begun):
    with pytest.raises(InputError, match="holds a training; give --resume to go on with it"):
        train(make_setting(begun))
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match=r"must be a new or an empty folder, .* holds 'letter.txt'"):
        train(make_setting(tmp_path))


def test_the_checkpoints_load_as_weights(whole):
    best = read_checkpoint("mobilenet_v2_0.5", whole.out / "best.pth")
    assert (best.classes, best.tensors.entry) == (3, "state_dict")
    best.build()
    with pytest.raises(WeightsError, match="choose with --weights-entry"):
        read_checkpoint("mobilenet_v2_0.5", whole.out / "last.pth")
    read_checkpoint("mobilenet_v2_0.5", whole.out / "last.pth", "state_dict_ema").build()
