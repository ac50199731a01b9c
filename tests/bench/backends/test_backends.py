"""Real runtimes in real workers: the same function, in the precision and layout that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from bench.machine.environment import read_thread_budget
from bench.records.case import Case
from bench.records.measurement import Effective
from bench.statistics.parity import compare, find_mismatches
from bench.workers.executor import ProcessExecutor, WorkerError
from bench.workers.instances import open_case
from bench.workers.shared_files import REFERENCE

SIDE, BATCH, LIMIT_S = 64, 2, 240


@pytest.fixture(scope="module")
def assets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("assets")
    task = {"model": "rexnet_0.5", "resolution": SIDE, "batch": BATCH, "threads": read_thread_budget(), "seed": 0}
    done = ProcessExecutor().prepare({**task, "weights": None, "folder": str(folder), "ir": True}, LIMIT_S)
    assert done["build_s"] > 0
    assert done["convert_s"] > 0
    return folder


@pytest.fixture
def work(assets, tmp_path):
    """Take a worker through a whole round; what it says of itself, its logits' agreement, and its answers."""

    def run(backend, **changes):
        known = {"model": "rexnet_0.5", "resolution": SIDE, "batch": BATCH, "threads": read_thread_budget()}
        case = Case(backend=backend, **{**known, **changes})
        handle = open_case(ProcessExecutor(), case, assets, tmp_path, LIMIT_S)
        try:
            logits = tmp_path / "logits.npy"
            built = handle.ask("build", logits_path=str(logits))
            warmed = handle.ask("warm_up", max_s=5, max_calls=40)
            taken = handle.ask("take_turn", slice_s=0.05, max_calls=20)
            memory = handle.ask("memory")
        finally:
            handle.close()
        effective = Effective(**built["effective"])
        parity = compare(np.load(assets / REFERENCE), np.load(logits), case.precision)
        assert find_mismatches(case, effective, parity) == []
        assert warmed["calls"] >= (4 if warmed["steady"] else 1)  # on a busy machine its time may be up before
        assert 1 <= len(taken["samples_s"]) <= 20
        assert min(taken["samples_s"]) > 0
        assert bool(taken.get("requests_s")) == (case.scenario == "throughput")
        assert memory["peak_rss_bytes"] > memory["base_rss_bytes"] > 0
        return built, effective, parity

    return run


def test_reference_tells_images_apart_and_has_the_size_of_real_logits(assets):
    reference = np.load(assets / REFERENCE)
    rows = reference.reshape(-1, reference.shape[-1])
    assert len(rows) >= 8
    assert 0.3 < rows.std() < 10
    assert len({int(row.argmax()) for row in rows}) > 1
    assert np.linalg.norm(rows - rows.mean(axis=0)) > 0.1 * np.linalg.norm(rows)


@pytest.mark.parametrize("memory_format", ["contiguous", "channels_last"])
def test_eager_computes_in_the_layout_it_was_given(work, memory_format):
    _, effective, parity = work("eager", memory_format=memory_format)
    assert (effective.memory_format, effective.precision, effective.device) == (memory_format, "fp32", "cpu")
    assert parity.relative_error < 1e-4


def test_torchscript_freezes_weights_of_the_asked_precision(work):
    built, effective, _ = work("torchscript", precision="bf16", memory_format="channels_last")
    assert (effective.precision, effective.memory_format) == ("bf16", "channels_last")
    assert built["phases_s"]["convert"] > 0


def test_openvino_is_pinned_to_fp32_wherever_it_runs(work):
    built, effective, parity = work("openvino")
    assert (effective.precision, effective.streams, effective.jobs) == ("fp32", 1, 1)
    assert effective.threads == read_thread_budget()
    assert parity.relative_error < 1e-4
    assert built["phases_s"]["compile"] > 0


@pytest.mark.parametrize("streams", sorted({1, read_thread_budget()}))
def test_openvino_runs_as_many_streams_as_were_asked_for(work, streams):
    _, effective, _ = work("openvino", scenario="throughput", streams=streams)
    assert (effective.streams, effective.threads) == (streams, read_thread_budget())
    assert effective.jobs >= streams


def test_openvino_without_a_number_chooses_its_streams(work):
    _, effective, _ = work("openvino", scenario="throughput")
    assert 1 <= effective.streams <= effective.threads == read_thread_budget()


@pytest.mark.parametrize("backend", ["eager", "torchscript"])
def test_instances_of_a_torch_backend_share_the_threads_and_agree_with_the_reference(work, backend):
    streams = read_thread_budget()
    _, effective, parity = work(backend, scenario="throughput", streams=streams)
    assert (effective.streams, effective.threads, effective.jobs) == (streams, streams, streams)
    assert parity.passed


def test_a_worker_of_torch_says_that_it_answers_one_call_at_a_time(assets, tmp_path):
    case = Case(model="rexnet_0.5", resolution=SIDE, batch=BATCH, backend="eager", scenario="throughput")
    with pytest.raises(WorkerError, match="answers one call at a time") as caught:
        ProcessExecutor().open(case, assets, tmp_path, LIMIT_S)
    assert caught.value.status == "unsupported"


def test_openvino_says_that_it_stays_on_the_cpu(work):
    with pytest.raises(WorkerError, match="runs on the CPU, not on cuda") as caught:
        work("openvino", device="cuda")
    assert caught.value.status == "unsupported"


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_without_a_device_is_unavailable(work):
    with pytest.raises(WorkerError, match="torch sees no CUDA device") as caught:
        work("eager", device="cuda")
    assert caught.value.status == "unavailable"


def test_compile_without_a_compiler_is_unavailable(work, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(WorkerError, match=r"inductor needs a C\+\+ compiler") as caught:
        work("compile")
    assert caught.value.status == "unavailable"


@pytest.mark.survival
def test_compile_finds_its_kernels_again(work):
    cold, effective, _ = work("compile")
    cached, _, _ = work("compile")
    assert cold["caches"]
    assert effective.memory_format == "runtime"
    assert cached["phases_s"]["compile"] < cold["phases_s"]["compile"]


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("backend", ["eager", "torchscript"])
def test_torch_backends_run_on_cuda(work, backend):
    assert work(backend, device="cuda")[1].device == "cuda"
