"""A runtime of nothing but numpy and trouble, put in the place of the real ones in every process of a run.

The processes, pipes, signals and files are real. Copied beside the tests' folder as ``sitecustomize.py``, which Python
imports at its start.
"""

# ruff: noqa: PLC0415 - every process of Python's starts with this file, and few need more than the standard library

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

TROUBLE = json.loads(os.environ.get("REXBENCH_TEST_TROUBLE", "{}"))


class StandIn:
    """A backend that answers with the reference, and misbehaves as its case was told to."""

    def __init__(self, case, assets):
        self.case, self.assets = case, assets

    def load(self):
        """Nothing to import, to convert or to compile."""

    convert = compile = load

    def build(self):
        trouble = TROUBLE.get(f"{self.case.backend} {self.case.memory_format}", "")
        if trouble == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if trouble == "silent":
            os._exit(0)
        if trouble == "grows":
            self.kept = bytearray(os.urandom(1000) * 400_000)
        if trouble in {"hangs", "grows"}:
            subprocess.run(["sleep", "600"], check=False)

    def feed(self, images):
        self.answers = [answer(batch) for batch in images.copy()]

    def runner(self, index):
        pause_s = TROUBLE.get("pause_s", 0.002)

        def run():
            time.sleep(pause_s)
            return self.answers[index]

        return run

    def read(self, output):
        return output

    def effective(self):
        from bench.records.measurement import Effective

        case = self.case
        layout = "runtime" if case.backend in {"compile", "openvino"} else case.memory_format
        known = {"precision": case.precision, "threads": case.threads, "device": case.device}
        return Effective(streams=1, memory_format=layout, **known)


def answer(batch):
    """The logits of a batch: its first pixels."""
    return batch.reshape(len(batch), -1)[:, :10]


def prepare():
    """What `bench.assets` does, without a network."""
    import numpy as np

    from bench.workers.parent_watch import hold_on

    hold_on()
    task = json.loads(sys.stdin.read())
    folder, batch, random = Path(task["folder"]), task["batch"], np.random.default_rng(0)
    images = random.standard_normal((2, batch, 3, 8, 8))
    np.save(folder / "images.npy", images)
    np.save(folder / "reference.npy", [answer(batch) for batch in images])
    Path(sys.orig_argv[-1]).write_text(json.dumps({"build_s": 0.0, "convert_s": 0.0}))
    os._exit(0)


def jump():
    """Let the wall clock go hours back and forth at every look, each time by more."""
    from bench.records import run

    real, looks = time.time, iter(range(10**9))

    class Jumping(run.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls.fromtimestamp(time.time(), tz)

    def look():
        count = next(looks)
        return real() + (-1) ** count * (count + 5) * 3600

    time.time = look
    run.datetime = Jumping  # not in its module: what is compiled knows its size


def hurry():
    """Make rounds of the quick preset short, as nobody looks at their times, and as many as are asked for."""
    from dataclasses import replace

    from bench.planning.presets import PRESETS

    quick = PRESETS["quick"]
    settings = replace(quick.settings, round_s=0.2, slice_s=0.03, warm_calls=10, min_rounds=100, max_rounds=100)
    PRESETS["quick"] = replace(quick, settings=settings)


def hold_still():
    """Let the code be one, whatever is being saved into the checkout or committed meanwhile."""
    from bench.machine import environment
    from bench.running import resume

    environment._read_git = lambda _file: {}
    resume._digest_code = lambda: "the same"


if "largest_file" in TROUBLE:
    resource.setrlimit(resource.RLIMIT_FSIZE, (TROUBLE["largest_file"],) * 2)
if "rexbench" in sys.orig_argv:
    hurry()
    hold_still()
if TROUBLE.get("clock"):
    jump()
if "bench.assets" in sys.orig_argv:
    prepare()
if "bench.worker" in sys.orig_argv:
    from bench import backends

    backends.open_backend = StandIn
