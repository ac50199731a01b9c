"""AOTInductor: a package of this run alone is loaded, without the model's code, with its threads read back."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from bench.backends import aoti
from bench.backends.inductor import CACHE
from bench.records.inputs import dump_inputs

from .conftest import make_case


class Branched(torch.nn.Module):
    """Two inputs, and a table of two outputs."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 4, 3)

    def forward(self, left, right):
        return {"sum": self.conv(left + right), "mean": right.mean()}


@pytest.fixture
def folder(tmp_path):
    """An exported program with its inputs."""
    module = Branched().eval().requires_grad_(requires_grad=False)
    inputs = [torch.rand(2, 2, 3, 8, 8) for _ in range(2)]
    aoti.dump_exported(module, tuple(values[0] for values in inputs), tmp_path)
    dump_inputs(tmp_path, [values.numpy() for values in inputs])
    return tmp_path


@pytest.fixture
def compiling(monkeypatch, tmp_path):
    """A stand-in for the compiler and the loader; what they were called with."""
    seen = SimpleNamespace(compiled=[], loaded=[], settings=[])

    def compile_package(program, package_path, inductor_configs):
        seen.compiled.append(program)
        seen.settings.append(inductor_configs)
        with open(package_path, "w") as file:  # noqa: PTH123
            file.write("package")

    def load_package(path):
        seen.loaded.append(path)
        return SimpleNamespace(get_metadata=lambda: {"threads": seen.settings[0]["aot_inductor.metadata"]["threads"]})

    monkeypatch.setattr("torch._inductor.aoti_compile_and_package", compile_package)
    monkeypatch.setattr("torch._inductor.aoti_load_package", load_package)
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return seen


def prepare(folder, **changes):
    """A backend after its phases up to compiling."""
    backend = aoti.open_backend(make_case("aoti", **changes), folder)
    backend.build()
    backend.convert()
    backend.compile()
    return backend


def test_a_second_process_loads_the_package_that_the_first_compiled(folder, compiling):
    prepare(folder)
    prepare(folder)
    assert len(compiling.compiled) == 1
    assert compiling.loaded[0] == compiling.loaded[1]
    assert compiling.settings[0]["freezing"] is True


def test_a_package_for_other_threads_or_another_program_is_not_loaded(folder, compiling):
    prepare(folder)
    prepare(folder, threads=2)
    path = folder / aoti.exported_name(2)
    aoti.dump_exported(Branched().eval(), (torch.rand(2, 3, 8, 8),) * 2, folder)
    assert path.exists()
    prepare(folder)
    assert len(compiling.compiled) == len(set(compiling.loaded)) == 3


def test_nothing_of_others_is_loaded_where_no_folder_is_named(folder, compiling, monkeypatch):
    monkeypatch.delenv(CACHE)
    first, second = prepare(folder), prepare(folder)
    assert first.package != second.package
    assert len(compiling.compiled) == 2
    for backend in (first, second):
        backend.own_folder.cleanup()


def test_what_is_asked_of_other_devices_layouts_and_precisions_is_unsupported():
    for change in ({"device": "cuda"}, {"memory_format": "channels_last"}, {"precision": "bf16"}):
        assert aoti.INFO.why_unsupported(make_case("aoti", **change)).startswith("aoti supports ")


_WITHOUT_CODE = """
import json, sys, torch
from pathlib import Path
from bench.records.case import Case
from bench.worker import Worker
folder = Path(sys.argv[1])
worker = Worker(Case(**json.loads(sys.argv[2])), folder)
worker.build(str(folder / "logits.npy"))
outputs = worker.backend.read(worker.runners[0]())
code = [name for name in sys.modules if name == "rexnet_core.network" or "test_aoti" in name]
effective = worker.backend.effective()
torch.set_num_threads(1)
print(json.dumps([code, [out.shape for out in outputs], effective.threads, effective.precision]))
"""


@pytest.mark.extra
def test_a_worker_computes_several_inputs_and_a_table_of_outputs_without_the_code_of_the_model(folder, monkeypatch):
    monkeypatch.setenv(CACHE, str(folder / "cache"))
    case = json.dumps(make_case("aoti", threads=2, shape="3x8x8,3x8x8").as_message())
    words = [sys.executable, "-W", "error::FutureWarning", "-c", _WITHOUT_CODE, str(folder), case]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    code, shapes, threads, precision = json.loads(done.stdout.splitlines()[-1])
    assert code == []
    assert sorted(map(len, shapes)) == [0, 4]
    assert (threads, precision) == (2, "fp32")
    [package] = (folder / "cache").glob("*-threads2.pt2")
    assert package.stat().st_size


def test_the_parent_side_of_a_worker_does_not_import_the_code_of_models():
    code = "import sys, bench.worker, bench.backends.aoti; assert 'rexnet_core.network' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
