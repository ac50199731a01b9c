"""Calls from pictures to labels in real workers: every backend agrees, and one that leaves something out is named."""

from __future__ import annotations

import importlib.util
import re

import numpy as np
import pytest
from PIL import Image

from bench.backends.registry import backend_names, info_of, read_registry
from bench.planning.pictures import read_pictures
from bench.records.pictures import CALL_PARTS
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.executor import ProcessExecutor

from .conftest import make_case, show_toys

#: Each backend that leaves something out, with what its row says.
LIES = {
    "keeps_outputs": "it keeps its outputs|returned the output of an earlier input",
    "ignores_new_inputs": "output differs from eager fp32: .* returned the output of an earlier input",
    "tires": "a call returned another output than before it",
}
#: Compiling takes a minute from cold.
SLOW = {"compile", "compile_freezing", "aoti"}
QUICK = [name for name in backend_names() if name not in SLOW]


def make_whole(backend, **changes):
    return make_case(backend, **{"scenario": "end-to-end", "pictures": "generated", **changes})


def measure(cases, folder, **options):
    """What a short round gives, in the order of the cases; compiling may take minutes on a busy machine."""
    settings = Settings(limit_s=1200, min_rounds=1, max_rounds=1, round_s=0.1, slice_s=0.01, warm_s=2.0, warm_calls=40)
    group = InterleavedGroup(cases, settings=settings, executor=ProcessExecutor(), scratch=folder, **options)
    return group.run(None, lambda _measurements: None)


@pytest.mark.survival
def test_a_call_that_leaves_something_out_is_named(toy_site, tmp_path):
    with pytest.MonkeyPatch.context() as patch:
        show_toys(toy_site, patch)
        honest, *measured = measure([make_whole(name) for name in ("toy", *LIES)], tmp_path)
        read_registry.cache_clear()
    assert (honest.status, honest.reason) == ("ok", "")
    for one in measured:
        assert one.status == "mismatch"
        assert re.search(LIES[one.case.backend], one.reason)


@pytest.mark.survival
def test_backends_agree_from_pictures_to_labels(tmp_path):
    if any(importlib.util.find_spec(name) is None for name in ("onnx", "onnxruntime")):
        pytest.skip("needs onnx and onnxruntime")
    cases = [make_whole(name) for name in QUICK if "fp32" in info_of(name).precisions]
    cases += [make_whole("eager", precision="bf16")]
    measured = measure(cases, tmp_path)
    assert [(one.case.backend, one.status, one.reason) for one in measured if one.status != "ok"] == []
    for one in measured:
        assert tuple(one.rounds[0].parts_s) == CALL_PARTS
        assert one.parity.inputs == 8
        assert one.effective.details["pictures"].startswith("8 generated JPEG files")
        assert "Pillow" in one.effective.details["decoder"]
    assert measured[-1].agreement.images == "64 generated images"


@pytest.mark.extra
@pytest.mark.survival
@pytest.mark.parametrize("backend", sorted(SLOW))
def test_compiled_backends_agree_from_pictures_to_labels(backend, tmp_path):
    [one] = measure([make_whole(backend)], tmp_path)
    assert (one.status, one.reason) == ("ok", "")


@pytest.mark.survival
def test_pictures_of_a_folder_are_shown_in_whole_batches(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (9, 40, 60, 3), np.uint8)
    (tmp_path / "photos").mkdir()
    for index, one in enumerate(pixels):
        Image.fromarray(one).resize((80, 60)).save(tmp_path / "photos" / f"{index}.jpg")
    pictures = read_pictures(str(tmp_path / "photos"))
    case = make_whole("eager", pictures=pictures.name, batch=4)
    [one] = measure([case], tmp_path / "run", pictures=pictures)
    assert (one.status, one.reason) == ("ok", "")
    assert one.parity.inputs == 36  # nine pictures in batches of four, each shown as often
    assert one.effective.details["pictures"].startswith("9 of 9 pictures in photos")
