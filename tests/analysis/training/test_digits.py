"""ReXNet 1.0 learns the digits of scikit-learn from fresh weights; killed on the way, it comes to the same weights."""

import pytest
from small_trainings import Killed, assert_same, resumed, train

from analysis.training import TrainingSetting, read_recipe

pytestmark = pytest.mark.extra


def test_digits_are_told_apart_and_a_killed_training_comes_to_the_same_weights(tmp_path):
    pytest.importorskip("sklearn")
    from digit_folders import write_digits  # noqa: PLC0415 - needs scikit-learn

    settings = [
        TrainingSetting(
            data=write_digits(tmp_path / "digits") if name == "whole" else tmp_path / "digits",
            resolution=32,
            recipe=read_recipe("small", {"epochs": 12, "flip": 0.0}),
            channels_last=True,
            checkpoint_every=10,
            threads=1,
            workers=1,
            out=tmp_path / name,
        )
        for name in ("whole", "killed")
    ]
    whole, killed = settings
    assert train(whole).payload["best"]["val_top1_percent"] > 97
    with pytest.raises(Killed):
        train(killed, kill=3 * 44 + 27)
    resumed(killed)
    for name in ("last.pth", "best.pth"):
        assert_same(whole, killed, name)
