"""A setting whose trainings take a fraction of a second each."""

import pytest

from analysis.rank.trained import TrainedSetting


@pytest.fixture(scope="session")
def tiny():
    return TrainedSetting(groups=("table2",), seeds=2, epochs=2, side=8, train_per_class=5, batch_size=10)
