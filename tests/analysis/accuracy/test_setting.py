import pytest

from analysis.accuracy.setting import EvaluationSetting
from analysis.classifiers.setting import ClassifierSetting
from rexnet_core.errors import InputError


def test_a_limit_out_of_range_is_one_line(tmp_path):
    classifier = ClassifierSetting(model="rexnet_1.0", threads=1)
    with pytest.raises(InputError, match="--limit must be a whole number from 1"):
        EvaluationSetting(classifier=classifier, images=tmp_path, limit=0)
