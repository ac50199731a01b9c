"""Real processes that answer, hang, die and babble."""

from __future__ import annotations

import psutil
import pytest

from bench.records.case import Case
from bench.records.files import as_folder
from bench.workers.executor import ProcessExecutor, WorkerError, WorkerProcess
from rexnet_core.errors import InputError

CASE = Case(model="rexnet_1.0", resolution=32, batch=1, backend="compile", threads=1)


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Start a worker that does this, then answers each question by that expression, and then does something else."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    workers = []

    def run(first="", answer="", then="", limit_s=20.0):
        answers = f"for line in sys.stdin: print(json.dumps({answer}), flush=True)" if answer else ""
        program = f"import json, os, signal, subprocess, sys, time\n{first}\n{answers}\n{then}"
        (tmp_path / "scripted_worker.py").write_text(program)
        workers.append(WorkerProcess(CASE, tmp_path, limit_s, module="scripted_worker"))
        return workers[-1]

    yield run
    for worker in workers:
        worker.close()


def after_question(*lines):
    """What a worker does once it has been asked."""
    return "\n".join(["sys.stdin.readline()", *lines])


@pytest.mark.parametrize("limit_s", [20.0, 1e12])
def test_an_answer_comes_back(start, limit_s):
    worker = start(answer="{'got': json.loads(line)}", limit_s=limit_s)
    assert worker.ask("add", number=3) == {"got": {"do": "add", "number": 3}}


def test_a_worker_gets_its_threads_from_the_environment(start):
    assert start(answer="{'n': os.environ['OMP_NUM_THREADS']}").ask("tell") == {"n": "1"}


def test_the_limit_holds_for_all_questions_together(start):
    worker = start("for line in sys.stdin:\n time.sleep(0.4)\n print('{}', flush=True)", limit_s=1.5)
    with pytest.raises(WorkerError, match="within the case's limit"):
        for _ in range(10):
            worker.ask("turn")


HANG = "print('{', end='', flush=True)"


@pytest.mark.parametrize(
    ("lines", "limit_s", "message"),
    [
        (["time.sleep(600)"], 0.5, r"no answer to 'build' within the case's limit of 0\.5 s; .* killed"),
        ([HANG, "time.sleep(600)"], 1.0, "no answer to 'build' within the case's limit of 1 s"),
        (
            [HANG, "while True: print(' ' * 999, end='', flush=True)"],
            1.0,
            "no answer to 'build' within the case's limit of 1 s",
        ),
        (
            ["print('first', file=sys.stderr)", "sys.exit('no such instruction')"],
            20.0,
            "the worker died: exit code 1: no such instruction",
        ),
        (
            ["print('{\"a\": ', end='', flush=True)", "sys.exit('out of ink')"],
            20.0,
            "the worker died: exit code 1: out of ink",
        ),
        (["os.kill(os.getpid(), signal.SIGKILL)"], 20.0, "most likely out of memory"),
        (["os.kill(os.getpid(), signal.SIGSEGV)"], 20.0, "ended by SIGSEGV"),
        (["os.kill(os.getpid(), signal.SIGRTMIN + 3)"], 20.0, r"the worker died: ended by signal \d+"),
        *[
            (
                [f"print({text}, flush=True)", "sys.stdin.readline()"],
                20.0,
                "the worker's answer to 'build' can't be read: ",
            )
            for text in ("'{'", "'[1]'", "'3'", "'hello'", "'[' * 100_000")
        ],
    ],
)
def test_a_worker_that_does_not_answer_is_a_failed_case_with_its_reason(start, lines, limit_s, message):
    worker = start(after_question(*lines), limit_s=limit_s)
    with pytest.raises(WorkerError, match=message) as caught:
        worker.ask("build")
    assert len(str(caught.value)) < 200


@pytest.fixture
def mother(start, tmp_path):
    """Start a worker that has started a process and does this when it is asked again, and that process."""

    def run(*lines):
        note = tmp_path / "child.pid"
        worker = start(
            "child = subprocess.Popen(['sleep', '600'], stdout=subprocess.DEVNULL)\n"
            f"open({str(note)!r}, 'w').write(str(child.pid))\n"
            "print('{}', flush=True)",
            then="\n".join(lines),
        )
        worker.ask("begin")
        return worker, psutil.Process(int(note.read_text()))

    return run


def is_dead(process):
    """Whether a process has ended, though nobody may have asked for its exit code."""
    _, alive = psutil.wait_procs([process], timeout=5)
    return all(one.status() == psutil.STATUS_ZOMBIE for one in alive)


def test_a_hung_worker_takes_its_children_along(mother):
    worker, child = mother("time.sleep(600)")
    worker.close()
    assert is_dead(child)


def test_asking_a_dead_worker_is_a_failure_too(start):
    worker = start("")
    with pytest.raises(WorkerError, match="the worker died: exit code 0"):
        worker._process.wait()
        worker.ask("build")


def test_an_error_that_a_worker_reports_is_raised_with_its_status(start):
    worker = start(answer={"error": "unavailable", "message": "no compiler"})
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
    worker = start(answer="{'seen': [name for name in os.environ if name[:3] in ('ONE', 'TOR')]}")
    assert set(worker.ask("tell")["seen"]) == {"TORCHINDUCTOR_CACHE_DIR", "TORCHINDUCTOR_COMPILE_THREADS"}


def test_closing_leaves_no_process(start):
    worker = start(answer="{}")
    worker.ask("begin")
    pid = worker._process.pid
    worker.close()
    assert not psutil.pid_exists(pid)
    assert worker._process.poll() is not None


def test_an_answer_may_come_in_pieces(start):
    pieces = "for piece in ('{\"a\"', ': [', '1' + ', 1' * 50_000, ']}\\n'):"
    worker = start(after_question(pieces, " print(piece, end='', flush=True)", " time.sleep(0.05)"))
    assert len(worker.ask("tell")["a"]) == 50_001


def test_what_a_worker_started_ends_though_it_has_ended_before(mother):
    worker, child = mother(after_question("sys.exit('enough')"))
    with pytest.raises(WorkerError, match="exit code 1: enough"):
        worker.ask("build")
    assert psutil.pid_exists(worker._process.pid), "its number is kept until its group has ended"
    worker.close()
    assert is_dead(child)
    assert not psutil.pid_exists(worker._process.pid)


def test_ctrl_c_while_a_worker_is_ended_ends_it_all_the_same(mother):
    worker, child = mother(after_question())

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


@pytest.mark.parametrize("samples", ["[1e3]", "[1.0] * 9", "[0.5, 2.0]"])
def test_samples_that_take_longer_than_the_parent_waited_end_the_case(start, samples):
    worker = start(answer=f"{{'samples_s': {samples}}}")
    with pytest.raises(WorkerError, match=r"its samples take .* s, and its answer came after .* s"):
        worker.ask("take_turn")


@pytest.mark.parametrize("answer", ["{'error': ['x'], 'message': 3}", "{'error': 'odd', 'message': 'a\\nb'}"])
def test_an_error_that_no_worker_of_ours_would_report_fails_the_case(start, answer):
    with pytest.raises(WorkerError) as caught:
        start(answer=answer).ask("build")
    assert caught.value.status == "failed"
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../../x", "/x", "..", ".", "a/b", "", "a\0b", "timm:x"])
def test_no_name_of_a_case_leads_out_of_the_scratch_folder(name):
    folder = as_folder(name)
    assert folder not in {"", ".", ".."}
    assert not set(folder) & set("/\\\0:")
    assert as_folder(CASE.id) == CASE.id
