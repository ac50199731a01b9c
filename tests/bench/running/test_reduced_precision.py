"""What a group does for cases in reduced precision, with workers that answer from a script."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bench.records.case import Case
from bench.records.files import HELD_OUT, REFERENCE
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.executor import WorkerError
from bench.workers.shared_files import export_times, find_fault

CASE = Case(model="rexnet_1.0", resolution=64, batch=2, backend="openvino", threads=2)
INT8 = replace(CASE, precision="int8", calibration="generated")
BUILD = {
    "phases_s": {"import": 1.0, "build": 0.1, "convert": 0.1, "compile": 0.1, "first_inference": 0.1},
    "effective": {"precision": "int8", "threads": 2, "streams": 1, "memory_format": "contiguous", "device": "cpu"},
    "caches": False,
}
STEM = {"layer": "stem", "kind": "Convolution", "precision": "fp32", "macs": 10}
QUANTIZED = {"openvino": {"quantize_s": 2.0, "layers": {"stem": 20.0, "head": None}}}


@pytest.fixture
def measure(executor, settings, tmp_path, monkeypatch):
    """A run of the cases, whose files are as prepared."""

    def run(*cases, prepared, answers=(), **script):
        plain = executor.prepare
        monkeypatch.setattr(executor, "prepare", lambda task, limit_s: {**plain(task, limit_s), **prepared})
        logits = np.random.default_rng(0).standard_normal((4, 2, 10)).astype(np.float32)
        built = {**BUILD, "answers": list(answers)}
        executor.scripts = {"openvino": {"effective": BUILD["effective"], "logits": logits, **script}}
        handles = []

        class Handle(type(executor.open(cases[0], tmp_path, tmp_path, 1))):
            def renew(self):
                pass

            def build(self, script, logits_path):
                handles.append(self)
                return {**super().build(script, logits_path), "answers": built["answers"]}

        def open_handle(case, assets, _scratch, _limit_s):
            executor.clock += 1
            return Handle(case, executor, 0, assets)

        monkeypatch.setattr(executor, "open", open_handle)
        group = InterleavedGroup(cases, settings=settings, executor=executor, scratch=tmp_path)
        return group.run(None, lambda _measurements: None)

    return run


def test_a_layer_that_fell_back_is_named_however_many_rounds_follow(measure):
    [measured] = measure(INT8, prepared={"quantized": QUANTIZED}, answers=["profile"], profile={"layers": [STEM]})
    assert len(measured.rounds) >= 3
    assert measured.status == "mismatch"
    assert measured.reason == "1 quantised layers ran in fp32, with 100.0% of the multiply-adds: stem"
    assert [(layer.layer, layer.snr_db) for layer in measured.layers] == [("stem", 20.0)]


def test_a_profile_that_fails_costs_no_round(measure):
    error = WorkerError("failed", "it died")
    [measured] = measure(INT8, prepared={"quantized": QUANTIZED}, answers=["profile"], fails_at="profile", error=error)
    assert (measured.status, len(measured.rounds) >= 3) == ("ok", True)
    assert "its layers can't be told: it died" in measured.notes


def test_without_images_to_compare_on_nothing_is_compared(measure):
    [measured] = measure(
        replace(CASE, precision="bf16"),
        prepared={},
        answers=["infer"],
        effective={**BUILD["effective"], "precision": "bf16"},
    )
    assert (measured.status, measured.agreement) == ("ok", None)


def test_only_what_is_quantised_says_what_it_was_calibrated_on(measure, executor):
    prepared = {"quantized": QUANTIZED, "calibration": "64 generated images"}
    [measured] = measure(INT8, prepared=prepared)
    assert measured.effective.details["calibration"] == "64 generated images"
    executor.scripts = {}
    [plain] = measure(CASE, prepared=prepared, effective={**BUILD["effective"], "precision": "fp32"})
    assert "calibration" not in plain.effective.details


def test_a_backend_without_an_export_owes_no_time_of_another():
    prepared = {"build_s": 1.0, "convert_s": 20.0, "exports": {"openvino": {"build_s": 1.0, "convert_s": 20.0}}}
    prepared["quantized"] = {"compile": {"quantize_s": 3.0}}
    owed = export_times(prepared, replace(INT8, backend="compile"))
    assert owed == {"build": 0.0, "convert": 0.0, "quantize": 3.0}
    assert export_times({"build_s": 1.0, "convert_s": 20.0}, CASE) == {"build": 1.0, "convert": 20.0}


def test_a_step_of_a_backend_that_does_not_train_has_that_reason():
    status, reason = find_fault({}, replace(CASE, scenario="train"))
    assert status == "unsupported"
    assert reason.startswith("openvino ")


def test_outputs_are_compared_where_there_are_images(measure, executor, tmp_path):
    folder = tmp_path / "rexnet_1.0-64-b2" / HELD_OUT
    folder.mkdir(parents=True)
    outputs = np.random.default_rng(1).standard_normal((2, 2, 10)).astype(np.float32)
    np.save(folder / REFERENCE, outputs)
    np.save(folder / "logits.npy", outputs)
    prepared = {"held_out": "3 others of photos", "held_out_images": 3}
    [measured] = measure(
        replace(CASE, precision="bf16"),
        prepared=prepared,
        answers=["infer"],
        effective={**BUILD["effective"], "precision": "bf16"},
        infer={"done": True},
    )
    assert measured.agreement.same_top1 == (True,) * 3
    assert [do for _, do in executor.asked].count("infer") == 1
