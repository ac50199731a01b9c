"""Every environment variable that changes what runtimes do is dropped, or kept and stored; docs and table agree."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.machine.environment import read_environment
from bench.machine.variables import DROPPED, KEPT, find_decision, find_dropped, find_kept, read_table, without_dropped
from bench.workers.child_process import Build, Child

DOCS = Path(__file__).parents[3] / "docs" / "environment.md"
GONE = """
    ATEN_CPU_CAPABILITY PYTORCH_JIT PYTORCH_CUDA_ALLOC_CONF PYTORCH_NVFUSER_DISABLE NVIDIA_TF32_OVERRIDE
    TORCH_ALLOW_TF32_CUBLAS_OVERRIDE TORCH_LOGS TORCH_COMPILE_DISABLE TORCHINDUCTOR_FREEZING TORCHDYNAMO_DISABLE
    CUBLAS_WORKSPACE_CONFIG CUDNN_LOGLEVEL_DBG CUDA_LAUNCH_BLOCKING ONEDNN_MAX_CPU_ISA DNNL_VERBOSE MKLDNN_VERBOSE
    OMP_WAIT_POLICY GOMP_CPU_AFFINITY KMP_BLOCKTIME MKL_CBWR MKL_ENABLE_INSTRUCTIONS TBB_VERSION OV_CPU_CAPS_PATH
    OPENVINO_LOG_LEVEL OPENBLAS_CORETYPE MALLOC_ARENA_MAX MALLOC_PERTURB_ GLIBC_TUNABLES PYTHONHASHSEED PYTHONWARNINGS
    PYTHONMALLOC PYTHONOPTIMIZE PYTHONDEVMODE PYTHON_JIT PYTHON_GIL PYTHON_CPU_COUNT MPLBACKEND MPLCONFIGDIR
    MATPLOTLIBRC PIP_TARGET PIP_INDEX_URL NPY_DISABLE_CPU_FEATURES LRU_CACHE_CAPACITY TRITON_CACHE_DIR HWLOC_XMLFILE
"""
STAYS = "LD_PRELOAD LD_LIBRARY_PATH MALLOC_CONF PYTHONPATH PYTHONHOME CXX TMPDIR CUDA_VISIBLE_DEVICES CUDA_HOME CPATH"


@pytest.mark.parametrize("name", GONE.split())
def test_what_tunes_a_runtime_without_any_option_is_dropped(name):
    assert find_decision(name) == DROPPED
    assert find_dropped({name: "1", "HOME": "/"}) == [name]
    assert without_dropped({name: "1", "HOME": "/"}) == {"HOME": "/"}


@pytest.mark.parametrize("name", STAYS.split())
def test_what_programs_may_need_is_kept_and_stored(name):
    assert find_decision(name) == KEPT
    assert find_kept({name: "x", "HOME": "/"}) == {name: "x"}


@pytest.mark.parametrize("name", ["HOME", "PATH", "USER", "LANG", "PIPELINE", "OPENVINOS"])
def test_other_variables_are_left_alone(name):
    assert find_decision(name) is None


def test_a_password_in_a_kept_value_is_not_stored():
    assert find_kept({"LD_PRELOAD": "http://u:s@cret@host/x"}) == {"LD_PRELOAD": "http://u:***@host/x"}


def test_the_environment_of_a_run_has_both(monkeypatch):
    monkeypatch.setenv("ATEN_CPU_CAPABILITY", "default")
    monkeypatch.setenv("LIBRARY_PATH", "/some/where")
    system = read_environment()["system"]
    assert "ATEN_CPU_CAPABILITY" in system["ignored_variables"]
    assert system["kept_variables"]["LIBRARY_PATH"] == "/some/where"


def test_a_worker_starts_without_the_dropped_ones(monkeypatch, tmp_path):
    (tmp_path / "tell.py").write_text("import os, sys; sys.stderr.write(' '.join(sorted(os.environ)))")
    for name in [*GONE.split(), "LIBRARY_PATH"]:
        monkeypatch.setenv(name, "0")
    child = Child("tell", [], threads=1, build=Build(root=tmp_path), extra={}, answers=-3)
    try:
        assert child.wait(60) == 0
        child.popen.wait()
        child._log.seek(0)
        seen = set(child._log.read().decode().split())
    finally:
        child.end()
        child.close()
    assert "LIBRARY_PATH" in seen
    assert not seen & set(GONE.split())


def test_every_decision_has_its_reason_once():
    table = read_table()
    assert {one.decision for one in table} == {DROPPED, KEPT}
    assert all(one.changes and one.reason for one in table)
    assert len({one.name for one in table}) == len(table)


def test_the_docs_show_the_table():
    rows = [line for line in DOCS.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert rows == [f"| `{one.name}` | {one.changes} | {one.decision} | {one.reason} |" for one in read_table()]
