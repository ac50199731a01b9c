"""fvcore as the third witness: it traces with torch.jit on real tensors and shares no code with our counters."""

import pytest
import torch
from fvcore.nn import ActivationCountAnalysis

from analysis.complexity import count
from analysis.complexity.fvcore_counts import fvcore_macs, fvcore_total
from rexnet_core import create_model


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("rexnet_1.0", 224),
        ("rexnetr_1.3", 33),
        ("rexnet_lite_1.0", 65),
        ("mobilenet_v2_1.0", 96),
        ("regnetx_200mf", 97),
        *((f"efficientnet_b{n}", side) for n, native in enumerate((224, 240, 260, 300)) for side in (native, 224, 97)),
    ],
)
def test_a_third_count_agrees_on_every_layer(name, side):
    model = create_model(name).eval()
    ours = {layer.layer: layer.macs for layer in count(name, side).layers if layer.macs}
    assert fvcore_macs(model, side) == ours
    analysis = ActivationCountAnalysis(model, torch.zeros(1, 3, side, side)).unsupported_ops_warnings(False)
    assert analysis.total() == count(name, side).activations


def test_its_total_is_ours_with_norms_and_pooling_added():
    model = create_model("rexnet_plain").eval()
    norms = sum(2 * torch.Size(row.out_shape).numel() for row in count("rexnet_plain", 64).layers if not row.macs)
    pooling = 1024 * 2 * 2
    assert fvcore_total(model, 64) == count("rexnet_plain", 64).macs + norms + pooling
