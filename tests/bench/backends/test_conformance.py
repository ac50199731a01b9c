"""What every backend promises, ours and those of other distributions alike, in real workers."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from bench.backends.registry import backend_names, info_of, libraries
from bench.records.files import REFERENCE
from bench.records.measurement import PHASES, Effective
from bench.records.settings import Settings
from bench.running.interleaved_group import InterleavedGroup
from bench.statistics.fallback import int8_share
from bench.statistics.parity import compare, find_mismatches
from bench.workers.executor import ProcessExecutor, WorkerError
from bench.workers.instances import open_case

from .conftest import LIMIT_S, make_case

ROOT = Path(__file__).parents[3]
#: Compiling takes a minute from cold.
SLOW = {"compile", "compile_freezing", "aoti"}
BACKENDS = [pytest.param(name, marks=pytest.mark.extra if name in SLOW else ()) for name in backend_names()]


def run(case, assets, folder):
    """A worker, or instances, taken through a round; what the build answered, and the agreement of the logits."""
    handle = open_case(ProcessExecutor(), case, assets, folder, LIMIT_S)
    try:
        built = handle.ask("build", logits_path=str(folder / "logits.npy"))
        warmed = handle.ask("warm_up", max_s=5, max_calls=40)
        turn = handle.ask("take_turn", slice_s=0.05, max_calls=20)
        memory = handle.ask("memory")
    finally:
        handle.close()
    parity = compare(np.load(assets / REFERENCE), np.load(folder / "logits.npy"), case.precision)
    assert find_mismatches(case, Effective(**built["effective"]), parity) == []
    assert warmed["faults"] == []
    assert warmed["calls"] >= (4 if warmed["steady"] else 1)  # on a busy machine its time may be up before
    assert 1 <= len(turn["samples_s"]) <= 20
    assert min(turn["samples_s"]) > 0
    assert memory["peak_rss_bytes"] > memory["base_rss_bytes"] > 0
    return built, Effective(**built["effective"]), parity


@pytest.mark.survival
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_computes_what_was_asked_through_all_phases(backend, assets, tmp_path):
    built, effective, parity = run(make_case(backend), assets, tmp_path)
    assert tuple(built["phases_s"]) == tuple(name for name in PHASES if name not in {"quantize", "warm_up"})
    assert (effective.precision, effective.threads, effective.device) == ("fp32", 1, "cpu")
    assert parity.relative_error < 1e-4
    assert parity.inputs == 8
    assert built["caches"] is bool(info_of(backend).compile_cache)


@pytest.mark.survival
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_throughput_scenario_keeps_requests_in_flight(backend, assets, tmp_path):
    case = make_case(backend, scenario="throughput", streams=1)
    _, effective, _ = run(case, assets, tmp_path)
    assert (effective.streams, effective.threads) == (1, 1)
    assert effective.jobs >= 1
    if not info_of(backend).queued:
        with pytest.raises(WorkerError, match="answers one call at a time") as caught:
            ProcessExecutor().open(case, assets, tmp_path, LIMIT_S)
        assert caught.value.status == "unsupported"


@pytest.mark.survival
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_at_work_is_killed_with_all_it_started(backend, assets, tmp_path):
    worker = ProcessExecutor().open(make_case(backend), assets, tmp_path, LIMIT_S)
    worker.ask("build", logits_path=str(tmp_path / "logits.npy"))
    group = worker._child.popen.pid
    started = [child.pid for child in psutil.Process(group).children(recursive=True)]
    worker.tell("take_turn", slice_s=600, max_calls=10**9)
    worker.close()
    assert not [pid for pid in (group, *started) if psutil.pid_exists(pid)]
    with pytest.raises(ProcessLookupError):
        os.killpg(group, 0)


@pytest.mark.parametrize("backend", backend_names())
def test_what_a_backend_does_not_support_is_named(backend):
    info = info_of(backend)
    for change in ({"device": "tpu"}, {"precision": "fp8"}, {"memory_format": "diagonal"}):
        [(name, value)] = change.items()
        why = info.why_unsupported(make_case(backend, **change))
        assert why.startswith(f"{backend} supports {name.replace('_', ' ')} ")
        assert why.endswith(f", not {value}")
    assert info.why_unsupported(make_case(backend)) == ""


def test_the_parent_reads_what_backends_are_without_their_runtimes():
    absent = "".join(f"sys.modules[{library!r}] = None; " for library in libraries())
    code = f"import sys; {absent} from bench.backends.registry import backend_names; print(*backend_names())"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert tuple(done.stdout.split()) == backend_names(), done.stderr


#: Files that may name a backend: presets choose what they run, one constant names the reference, conventions of
#: counting are named for the tools that they follow, one suite tries the settings of one quantiser, and a backend says
#: which other differs from its int8 form in the precision alone.
NAMING = {
    *("bench/planning/presets.py", "bench/records/case.py", "bench/backends/compile.py"),
    *("bench/suites/extras/test_conventions.py", "bench/suites/extras/test_int8_settings.py"),
}


def test_no_file_but_its_own_names_a_backend_and_case_only_the_reference():
    names = set(backend_names()) - set(PHASES)
    files = [path for package in ("bench", "reports", "rexbench") for path in (ROOT / package).rglob("*.py")]
    named = {
        str(path.relative_to(ROOT))
        for path in files
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert named - NAMING == {f"bench/backends/{name}.py" for name in names}
    assert len([line for line in (ROOT / "bench/records/case.py").read_text().splitlines() if '"eager"' in line]) == 1


QUANTIZING = [
    pytest.param(name, marks=pytest.mark.extra if name in SLOW else ())
    for name in backend_names()
    if info_of(name).quantize
]


@pytest.mark.survival
@pytest.mark.parametrize("backend", QUANTIZING)
def test_int8_is_quantised_compared_and_read_back_layer_by_layer(backend, tmp_path):
    cases = [make_case(backend), make_case(backend, precision="int8", calibration="generated")]
    settings = Settings(min_rounds=1, max_rounds=1, round_s=0.1, slice_s=0.01, warm_s=2.0, warm_calls=40)
    group = InterleavedGroup(cases, settings=settings, executor=ProcessExecutor(), scratch=tmp_path)
    plain, quantized = group.run(None, lambda _measurements: None)
    assert [(one.status, one.reason) for one in (plain, quantized)] == [("ok", "")] * 2
    assert (plain.layers, plain.agreement) == ((), None)
    assert quantized.effective.precision == "int8"
    assert quantized.effective.details["calibration"] == "64 generated images"
    assert quantized.rounds[0].phases_s["quantize"] > 0
    assert len(quantized.agreement.cosines) == 64
    assert np.mean(quantized.agreement.cosines) > 0.95
    layers = {layer.layer: layer for layer in quantized.layers}
    assert {"stem.conv", "classifier"} <= layers.keys()
    assert int8_share(quantized.layers) > 0.9
    assert layers["stem.conv"].precision == "int8"
    assert layers["stem.conv"].macs == 16 * 3 * 9 * 32 * 32
    assert layers["stem.conv"].time_s > 0
    assert layers["stem.conv"].snr_db > 10
