"""Real processes that answer, hang, die and babble."""

from __future__ import annotations

import psutil
import pytest

from bench.records.case import Case
from bench.workers.executor import ProcessExecutor, WorkerError, WorkerProcess
from rexnet_core.errors import InputError

CASE = Case(model="rexnet_1.0", resolution=32, batch=1, backend="compile", threads=1)


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
    with pytest.raises(WorkerError, match="openvino supports memory format contiguous, not channels_last") as caught:
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


def test_an_answer_may_come_in_pieces(start):
    worker = start(
        "import sys, time\nsys.stdin.readline()\n"
        "for piece in ('{\"a\"', ': [', '1' + ', 1' * 50_000, ']}\\n'):\n"
        " print(piece, end='', flush=True)\n time.sleep(0.05)"
    )
    assert len(worker.ask("tell")["a"]) == 50_001


def test_a_death_in_the_middle_of_an_answer_is_a_death(start):
    worker = start("import sys\nsys.stdin.readline()\nprint('{\"a\": ', end='', flush=True)\nsys.exit('out of ink')")
    with pytest.raises(WorkerError, match="the worker died: exit code 1: out of ink"):
        worker.ask("build")


@pytest.mark.parametrize("then", ["time.sleep(600)", "\nwhile True: print(' ' * 999, end='', flush=True)"])
def test_an_answer_without_an_end_ends_at_the_limit(start, then):
    worker = start(f"import sys, time\nsys.stdin.readline()\nprint('{{', end='', flush=True); {then}", limit_s=1.0)
    with pytest.raises(WorkerError, match="no answer to 'build' within the case's limit of 1 s"):
        worker.ask("build")


@pytest.mark.parametrize("said", ["{", "[1]", "3", "hello", "[" * 100_000])
def test_what_is_no_answer_is_a_failed_case(start, said):
    worker = start(f"import sys\nsys.stdin.readline()\nprint({said!r}, flush=True)\nsys.stdin.readline()")
    with pytest.raises(WorkerError, match="what the worker answered to 'build' is no answer: ") as caught:
        worker.ask("build")
    assert len(str(caught.value)) < 200


def test_a_signal_without_a_name_is_told_by_its_number(start):
    worker = start("import os, signal, sys\nsys.stdin.readline()\nos.kill(os.getpid(), signal.SIGRTMIN + 3)")
    with pytest.raises(WorkerError, match=r"the worker died: ended by signal \d+"):
        worker.ask("build")


def test_a_limit_of_weeks_can_be_waited_for(start):
    worker = start("import sys\nsys.stdin.readline()\nprint('{}', flush=True)\nsys.stdin.readline()", limit_s=1e12)
    assert worker.ask("tell") == {}


@pytest.fixture
def mother(start, tmp_path):
    """A worker that has started a process and then ends by itself, and that process."""
    note = tmp_path / "child.pid"
    worker = start(
        "import subprocess, sys\n"
        "child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
        f"open({str(note)!r}, 'w').write(str(child.pid))\n"
        "print('{}', flush=True)\nsys.stdin.readline()\nsys.exit('enough')"
    )
    worker.ask("begin")
    return worker, psutil.Process(int(note.read_text()))


def is_dead(process):
    _, alive = psutil.wait_procs([process], timeout=5)
    return all(one.status() == psutil.STATUS_ZOMBIE for one in alive)


def test_what_a_worker_started_ends_though_it_has_ended_before(mother):
    worker, child = mother
    with pytest.raises(WorkerError, match="exit code 1: enough"):
        worker.ask("build")
    assert psutil.pid_exists(worker._process.pid), "its number is kept until its group has ended"
    worker.close()
    assert is_dead(child)
    assert not psutil.pid_exists(worker._process.pid)


def test_ctrl_c_while_a_worker_is_ended_ends_it_all_the_same(mother):
    worker, child = mother

    def stop(_limit_s):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(worker._child, "wait", stop)
        worker.close()
    assert is_dead(child)
    assert not psutil.pid_exists(worker._process.pid)


def test_a_group_is_not_killed_when_its_number_may_be_anothers(start, monkeypatch):
    worker = start("")
    worker.close()
    killed = []
    monkeypatch.setattr("os.killpg", lambda *words: killed.append(words))
    worker.close()
    assert killed == []


def test_an_answer_of_preparing_that_is_cut_off_fails_the_match(tmp_path, monkeypatch):
    (tmp_path / "prepared.json").write_text("{")
    monkeypatch.setattr(ProcessExecutor, "_hand_over", lambda *_: 0)
    task = {"threads": 1, "folder": str(tmp_path)}
    with pytest.raises(WorkerError, match="its answer is cut off"):
        ProcessExecutor().prepare(task, 1.0)
