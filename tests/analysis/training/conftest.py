"""Trainings that take a second."""

import pytest
from small_trainings import write_folder

from analysis.training import TrainingSetting, read_recipe


@pytest.fixture(scope="session")
def colours(tmp_path_factory):
    """24 pictures to train with and 12 to validate with, of three classes."""
    return write_folder(tmp_path_factory.mktemp("colours"))


@pytest.fixture(scope="session")
def make_setting(colours):
    """A setting of a small training: 2 epochs of 3 updates."""

    def make(out, **options):
        changes = {"epochs": 2, "batch_size": 8, "warmup_epochs": 0.0, **options.pop("recipe", {})}
        usual = {
            "data": colours,
            "model": "mobilenet_v2_0.5",
            "resolution": 32,
            "threads": 1,
            "workers": 2,
            "out": out,
        }
        return TrainingSetting(**{**usual, **options}, recipe=read_recipe("small", changes))

    return make
