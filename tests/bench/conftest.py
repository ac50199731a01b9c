"""A machine without processes and clock, where workers answer from a script, and an empty store."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.machine.energy import Counter, Reading
from bench.machine.interference import Usage
from bench.records.case import Case
from bench.records.files import IMAGES, REFERENCE
from bench.records.settings import Settings
from bench.running.session import Session
from bench.store.store import Store
from bench.workers.executor import WorkerError

LOGITS = np.random.default_rng(0).standard_normal((4, 2, 10)).astype(np.float32)


@dataclass
class FakeHandle:
    """A worker whose calls take `median_s`, and that fails at `fails_at` in round `fails_in`.

    A script may also hold whole answers by their question.
    """

    case: Case
    executor: FakeExecutor
    index: int
    assets: Path
    closed: bool = False
    waiting: tuple[str, dict[str, Any]] = ("", {})

    def tell(self, do: str, /, **arguments: Any) -> None:
        self.waiting = do, arguments

    def hear(self) -> dict[str, Any]:
        do, arguments = self.waiting
        return self.ask(do, **arguments)

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        self.executor.asked.append((self.case, do))
        script = self.executor.read_script(self.case, do, self.index)
        return script.get(do) or getattr(self, do)(script, **arguments)

    def build(self, script: dict[str, Any], logits_path: str) -> dict[str, Any]:
        assert np.load(self.assets / IMAGES).shape[1] == self.case.batch, "another match's inputs"
        np.save(logits_path, script.get("next_logits", lambda: script.get("logits", LOGITS))())
        effective = {name: getattr(self.case, name) for name in ("precision", "threads", "memory_format")}
        effective |= {"streams": 1, "device": "cpu", "jobs": 1, "details": {}, **script.get("effective", {})}
        phases = {"import": 1.0, "build": 0.5, "convert": 0.25, "compile": 2.0, "first_inference": 0.1}
        phases["compile"] = script.get("compile_s", 2.0)
        return {"phases_s": phases, "effective": effective, "caches": script.get("caches", False)}

    def warm_up(self, script: dict[str, Any], **_: Any) -> dict[str, Any]:
        known = {"calls": 10, "steady": True, "median_s": 0.01, "elapsed_s": 0.1}
        return known | {name: script[name] for name in known.keys() & script.keys()}

    def take_turn(self, script: dict[str, Any], slice_s: float, max_calls: int, slow_by: float = 0.0) -> dict[str, Any]:
        self.executor.clock += slice_s
        noise = self.executor.random.normal(1, 0.001, min(10, max_calls))
        drift = (1 + script.get("drift", 0) * self.index) * (1 + slow_by)
        self.executor.worked_j += script.get("turn_j", 0.0)
        calls = {"calls": len(noise) + 1} if script.get("counts", True) else {}
        return {"samples_s": list(script.get("median_s", 0.01) * drift * noise), "involuntary_switches": 1, **calls}

    def take_flow(self, script: dict[str, Any], until_s: float, least: int, max_calls: int) -> dict[str, Any]:
        """Ten calls in step with the others; until the turn is over, where `flow` has a call time for each instance."""
        assert least <= max_calls
        calls_s = script.get("flow")
        if calls_s is None:
            self.executor.clock = until_s
            ends = [until_s + script.get("median_s", 0.01) * call for call in range(1, 11)]
            return {"starts_s": [until_s, *ends[:-1]], "ends_s": ends, "involuntary_switches": 1}
        ends = [self.executor.clock]
        while len(ends) <= least or (ends[-1] < until_s and len(ends) <= max_calls):
            ends.append(ends[-1] + calls_s[self.index % len(calls_s)])
        return {"starts_s": ends[:-1], "ends_s": ends[1:], "involuntary_switches": 1}

    def memory(self, _script: dict[str, Any]) -> dict[str, int]:
        return {"peak_rss_bytes": 300, "base_rss_bytes": 100}

    def close(self) -> None:
        self.closed = True
        self.executor.read_script(self.case, "close", self.index)


@dataclass
class FakeExecutor:
    """Opens `FakeHandle`s and counts seconds only when told to; scripts are by backend or by model.

    It has a counter of energy where it has an idle power [W]; a worker uses its `turn_j` more in each turn.
    """

    scripts: dict[str, dict[str, Any]] = field(default_factory=dict)
    prepare_error: Exception | None = None
    prepare_errors: dict[str, Exception] = field(default_factory=dict)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    clock: float = 0.0
    round_cost_s: float = 1.0
    asked: list[tuple[Case, str]] = field(default_factory=list)
    handles: list[FakeHandle] = field(default_factory=list)
    dirty_windows: set[int] = field(default_factory=set)
    readings: int = 0
    busy_ticks: float = 0.0
    idle_w: float | None = None
    worked_j: float = 0.0
    random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(1))

    def prepare(self, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
        assert limit_s > 0
        self.tasks.append(task)
        if error := self.prepare_errors.get(task["model"], self.prepare_error):
            raise error
        np.save(Path(task["folder"]) / REFERENCE, LOGITS)
        np.save(Path(task["folder"]) / IMAGES, np.zeros((1, task["batch"])))
        return {"convert_s": 3.0 if task["ir"] else None}

    def open(self, case: Case, assets: Path, scratch: Path, limit_s: float) -> FakeHandle:
        assert limit_s > 0
        assert assets.is_relative_to(scratch) or "instances" in scratch.parts
        self.clock += self.round_cost_s
        index = sum(handle.case == case for handle in self.handles)
        self.read_script(case, "open", index)
        self.handles.append(FakeHandle(case, self, index, assets))
        return self.handles[-1]

    def read_script(self, case: Case, do: str, index: int) -> dict[str, Any]:
        """The script of a case, whose error is raised where it fails at this question in this round."""
        script = self.script_of(case)
        if script.get("fails_at") == do and index >= script.get("fails_in", 0):
            raise script.get("error", WorkerError("failed", "the worker died: exit code 1"))
        return script

    def script_of(self, case: Case) -> dict[str, Any]:
        return self.scripts.get(case.backend, {}) | self.scripts.get(case.model, {})

    def now(self) -> float:
        return self.clock

    def read_usage(self) -> Usage:
        """Quiet, but for the windows of sampling whose number is in `dirty_windows`."""
        self.readings += 1
        busy = 50.0 if self.readings % 2 == 0 and self.readings // 2 - 1 in self.dirty_windows else 0.0
        self.busy_ticks += busy
        ticks = {"busy_ticks": self.busy_ticks, "own_ticks": 0.0, "total_ticks": 200.0 * self.readings}
        return Usage(at_s=self.clock, pressure_us=None, steal_ticks=0.0, throttled=None, **ticks)

    def read_energy(self) -> Reading:
        if self.idle_w is None:
            return Reading(at_s=self.clock, reasons={"package": "no counters", "dram": "no counters"})
        counter = Counter(round((self.idle_w * self.clock + self.worked_j) * 1e6), 10**12)
        return Reading(at_s=self.clock, zones={"package": {"intel-rapl:0": counter}}, reasons={"dram": "no counters"})

    def pause(self, seconds: float) -> None:
        self.clock += seconds


@pytest.fixture
def executor() -> FakeExecutor:
    return FakeExecutor()


@pytest.fixture
def settings() -> Settings:
    return Settings(min_rounds=3, max_rounds=4, round_s=0.5, slice_s=0.1)


@pytest.fixture
def cases() -> list[Case]:
    return [
        Case(model="rexnet_1.0", resolution=64, batch=2, backend=name, threads=2)
        for name in ("eager", "compile", "openvino")
    ]


@pytest.fixture
def store(tmp_path):
    with Store(f"sqlite:///{tmp_path}/results.db") as store:
        yield store


@pytest.fixture
def measure_all(store, executor):
    """Measure all cases of a plan; the session that did."""

    def run(plan, **options):
        with Session(plan, store, executor=executor, **options) as session:
            rows = session.measure_all()
        assert store.measurements(session.run.id) == tuple(rows)
        return session

    return run
