import pytest

from analysis.classifiers.setting import ClassifierSetting
from rexnet_core.errors import InputError


@pytest.fixture
def given(tmp_path):
    (tmp_path / "a.pth").write_bytes(b"")
    return {"model": "rexnet_1.0", "weights": tmp_path / "a.pth", "resolution": 224, "threads": 1}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "rexnt_1.0"}, "did you mean 'rexnet_1.0'"),
        ({"resolution": 31}, "resolution must be a whole number of pixels from 32 to 4096, got 31"),
        ({"crop_ratio": 0.4}, "--crop-ratio must lie from 0.5 to 1; got 0.4"),
        ({"crop_ratio": 1.01}, "--crop-ratio must lie from 0.5 to 1"),
        ({"interpolation": "bicubi"}, "did you mean 'bicubic'"),
        ({"batch_size": 0}, "--batch-size must be a whole number from 1 to 1783; got 0"),
        ({"batch_size": 1784}, "from 1 to 1783; got 1784"),
        ({"resolution": 4096, "batch_size": 6}, "--batch-size must be a whole number from 1 to 5; got 6"),
        ({"threads": 0}, "--threads must be a whole number from 1"),
    ],
)
def test_a_value_out_of_range_is_one_line(given, wrong, message):
    with pytest.raises(InputError, match=message):
        ClassifierSetting(**{**given, **wrong})
