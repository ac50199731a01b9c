"""One run at a time, by a lock that its holder's end gives back."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.lock import VARIABLE, MachineLock
from rexnet_core.errors import InputError

HOLD = (
    "import sys\nfrom bench.lock import MachineLock\nwith MachineLock():\n print('held', flush=True)\n sys.stdin.read()"
)


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "lock"))
    return tmp_path / "lock"


@pytest.fixture
def holder(file):  # noqa: ARG001 - it is in the environment of what is started
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", HOLD]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


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
        with pytest.raises(InputError, match=rf"pid {os.getpid()}"), MachineLock():
            pass


def test_another_is_refused_with_its_pid_and_what_to_do(holder):
    with pytest.raises(InputError, match=rf"pid {holder.pid}\).*--wait.*`kill {holder.pid}`"), MachineLock():
        pass


def test_a_killed_holder_holds_nothing(holder):
    holder.kill()
    holder.wait()
    with MachineLock():
        pass


def test_waiting_says_so_and_ends_with_the_holder(holder):
    told = []

    def tell(text):
        told.append(text)
        holder.kill()

    with MachineLock(wait=True, tell=tell):
        assert "waiting for it to end" in told[0]


def test_every_user_may_lock_the_file(file):
    mask = os.umask(0o077)
    try:
        with MachineLock():
            assert file.stat().st_mode & 0o777 == 0o666
    finally:
        os.umask(mask)


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none" / "lock"))
    with pytest.raises(InputError, match="the lock of the machine needs a file that can be opened"), MachineLock():
        pass
