"""One run at a time, by a lock that its holder's end gives back."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from bench.machine import lock
from bench.machine.lock import VARIABLE, MachineLock
from rexnet_core.errors import InputError

ROOT = Path(__file__).parents[3]
HOLD = """
import os, sys
from bench.machine.lock import MachineLock
if user := int(os.environ.get("TEST_USER", "0")):
    os.setgroups([]), os.setgid(user), os.setuid(user)
with MachineLock():
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lock"))
    return tmp_path / "lock"


@pytest.fixture
def holder(file):  # noqa: ARG001 - it is in the environment of what is started
    command = [sys.executable, "-c", HOLD, "rexbench"]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def check_refusal(message):
    with pytest.raises(InputError, match=message), MachineLock():
        pass


def test_it_is_given_back_and_its_file_names_nobody(file):
    for _ in range(2):
        with MachineLock():
            assert file.read_text() == f"{os.getpid()}\n"
        assert file.read_text() == ""


def test_whoever_has_it_may_take_it_again(file):
    with MachineLock() as lock:
        with lock:
            pass
        assert file.read_text() == f"{os.getpid()}\n"
        check_refusal(r"another run is measuring .*add --wait to begin after it")


def test_another_is_refused_with_its_pid_and_what_to_do(holder):
    check_refusal(rf"pid {holder.pid}\).*--wait.*`kill {holder.pid}`")


def test_a_killed_holder_holds_nothing(holder):
    holder.kill()
    holder.wait()
    with MachineLock():
        pass


def test_waiting_says_so_and_ends_with_the_holder(holder):
    messages = []

    def report(text):
        messages.append(text)
        holder.kill()

    with MachineLock(wait=True, tell=report):
        assert f"(pid {holder.pid})" in messages[0]
        assert "waiting for it to end" in messages[0]


def test_every_user_may_lock_the_file(file):
    mask = os.umask(0o077)
    try:
        with MachineLock():
            assert file.stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(mask)


@pytest.mark.parametrize("text", ["-1\n", "1; rm -rf ~", "\x1b[2J", "1\n2\n", "", "99999999999999999999"])
def test_what_others_wrote_into_the_file_is_no_advice_to_kill(holder, file, text):
    assert holder.poll() is None
    file.write_text(text)
    check_that_nobody_is_named()


def test_a_number_of_ours_or_of_another_program_is_no_advice_to_kill(holder, file):
    other = subprocess.Popen(["sleep", "60"])
    try:
        for number in (os.getpid(), other.pid):
            file.write_text(f"{number}\n")
            check_that_nobody_is_named()
    finally:
        other.kill()
        other.wait()
    assert holder.poll() is None


def check_that_nobody_is_named():
    with pytest.raises(InputError) as caught, MachineLock():
        pass
    assert str(caught.value) == (
        "another run is measuring on this machine (a process that can't be seen from here), "
        "and two would disturb each other; add --wait to begin after it"
    )


@pytest.mark.parametrize("text", ["my thesis", "1 2", "-1", "1" * 30])
def test_a_file_that_holds_something_is_left_alone(file, text):
    file.write_text(text)
    check_refusal("needs a file of its own")
    assert file.read_text() == text


def test_a_file_with_another_name_is_left_alone(file, tmp_path):
    (tmp_path / "other").write_text("1")
    file.hardlink_to(tmp_path / "other")
    check_refusal("has other content or a second name")
    assert file.read_text() == "1"


@pytest.mark.parametrize(
    "make",
    [
        Path.mkdir,
        os.mkfifo,
        lambda file: file.symlink_to("elsewhere"),
        lambda file: file.symlink_to("/dev/null"),
        lambda file: (file.touch(), os.environ.update({VARIABLE: f"{file}/lock"})),
    ],
)
def test_a_path_that_is_no_file_is_one_line_and_not_waited_for(file, make):
    make(file)
    check_refusal(
        "the lock of the machine needs a (file that can be opened; .*/lock: |regular file; .*/lock is not one)"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be two users")
@pytest.mark.parametrize(("first", "second"), [(0, 65534), (65534, 0)])
def test_all_users_of_the_machine_meet_at_one_lock(first, second):
    """In a folder such as /tmp: everyone may write there, and the system guards the files of others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o1777)
        file = Path(folder) / "lock"

        def start(user):
            environment = {**os.environ, VARIABLE: str(file), "TEST_USER": str(user)}
            streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
            return subprocess.Popen(
                [sys.executable, "-c", HOLD, "rexbench"], cwd=ROOT, env=environment, text=True, **streams
            )

        for user in (first, second, first):
            with start(user) as holder:
                assert holder.stdout.readline() == "held\n"
                for other in (first, second):
                    with start(other) as refused:
                        assert f"another run is measuring on this machine (pid {holder.pid})" in refused.stderr.read()
                holder.kill()
        assert file.stat().st_uid == first


def test_its_place_does_not_depend_on_who_asks(monkeypatch, tmp_path):
    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "mine"))
    monkeypatch.setattr(lock, "_SHARED", tmp_path)
    assert lock._find_place() == tmp_path / "rexbench.lock"
    monkeypatch.setattr(lock, "_SHARED", tmp_path / "none")
    assert lock._find_place() == tmp_path / "mine" / "rexbench.lock"


def test_no_place_for_it_is_one_line(monkeypatch, tmp_path):
    def refuse():
        raise FileNotFoundError(2, "No usable temporary directory found")

    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(lock, "_SHARED", tmp_path / "none")
    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    check_refusal(r"needs a folder that can be written to; .*in REXBENCH_LOCK")
