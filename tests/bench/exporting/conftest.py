import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from analysis.classifiers.setting import ClassifierSetting
from bench.exporting import card, own_check
from bench.exporting.latency import NOT_MEASURED
from bench.exporting.run import run_export
from bench.exporting.setting import make_setting
from bench.records.calibration import CalibrationSet
from reports.model_card import render_card
from rexnet_core.sources.registry import resolve

#: A classifier of five classes that no two channels mean the same to.
CODE = """
    import torch

    def build():
        torch.manual_seed(0)
        network = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, stride=2), torch.nn.ReLU(), torch.nn.Conv2d(8, 16, 3), torch.nn.ReLU(),
            torch.nn.AdaptiveAvgPool2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 5),
        )
        network.default_cfg = {
            "input_size": (3, 32, 32), "mean": (0.5, 0.45, 0.4), "std": (0.2, 0.22, 0.24), "crop_pct": 0.875,
        }
        return network
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a model from a user's code, whose module lies in the current folder."""
    (tmp_path / "tiny_classifier.py").write_text(textwrap.dedent(CODE))
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "tiny_classifier", raising=False)
    # Each takes seconds, and has tests of its own.
    monkeypatch.setattr(own_check, "run", lambda _folder: None)
    monkeypatch.setattr(card, "describe_costs", lambda *_: {"reason": "left out"})
    return "py:tiny_classifier:build"


@pytest.fixture
def export(model, tmp_path):
    """A function that exports the model into the folder ``out``; the card."""

    def run(to="ir", name=model, calibration=None, channel_order=None, **options):
        kind, name = resolve(name)
        classifier = ClassifierSetting(model=name, source=kind, threads=1, batch_size=6, channel_order=channel_order)
        setting = make_setting(classifier, {"to": to, "out": tmp_path / "out", **options})
        chosen = calibration or CalibrationSet()
        return run_export(setting, calibration=chosen, latency=NOT_MEASURED, render=render_card)

    return run


@pytest.fixture
def picture():
    """A picture in RGB, whose channels differ."""
    return np.random.default_rng(1).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8)
