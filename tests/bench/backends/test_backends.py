"""What single runtimes do beyond what every backend promises."""

from __future__ import annotations

import tempfile
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from bench import doctor
from bench.backends import Unavailable, inductor, open_backend
from bench.backends.inductor import read_compiler
from bench.machine.environment import read_thread_budget
from bench.records.files import REFERENCE
from bench.workers.executor import WorkerError

from .conftest import make_case
from .test_conformance import run

pytestmark = pytest.mark.survival


@pytest.fixture
def work(assets, tmp_path):
    """Take a worker through a round with the whole thread budget, as `test_conformance.run` does."""
    return lambda backend, **changes: run(
        make_case(backend, **{"threads": read_thread_budget(), **changes}), assets, tmp_path
    )


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
    built, effective, _ = work("torchscript", precision="bf16", memory_format="channels_last", threads=1)
    assert (effective.precision, effective.memory_format) == ("bf16", "channels_last")
    assert built["phases_s"]["convert"] > 0


@pytest.mark.parametrize("streams", sorted({1, read_thread_budget()}))
def test_openvino_runs_as_many_streams_as_were_asked_for(work, streams):
    built, effective, _ = work("openvino", scenario="throughput", streams=streams)
    assert (effective.streams, effective.threads) == (streams, read_thread_budget())
    assert effective.jobs >= streams
    assert built["phases_s"]["compile"] > 0


def test_openvino_without_a_number_chooses_its_streams(work):
    _, effective, _ = work("openvino", scenario="throughput")
    assert 1 <= effective.streams <= effective.threads == read_thread_budget()


def test_instances_share_the_threads_and_agree_with_the_reference(work):
    streams = read_thread_budget()
    _, effective, parity = work("eager", scenario="throughput", streams=streams)
    assert (effective.streams, effective.threads, effective.jobs) == (streams, streams, streams)
    assert parity.passed


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
def test_cuda_without_a_device_is_unavailable(work):
    with pytest.raises(WorkerError, match="torch sees no CUDA device") as caught:
        work("eager", device="cuda")
    assert caught.value.status == "unavailable"


def test_compile_without_a_compiler_is_unavailable(work, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    assert read_compiler() is None
    with pytest.raises(WorkerError, match=r"inductor needs a C\+\+ compiler") as caught:
        work("compile")
    assert caught.value.status == "unavailable"


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


@pytest.mark.parametrize("name", ["a b", "a'b", 'a"b', "a\\b", "a\tb"])
def test_a_folder_that_a_compilers_command_line_can_not_hold_is_found_before_compiling(monkeypatch, tmp_path, name):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / name))
    obstacle = inductor.find_obstacle()
    assert obstacle.startswith("inductor needs folders without spaces, quotes and backslashes in their paths, and ")
    assert obstacle.endswith("; set TMPDIR to another folder")
    with pytest.raises(Unavailable, match="set TMPDIR to another folder"):
        open_backend(make_case("compile"), tmp_path).load()
    [finding] = doctor._check_obstacles()
    assert (finding.level, finding.remedy) == ("fail", "set TMPDIR to another folder")


def test_the_folder_of_torch_may_be_the_one_in_the_way(monkeypatch, tmp_path):
    found = SimpleNamespace(origin=str(tmp_path / "my checkout" / ".nox" / "torch" / "__init__.py"))
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: found)
    assert inductor.find_obstacle().endswith("; install torch in another folder")


def test_nothing_is_in_the_way_of_a_plain_folder(monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "ünusual-näme_1.2"))
    assert inductor.find_obstacle() == ""
    assert doctor._check_obstacles() == []
