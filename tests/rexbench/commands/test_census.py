"""rexbench census at the front door, with real processes."""

import pytest

MODELS = """
import torch
from torch import nn

def good():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))

class Random(nn.Module):
    def forward(self, x):
        return x.mean((2, 3)) + torch.rand(3)

class Fixed(nn.Module):
    default_cfg = {"input_size": (3, 48, 48)}

    def __init__(self):
        super().__init__()
        self.head = nn.Linear(3 * 48 * 48, 5)

    def forward(self, x):
        assert x.shape[-1] == 48, "it takes 48 pixels"
        return self.head(x.flatten(1))
"""


@pytest.mark.survival
def test_a_census_of_own_models_says_what_works_and_is_continued(call, tmp_path, monkeypatch):
    monkeypatch.setenv("REXBENCH_LOCK", str(tmp_path / "lock"))
    (tmp_path / "made.py").write_text(MODELS)
    words = "census py:made:good py:made:Random py:made:Fixed --backends eager openvino --threads 1 --out out --json"
    first = call(words)
    assert first.code == 1
    rows = {(row["model"].rpartition(":")[2], row["backend"]): row for row in first.document["rows"]}
    assert {name: row["status"] for name, row in rows.items()} == {
        ("good", "eager"): "ok",
        ("good", "openvino"): "ok",
        ("Random", "eager"): "failed",
        ("Random", "openvino"): "failed",
        ("Fixed", "eager"): "ok",
        ("Fixed", "openvino"): "ok",
    }
    assert "gives another output for the same input" in rows["Random", "eager"]["reason"]
    assert rows["Fixed", "openvino"]["resolution"] == 48
    assert "it takes 48 pixels" in rows["Fixed", "openvino"]["refused"]
    assert rows["good", "openvino"]["macs"] == 62 * 62 * 4 * 27 + 4 * 5
    again = call(words, "--resume")
    assert again.document["run"] == first.document["run"]
    assert again.document["rows"] == first.document["rows"]
    assert "continuing census" in again.err
    assert call("report --csv").rows[0]["model"] == "py:made:good"
