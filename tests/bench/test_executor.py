"""Real processes that answer, hang, die and babble."""

from __future__ import annotations

import psutil
import pytest

from bench.case import Case
from bench.executor import ProcessExecutor, WorkerError, WorkerProcess
from rexnet_core.errors import InputError

CASE = Case(model="rexnet_1.0", resolution=32, batch=1, backend="eager", threads=1)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a worker whose program is the given text."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    workers = []

    def run(program, limit_s=20.0):
        (tmp_path / "scripted_worker.py").write_text(program)
        workers.append(WorkerProcess(CASE, tmp_path, limit_s, module="scripted_worker"))
        return workers[-1]

    yield run
    for worker in workers:
        worker.close()


def test_an_answer_comes_back(start):
    worker = start("import json, sys\nfor line in sys.stdin: print(json.dumps({'got': json.loads(line)}), flush=True)")
    assert worker.ask("add", number=3) == {"got": {"do": "add", "number": 3}}


def test_a_worker_gets_its_threads_from_the_environment(start):
    worker = start(
        "import json, os, sys\n"
        "for line in sys.stdin: print(json.dumps({'n': os.environ['OMP_NUM_THREADS']}), flush=True)"
    )
    assert worker.ask("tell") == {"n": "1"}


def test_a_hang_ends_at_the_limit_with_the_question_and_the_limit(start):
    worker = start("import sys, time\nsys.stdin.readline()\ntime.sleep(600)", limit_s=0.5)
    with pytest.raises(WorkerError, match=r"no answer to 'build' within the case's limit of 0\.5 s; it was ended"):
        worker.ask("build")


def test_the_limit_holds_for_all_questions_together(start):
    worker = start("import sys, time\nfor line in sys.stdin:\n time.sleep(0.4)\n print('{}', flush=True)", limit_s=1.5)
    with pytest.raises(WorkerError, match="within the case's limit"):
        for _ in range(10):
            worker.ask("turn")


def test_a_hung_worker_takes_its_children_along(start, tmp_path):
    note = tmp_path / "child.pid"
    worker = start(
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(['sleep', '600'])\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "print('{}', flush=True)\ntime.sleep(600)"
    )
    worker.ask("begin")
    child = psutil.Process(int(note.read_text()))
    worker.close()
    _, alive = psutil.wait_procs([child], timeout=5)
    assert all(process.status() == psutil.STATUS_ZOMBIE for process in alive)  # dead, but nobody has asked


def test_a_death_names_the_exit_code_and_the_last_line(start):
    worker = start("import sys\nsys.stdin.readline()\nprint('first', file=sys.stderr)\nsys.exit('no such instruction')")
    with pytest.raises(WorkerError, match="the worker died: exit code 1: no such instruction"):
        worker.ask("build")


def test_a_kill_is_read_as_out_of_memory(start):
    worker = start("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(WorkerError, match="most likely out of memory"):
        worker.ask("build")


def test_a_crash_names_its_signal(start):
    worker = start("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGSEGV)")
    with pytest.raises(WorkerError, match="ended by SIGSEGV"):
        worker.ask("build")


def test_asking_a_dead_worker_is_a_failure_too(start):
    worker = start("")
    with pytest.raises(WorkerError, match="the worker died: exit code 0"):
        worker._process.wait()
        worker.ask("build")


def test_what_a_worker_reports_is_raised_with_its_status(start):
    answer = '{"error": "unavailable", "message": "no compiler"}'
    worker = start(f"import sys\nsys.stdin.readline()\nprint({answer!r}, flush=True)\nsys.stdin.readline()")
    with pytest.raises(WorkerError, match="no compiler") as caught:
        worker.ask("build")
    assert caught.value.status == "unavailable"


def test_a_real_worker_refuses_what_its_backend_cannot(tmp_path):
    case = Case(
        model="rexnet_1.0", resolution=32, batch=1, backend="openvino", threads=1, memory_format="channels_last"
    )
    with pytest.raises(WorkerError, match="OpenVINO chooses its memory formats itself") as caught:
        ProcessExecutor().open(case, tmp_path, tmp_path, 60)
    assert caught.value.status == "unsupported"


def test_a_checkpoint_that_is_none_is_the_callers_error(tmp_path):
    task = {"model": "rexnet_1.0", "resolution": 32, "batch": 1, "threads": 1, "seed": 0, "ir": False}
    (tmp_path / "bad.pth").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match=r"bad\.pth is damaged or no checkpoint"):
        ProcessExecutor().prepare({**task, "weights": str(tmp_path / "bad.pth"), "folder": str(tmp_path)}, 120)


def test_a_file_named_as_ours_in_the_callers_folder_is_not_taken_for_ours(tmp_path, monkeypatch):
    (tmp_path / "bench.py").write_text("raise SystemExit('the wrong bench')")
    monkeypatch.chdir(tmp_path)
    ProcessExecutor().open(CASE, tmp_path, tmp_path, 60).close()


def test_variables_that_tune_a_runtime_do_not_reach_a_worker(start, monkeypatch):
    monkeypatch.setenv("ONEDNN_DEFAULT_FPMATH_MODE", "BF16")
    monkeypatch.setenv("TORCHINDUCTOR_FORCE_DISABLE_CACHES", "1")
    worker = start(
        "import json, os, sys\n"
        "seen = [name for name in os.environ if name[:3] in ('ONE', 'TOR')]\n"
        "for line in sys.stdin: print(json.dumps({'seen': seen}), flush=True)"
    )
    assert set(worker.ask("tell")["seen"]) == {"TORCHINDUCTOR_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"}


def test_closing_leaves_no_process(start):
    worker = start("import sys\nfor line in sys.stdin: print('{}', flush=True)")
    worker.ask("begin")
    pid = worker._process.pid
    worker.close()
    assert not psutil.pid_exists(pid)
    assert worker._process.poll() is not None
