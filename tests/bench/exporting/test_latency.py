"""The latency of a card is that of the model on the artefact's own runtime."""

from dataclasses import replace

import pytest
from made_up import CASE, make_measurement

from analysis.classifiers.setting import ClassifierSetting
from bench.exporting.latency import describe_latency, keep_side
from bench.exporting.setting import make_setting
from bench.records.run import RunInfo
from bench.store.store import Store
from rexnet_core.errors import InputError


@pytest.fixture
def store(tmp_path):
    turns_s = [[[0.01 * (1 + 0.01 * turn + 0.02 * index)] * 3 for turn in range(6)] for index in range(5)]
    case = replace(CASE, backend="openvino", threads=2)
    with Store(f"sqlite:///{tmp_path / 'runs.db'}") as opened:
        known = {"environment": {"cpu": {"model": "A processor"}}}
        opened.save_run(RunInfo(id="run1", started_at="2026-01-01T00:00:00+00:00", **known))
        opened.save_measurements("run1", [make_measurement(turns_s, case), make_measurement(turns_s, CASE)])
        yield opened


def make(**given):
    return make_setting(ClassifierSetting(model=CASE.model, threads=1), {"to": "ir", "out": "out", **given})


def test_it_comes_with_its_interval_and_conditions(store):
    told = describe_latency(store, "run1", make())
    [row] = told["rows"]
    assert (told["processor"], row["threads"], row["backend"]) == ("A processor", 2, "openvino")
    assert row["latency_low_s"] < row["latency_s"] < row["latency_high_s"]


def test_it_is_that_of_the_side_of_the_artefact(store):
    told = describe_latency(store, "run1", make())
    assert keep_side(told, CASE.resolution) == told
    with pytest.raises(InputError, match=rf"latency at {CASE.resolution} pixels, and the artefact takes 32; measure"):
        keep_side(told, 32)


@pytest.mark.parametrize("given", [{"to": "onnx"}, {"precision": "int8"}])
def test_a_run_without_the_runtime_or_the_precision_is_refused(store, given):
    with pytest.raises(InputError, match=r"run run1 has no latency of rexnet_1.0 on .*; measure it"):
        describe_latency(store, "run1", make(**given))
