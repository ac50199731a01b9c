"""fvcore's total with its parts, against fvcore's own sum."""

import pytest
from fvcore.nn import FlopCountAnalysis

from analysis.complexity.conventions import count_under
from analysis.complexity.fvcore_counts import fvcore_total
from rexnet_core import create_model


@pytest.mark.parametrize("side", [224, 97])
@pytest.mark.parametrize("model", ["rexnet_1.0", "rexnet_lite_1.0", "regnetx_200mf", "mobilenet_v2_1.0"])
def test_the_parts_sum_to_what_fvcore_gives(model, side):
    assert count_under("fvcore", model, side).total == fvcore_total(create_model(model).eval(), side)


def test_it_holds_for_a_wide_image_and_a_module_of_ones_own(odd):
    import torch  # noqa: PLC0415

    analysis = FlopCountAnalysis(odd.eval(), torch.zeros(1, 3, 64, 97))
    analysis.unsupported_ops_warnings(False).tracer_warnings("none")
    counted = count_under("fvcore", odd, (64, 97))
    assert counted.total == analysis.total()
    assert counted.by_operator() == {operator: round(amount) for operator, amount in analysis.by_operator().items()}


def test_activations_are_told_as_passed_over():
    assert "silu x17" in count_under("fvcore", "rexnet_1.0", 64).uncounted
