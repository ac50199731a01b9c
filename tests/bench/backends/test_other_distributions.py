"""Backends that come by entry points: one that works, some that are broken, and some that lie."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from bench.backends.registry import backend_names, check_backend, info_of, load_backend, read_registry
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.executor import ProcessExecutor
from rexnet_core.errors import InputError, UnknownNameError

from .conftest import make_case, show_toys

ROOT = Path(__file__).parents[3]
#: Each lying backend with what its row says.
LIES = {
    "keeps_outputs": r"a call on new inputs takes \d+ times as long .*: it keeps its outputs",
    "ignores_new_inputs": "after new inputs were fed, a call returned the output of an earlier input",
    "computes_in_feed": r"feeding a batch takes \d+ times as long as a call: the work is done before the clock starts",
    "computes_in_read": r"reading an output takes \d+ times as long .*: the call returns before its work is done",
    "uses_more_threads": r"asked for threads 1, measured \d\.\d at work at once",
    "admits_more_threads": "asked for threads 1, got 2",
    "rounds_to_bf16": "output is as inexact as bf16",
    "admits_bf16": "asked for precision fp32, got bf16",
    "answers_one_input": "output is the same for 8 distinct inputs",
    "answers_nan": "output has NaN or infinite values",
    "tires": "after the warm-up, a call returned another output than before it",
}


@pytest.fixture(scope="module")
def measured(toy_site, tmp_path_factory):
    """What a round of the toy and of all liars gave, by backend."""
    settings = Settings(min_rounds=1, max_rounds=1, round_s=0.1, slice_s=0.01, warm_s=2.0, warm_calls=40)
    with pytest.MonkeyPatch.context() as patch:
        show_toys(toy_site, patch)
        cases = [make_case(name) for name in ("toy", *LIES)]
        scratch = tmp_path_factory.mktemp("lies")
        group = InterleavedGroup(cases, settings=settings, executor=ProcessExecutor(), scratch=scratch)
        measurements = group.run(None, lambda _measurements: None)
        read_registry.cache_clear()
    return {measurement.case.backend: measurement for measurement in measurements}


@pytest.mark.survival
def test_an_honest_backend_passes(measured):
    assert (measured["toy"].status, measured["toy"].reason) == ("ok", "")
    assert measured["toy"].rounds[0].phases_s["convert"] > 0


@pytest.mark.survival
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_named(measured, lie):
    assert measured[lie].status == "mismatch"
    assert re.search(LIES[lie], measured[lie].reason)


@pytest.mark.survival
def test_a_toy_from_a_wheel_runs_from_the_command_line_into_the_report(toy_site, tmp_path):
    paths = os.pathsep.join([str(toy_site), str(ROOT)])
    words = ("--backends", "eager", "toy", "--models", "mobilenet_v2_0.5", "--resolutions", "64", "--batch-sizes", "1")
    words += ("--threads", "1", "--rounds", "1", "--budget", "60s", "--json", "--out", str(tmp_path / "report"))
    command = [sys.executable, "-m", "rexbench", "run", *words, "--store", f"sqlite:///{tmp_path}/store.db"]
    environment = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["cases"]
    assert [(row["backend"], row["status"], row["reason"]) for row in rows] == [("eager", "ok", ""), ("toy", "ok", "")]
    assert any("toy" in path.read_text() for path in (tmp_path / "report").rglob("*.html"))


@pytest.mark.usefixtures("toys")
def test_backends_of_others_follow_ours_and_one_that_cannot_be_loaded_stops_no_other():
    own = {path.stem for path in (ROOT / "bench/backends").glob("*.py")}
    first = [name in own for name in backend_names()]
    assert first == sorted(first, reverse=True)
    assert "toy" in backend_names()
    assert (info_of("toy").marker, info_of("toy").library) == ("P", "rexbench-toy")
    with pytest.raises(InputError, match=r"backend 'broken' of rexbench-toy 0\.1 .* can't be loaded \(ModuleNotFound"):
        check_backend("broken")
    assert check_backend("toy") == "toy"
    assert "broken" not in backend_names()


def make_entry_point(name, backend, value):
    point = SimpleNamespace(name=name, value=value, load=lambda: backend)
    point.dist = SimpleNamespace(name="other", version="2.0")
    return point


@pytest.fixture
def declare(monkeypatch):
    """Put entry points in the place of those that are installed."""

    def put(*points):
        monkeypatch.setattr(metadata, "entry_points", lambda **_: points)
        read_registry.cache_clear()

    yield put
    read_registry.cache_clear()


def test_a_name_that_two_claim_is_an_error_that_names_both(declare):
    declare(make_entry_point("eager", load_backend("eager"), "other.eager"))
    with pytest.raises(InputError, match=r"rexbench \(bench\.backends\.eager\) and other 2\.0 \(other\.eager\)"):
        check_backend("eager")
    assert check_backend("openvino") == "openvino"


@pytest.mark.parametrize(
    ("backend", "why"),
    [
        (SimpleNamespace(), "it must have INFO, a BackendInfo, and the function open_backend"),
        (load_backend("eager"), "its INFO.name must be 'mine', not 'eager'"),
    ],
)
def test_an_entry_point_that_loads_no_backend_says_what_it_lacks(declare, backend, why):
    declare(make_entry_point("mine", backend, "other"))
    with pytest.raises(InputError, match=why):
        check_backend("mine")


def test_a_name_that_nobody_has_is_unknown_but_old_runs_can_be_shown():
    with pytest.raises(UnknownNameError, match="eager"):
        check_backend("eagre")
    assert info_of("of_another_machine").name == "of_another_machine"
