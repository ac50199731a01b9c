"""Guests in processes of their own: whatever their code does there, the run goes on with the others."""

from __future__ import annotations

import json

import pytest

from bench.records.subject import Question
from bench.workers.descriptions import Limits, describe_models
from rexnet_core.errors import InputError

pytestmark = pytest.mark.survival

WRITES = """
path = open("/proc/self/cmdline").read().split("\\0")[-2]
open(path, "a").write("garbage\\n" * 9)
"""
#: What a module of a user's does when it is imported, and what becomes of its model.
AT_IMPORT = {
    "leaves": ("import os\nos._exit(0)", "the model ended its process: exit code 0"),
    "leaves_with_2": ("import os\nos._exit(2)", "the model ended its process: exit code 2"),
    "dies": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "ended by SIGSEGV"),
    "sleeps": ("import time\ntime.sleep(600)", "opening and counting the model took longer than 20 s"),
    "ends_all": ("import os, signal\nos.killpg(os.getpgrp(), signal.SIGKILL)", "killed (SIGKILL)"),
    "grows": (
        "kept = bytearray(b'x') * 3_000_000_000\nimport time\ntime.sleep(60)",
        "memory limit: killed in 'describe'",
    ),
    "answers": (WRITES, "wrote to where its description belongs"),
    "breaks_json": ("import json\njson.dumps = lambda *_: 'garbage'", "wrote to where its description belongs"),
}
NET = """
import torch
class Net(torch.nn.Conv2d):
    def __init__(self):
        super().__init__(3, 2, 3)
"""
#: What a module of a user's does that does not keep its model from being described.
HARMLESS = {
    "prints": "import os\nprint('printed')\nos.write(1, b'written')\nimport ctypes\nctypes.CDLL(None).puts(b'c')",
    "threads": "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
    "forks": "import os\nos.fork()",
    "forks_and_stays": "import os, time\nif not os.fork(): time.sleep(600)",
    "moves": "import os, signal\nos.chdir('/')\nos.environ.clear()\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)",
    "reads": "import sys\nassert not sys.stdin.read() and len(sys.argv) == 1",
    "plain": "",
}


def ask(name):
    return Question(model=f"py:{name}:Net", source="py", resolution=16)


def test_each_guest_is_one_answer_and_changes_no_other(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, (code, _) in AT_IMPORT.items():
        (tmp_path / f"{name}.py").write_text(code + NET)
    for name, code in HARMLESS.items():
        (tmp_path / f"{name}.py").write_text(code + NET)
    limits = Limits(limit_s=20.0, memory_bytes=2 * 10**9)
    told = []
    subjects = describe_models([ask(name) for name in [*AT_IMPORT, *HARMLESS]], limits, tell=told.append)
    assert [subject.model for subject in subjects] == [f"py:{name}:Net" for name in [*AT_IMPORT, *HARMLESS]]
    assert told == subjects
    for subject, (_, reason) in zip(subjects, AT_IMPORT.values(), strict=False):
        assert subject.fault is not None, subject.model
        assert subject.fault[0] == "failed"
        assert reason in subject.fault[1], subject.model
    for subject in subjects[len(AT_IMPORT) :]:
        assert subject.fault is None, subject
        assert subject.cost["params"] == 56


def test_a_name_that_is_no_models_ends_the_call_or_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain.py").write_text(NET)
    question = Question(model="py:plain:Nothing", source="py", resolution=16)
    with pytest.raises(InputError, match="needs Nothing in the module plain, which has no Nothing"):
        describe_models([question])
    assert describe_models([question], strict=False)[0].fault[0] == "failed"


FORWARD = """
import os, sys, time
import torch
class Plain(torch.nn.Conv2d):
    def __init__(self):
        super().__init__(3, 2, 3)

def ready():
    return "bench.describe" not in sys.orig_argv

class Exits(Plain):
    def forward(self, x):
        os._exit(2) if ready() else None
        return super().forward(x)

class Hangs(Plain):
    def forward(self, x):
        time.sleep(600) if ready() else None
        return super().forward(x)

class Random(Plain):
    def forward(self, x):
        return super().forward(x + torch.rand_like(x))

class Prints(Plain):
    def forward(self, x):
        print("printed")
        os.write(1, b"written") if ready() else None
        return super().forward(x)
"""


def test_a_run_goes_on_after_each_guest_and_answers_in_one_document(place):
    place.leave_runtimes_real()
    (place.folder / "guests.py").write_text(FORWARD)
    names = ["Exits", "Hangs", "Random", "Prints"]
    words = ["--models", *(f"py:guests:{name}" for name in names), "mobilenet_v2_0.5", "--resolutions", "32"]
    words += ["--backends", "eager", "--batch-sizes", "1", "--rounds", "1", "--threads", "1", "--limit", "40", "--json"]
    code, out, err = place.run(*words)
    assert code == 1, err
    rows = {row["model"]: row for row in json.loads(out)["cases"]}
    assert "exit code 2" in rows["py:guests:Exits"]["reason"]
    assert "took longer than 40 s" in rows["py:guests:Hangs"]["reason"]
    assert "it is random" in rows["py:guests:Random"]["reason"]
    assert [rows[f"py:guests:{name}"]["status"] for name in names] == ["failed", "failed", "failed", "ok"]
    assert rows["mobilenet_v2_0.5"]["status"] == "ok"
    assert "Traceback" not in err
    place.check_that_none_is_left()
