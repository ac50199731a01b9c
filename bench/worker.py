"""The process in which one case lives: it builds, warms up and times as its parent says, one JSON line at a time.

Standard output carries the answers alone: whatever a runtime prints there goes to standard error.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import resource
import statistics
import sys
import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from bench.backends import Parted, Profiled, Queued, Trained, Unavailable, Unsupported, open_backend
from bench.backends.registry import load_backend
from bench.machine.environment import volunteer_for_oom_killer
from bench.records.case import END_TO_END, QUANTIZED, THROUGHPUT, TRAIN, Case
from bench.records.inputs import load_inputs, name_input, stream_inputs
from bench.records.outputs import flatten, list_tensors
from bench.records.pictures import pictures_folder
from bench.records.training import FROZEN, training_folder
from bench.statistics.training_parity import find_drift
from bench.workers.call_audit import AUDITED, SCALE, audit_calls, audit_steps, count_threads, find_extra_threads
from bench.workers.end_to_end import EndToEnd
from bench.workers.failures import describe_error
from bench.workers.parent_watch import hold_on
from bench.workers.picture_files import load_pictures
from bench.workers.protocol import PROTOCOL
from bench.workers.warm_up import LONG_CALL_S, warm_up
from rexnet_core.errors import InputError
from rexnet_core.telemetry import refuse_telemetry

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.backends import Backend, Images, Logits

#: Calls that confirm a suspicion.
_CONFIRMING_CALLS = 20


class Worker:
    """One case, from import to its last sample."""

    def __init__(self, case: Case, assets: Path) -> None:
        self.case = case
        self.runtime = open_backend(case, assets)
        self.backend: Backend = self.runtime
        self.assets = assets
        if case.scenario == TRAIN:
            self.assets = training_folder(assets, case.precision)
        elif case.scenario == END_TO_END:
            self.assets = pictures_folder(assets)
            self.backend = EndToEnd(self.runtime, case, self.assets)
        self.inputs: tuple[Images, ...] = ()
        self.logits: Logits
        self.runners: list[Callable[[], object]] = []
        self.next = 0
        self.base_rss_bytes = 0
        self.settles = True

    def build(self, logits_path: str) -> dict[str, Any]:
        """Go through the phases up to the first inference, then write the logits of every input."""
        phases: dict[str, float] = {}
        phases["import"] = _time(self.backend.load)
        self.base_rss_bytes = _peak_rss_bytes()
        phases["build"] = _time(self.backend.build)
        phases["convert"] = _time(self.backend.convert)
        phases["compile"] = _time(self.backend.compile)
        self.inputs = self._load()
        batches, batch = self.inputs[0].shape[:2]
        if batch != self.case.batch:
            raise InputError(f"the inputs are batches of {batch}, the case asks for {self.case.batch}")
        self._feed()
        phases["first_inference"] = _time(self._list_calls(self.backend, batches)[0])
        self._restart()
        self.logits = self._compute(self.backend, batches)
        np.save(logits_path, self.logits)
        return {
            "phases_s": phases,
            "effective": asdict(self.backend.effective()),
            "caches": bool(load_backend(self.case.backend).INFO.compile_cache),
            "answers": [
                *([] if isinstance(self.backend, Trained) else ["infer"]),
                *(["profile"] if isinstance(self.runtime, Profiled) else []),
            ],
        }

    def infer(self, folder: str, logits_path: str) -> dict[str, Any]:
        """Compute the inputs in a folder, and write their outputs."""
        outputs = []
        for inputs in stream_inputs(Path(folder), len(self.inputs[0])):
            self.runtime.feed(*inputs)
            outputs.append(self._compute(self.runtime, len(inputs[0])))
        np.save(logits_path, np.concatenate(outputs))
        self._feed()
        return {}

    def profile(self) -> dict[str, Any]:
        """The layers as the runtime executes them."""
        assert isinstance(self.runtime, Profiled), "a parent asks a worker that said so"
        return {"layers": [asdict(layer) for layer in self.runtime.profile()]}

    def _load(self) -> tuple[Images, ...]:
        """What the calls begin with."""
        if isinstance(self.backend, EndToEnd):
            return (load_pictures(self.assets, self.case.batch),)
        return load_inputs(self.assets)

    def _list_calls(self, backend: Backend, batches: int) -> list[Callable[[], object]]:
        if isinstance(backend, Queued) and self.case.scenario == THROUGHPUT:
            # A queue's runner fills all its places; this is one call.
            return [backend.request(index) for index in range(batches)]
        return [backend.runner(index) for index in range(batches)]

    def _restart(self) -> None:
        """Begin training anew, and forget the times of its steps."""
        if isinstance(self.backend, Trained):
            self.backend.restart()
            self.backend.take_parts()

    def _compute(self, backend: Backend, batches: int) -> Logits:
        """The outputs of the batches that a backend holds, shape ``(batches, N, values)``."""
        outputs = [list(list_tensors(backend.read(call()))) for call in self._list_calls(backend, batches)]
        return np.stack([flatten(output, self.case.batch) for output in outputs])

    def _feed(self) -> None:
        self.backend.feed(*self.inputs)
        self.runners = [self.backend.runner(index) for index in range(len(self.inputs[0]))]

    def warm_up(self, max_s: float, max_calls: int) -> dict[str, Any]:
        """Call until successive windows agree, then collect garbage for the last time.

        What is wrong with the calls is in ``faults``, one line each.
        """
        begun = time.perf_counter()
        warmed, used = count_threads(partial(warm_up, self.sample, max_s=max_s, max_calls=max_calls))
        elapsed_s = time.perf_counter() - begun
        faults = self._find_faults(warmed.median_s, used)
        # Decided once for all turns: deciding by each call's own time would keep the slow ones and drop the fast.
        self.settles = warmed.median_s < LONG_CALL_S
        gc.collect()
        gc.freeze()
        gc.disable()
        return {**asdict(warmed), "elapsed_s": elapsed_s, "faults": faults}

    def _find_faults(self, call_s: float, used_threads: float) -> list[str]:
        """What is wrong with the calls, given the time of a steady one [s] and the threads at work meanwhile."""
        faults = []
        if self.case.device == "cpu":
            queued = self.case.scenario == THROUGHPUT
            calls = partial(self._pump, time.monotonic() + call_s * _CONFIRMING_CALLS, 1, _CONFIRMING_CALLS)
            faults += find_extra_threads(used_threads, self.case.threads, calls, queued=queued)
        if isinstance(self.backend, Trained):
            self._restart()
            found, again = audit_steps(self.backend, self.inputs, call_s)
            self._feed()
            frozen = np.load(self.assets / FROZEN)
            return [*faults, *found, *find_drift(self.logits, frozen, again, self.case.precision)]
        scale = 0.0 if self.case.precision == QUANTIZED else SCALE
        if isinstance(self.backend, EndToEnd):
            faults += self._audit_pictures(self.backend, call_s, scale)
        else:
            faults += audit_calls(self.backend, self.inputs, self.logits, call_s, scale=scale)
        self._restore()
        return faults

    def _audit_pictures(self, backend: EndToEnd, call_s: float, scale: float) -> list[str]:
        """What is wrong with whole calls, and with those of the runtime alone, beside which preparing may be long."""
        inference_s = statistics.median(backend.take_parts()["inference"])
        faults = audit_calls(backend, self.inputs, self.logits, call_s, scale=scale, renew=backend.renew)
        backend.restore()
        inputs = [values[:AUDITED] for values in load_inputs(self.assets)]
        return faults or audit_calls(self.runtime, inputs, self.logits[:AUDITED], inference_s, scale=scale)

    def _restore(self) -> None:
        """Feed the inputs of the build again, read into the memory that holds them."""
        if isinstance(self.backend, EndToEnd):
            self.inputs = self._load()
            self._feed()
            return
        for index, values in enumerate(self.inputs):
            with (self.assets / name_input(index)).open("rb") as file:
                file.seek(-values.nbytes, os.SEEK_END)  # the header comes first
                file.readinto(values.data)
        self._feed()

    def take_turn(self, slice_s: float, max_calls: int, slow_by: float = 0.0) -> dict[str, Any]:
        """Samples [s] for about `slice_s`, at least one; short calls after one that settles and is not kept.

        Each call may be made longer by a share of its own time, for finding out what can be seen.
        """
        # Each turn of training begins with the same weights: steps without end would run into other numbers.
        self._restart()
        if self.settles:
            self.sample()
        parts = self.backend.take_parts if isinstance(self.backend, Parted) else None
        if parts:
            parts()  # those of the call that settles
        samples: list[float] = []
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        end = time.perf_counter() + slice_s
        while not samples or (time.perf_counter() < end and len(samples) < max_calls):
            samples.append(self.sample(slow_by))
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before
        calls = len(samples) + self.settles
        answer: dict[str, Any] = {"samples_s": samples, "involuntary_switches": switches, "calls": calls}
        return {**answer, "parts_s": parts()} if parts else answer

    def take_flow(self, until_s: float, least: int, max_calls: int) -> dict[str, Any]:
        """Start and end of each request [s], on a clock that instances share, with as many in flight as there may be.

        After `until_s` on `time.monotonic` [s] a place starts no more requests, unless it has had fewer than `least`.
        """
        pump = self.backend.pump if isinstance(self.backend, Queued) else self._pump
        before = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw
        times = pump(until_s, least, max_calls)
        switches = resource.getrusage(resource.RUSAGE_SELF).ru_nivcsw - before
        starts, ends = zip(*times, strict=True)
        return {"starts_s": starts, "ends_s": ends, "involuntary_switches": switches}

    def _pump(self, until_s: float, least: int, most: int) -> list[tuple[float, float]]:
        times: list[tuple[float, float]] = []
        while len(times) < least or (time.monotonic() < until_s and len(times) < most):
            run = self.runners[self.next]
            self.next = (self.next + 1) % len(self.runners)
            begun = time.monotonic()
            run()
            times.append((begun, time.monotonic()))
        return times

    def sample(self, slow_by: float = 0.0) -> float:
        """Time of one call [s], on the next input in turn; `slow_by` as in `take_turn`."""
        run = self.runners[self.next]
        self.next = (self.next + 1) % len(self.runners)
        begun = time.perf_counter_ns()
        run()
        if slow_by:
            end = begun + (time.perf_counter_ns() - begun) * (1 + slow_by)
            while time.perf_counter_ns() < end:
                pass
        return (time.perf_counter_ns() - begun) * 1e-9

    def memory(self) -> dict[str, int]:
        """Peak resident memory now, and after the imports [bytes]."""
        return {"peak_rss_bytes": _peak_rss_bytes(), "base_rss_bytes": self.base_rss_bytes}


def _time(step: Callable[[], object]) -> float:
    begun = time.perf_counter()
    step()
    return time.perf_counter() - begun


def _peak_rss_bytes() -> int:
    """High-water mark of this program; `ru_maxrss` would also remember the process it was forked from."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _describe(error: BaseException) -> dict[str, str]:
    kinds: dict[type[BaseException], str] = {Unsupported: "unsupported", Unavailable: "unavailable"}
    text = describe_error(error)
    if isinstance(error, MemoryError) or "allocate memory" in text or "out of memory" in text.lower():
        return {"error": "failed", "message": f"out of memory: {text}"[:500]}
    name = "" if type(error) in kinds else f"{type(error).__name__}: "
    return {"error": kinds.get(type(error), "failed"), "message": f"{name}{text}"[:500]}


def serve(questions: TextIO, answers: TextIO) -> None:
    """Answer each line until the parent closes the pipe.

    A question is ``{"do": name, **arguments}``; the first is ``open`` with ``case`` and ``assets``.
    """
    worker: Worker | None = None
    own = os.getpid()
    for line in questions:
        question = json.loads(line)
        name = question.pop("do")
        try:
            if name == "open":
                worker = Worker(Case(**question["case"]), Path(question["assets"]))
                answer: dict[str, Any] = {"protocol": PROTOCOL}
            else:
                answer = getattr(worker, name)(**question)
        except Exception as error:  # noqa: BLE001 - whatever a runtime throws is the case's outcome
            answer = _describe(error)
        if os.getpid() != own:  # a user's code has forked, and comes here twice
            os._exit(1)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    hold_on()
    volunteer_for_oom_killer()
    refuse_telemetry()
    # A user's code may read its input and print: neither may meet the parent's questions and answers.
    questions, channel = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    serve(questions, channel)
