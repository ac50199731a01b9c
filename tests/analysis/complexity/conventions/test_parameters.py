"""Parameters module by module."""

import pytest

from analysis.complexity import count
from analysis.complexity.conventions import count_under


@pytest.mark.parametrize("model", ["rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0"])
def test_they_are_those_of_the_config(model, by_layer):
    ours = {layer.layer: layer.params for layer in count(model).layers if layer.params}
    assert by_layer(count_under("params", model)) == ours


def test_the_image_does_not_matter(odd):
    assert count_under("params", odd, 64).parts == count_under("params", odd, (97, 224)).parts


def test_each_kind_has_its_group(odd):
    assert count_under("params", odd).by_group() == {
        "convolution": 8 * 3 * 9 + 8 * 4 * 9,
        "linear": 40,
        "batch norm": 2 * (8 + 8),
        "bias": 8 + 5,
    }
