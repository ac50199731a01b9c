"""A case of the throughput scenario as its group sees it: one worker with a queue, or instances that work side by side.

The parent sleeps while they work; it sets the end of a turn, and cuts what they report into windows.
"""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.schema import SchemaError
from bench.backends.registry import info_of
from bench.records.files import REFERENCE
from bench.workers.answers import check_answer, describe_fault, read_logits
from bench.workers.executor import WorkerError
from bench.workers.request_windows import LEAST_REQUESTS, RequestLog, cut_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy.typing as npt

    from bench.records.case import Case
    from bench.workers.executor import Executor, Handle, ProcessHandle


def open_case(executor: Executor, case: Case, assets: Path, scratch: Path, limit_s: float) -> Handle:
    """The live worker of a case, or the instances that stand for one; `WorkerError` where the backend can't do it."""
    if case.scenario != "throughput":
        return executor.open(case, assets, scratch, limit_s)
    if info_of(case.backend).queued:
        return InstanceGroup([executor.open(case, assets, scratch, limit_s)], assets, executor.now, limit_s=limit_s)
    if why := why_no_instances(case):
        raise WorkerError("unsupported", why)
    # Compiled for another number of threads than in the latency scenario, and therefore cached apart from it.
    own = scratch / "instances" / str(case.streams)
    share = replace(case, scenario="latency", streams=0, threads=case.threads // case.streams)
    handles: list[ProcessHandle] = []
    try:
        for _ in range(case.streams):
            handles.append(executor.open(share, assets, own, limit_s))  # noqa: PERF401 - those opened must be closed
    except BaseException:
        _close(handles)
        raise
    return InstanceGroup(handles, assets, executor.now, limit_s=limit_s)


def why_no_instances(case: Case) -> str:
    """Why a backend that answers one call at a time can't run a case of the throughput scenario; empty where it can."""
    if case.device != "cpu":
        return f"instances share the cores of a CPU; the throughput of {case.backend} on {case.device} is not measured"
    if not case.streams:
        return f"{case.backend} has no throughput hint; name its number of instances, such as --streams {case.threads}"
    if case.threads % case.streams:
        return (
            f"{case.streams} instances must have equal shares of the threads, but {case.threads} threads can't be "
            f"divided equally; choose a divisor of {case.threads}"
        )
    return ""


@dataclass
class InstanceGroup:
    """Workers that are asked the same at once and answer as one."""

    handles: Sequence[ProcessHandle]
    assets: Path
    now: Callable[[], float]
    depths: list[int] = field(default_factory=list)
    slowest_s: float = 0.0
    turns: int = 0
    windows: int = 0
    limit_s: float = math.inf

    def ask(self, do: str, /, **arguments: Any) -> dict[str, Any]:
        """The one answer that the workers' answers make."""
        answer: dict[str, Any] = getattr(self, f"_{do}")(**arguments)
        return answer

    def renew(self) -> None:
        """Give all of them the whole time limit anew."""
        for handle in self.handles:
            handle.renew()

    def close(self) -> None:
        """End all processes."""
        _close(self.handles)

    def _ask_all(self, do: str, **arguments: Any) -> list[dict[str, Any]]:
        for handle in self.handles:
            handle.tell(do, **arguments)
        return [self._check(do, handle.hear()) for handle in self.handles]

    def _check(self, do: str, answer: dict[str, Any]) -> dict[str, Any]:
        """The answer of one worker, before any of it is used."""
        try:
            check_answer(do, answer, self.limit_s)
        except SchemaError as error:
            raise WorkerError("failed", describe_fault(do, error)) from None
        return answer

    def _build(self, logits_path: str) -> dict[str, Any]:
        """Build the first alone, whose phases count, then the others at once: they find what it has compiled."""
        built = [self._check("build", self.handles[0].ask("build", logits_path=logits_path))]
        paths = [logits_path, *(f"{logits_path}.{index}.npy" for index in range(1, len(self.handles)))]
        for handle, path in zip(self.handles[1:], paths[1:], strict=True):
            handle.tell("build", logits_path=path)
        built += [self._check("build", handle.hear()) for handle in self.handles[1:]]
        self._keep_worst(paths)
        effective = [{"jobs": 1, **answer["effective"]} for answer in built]
        self.depths = [values["jobs"] for values in effective]
        sums = {name: _add(effective, name) for name in ("threads", "streams", "jobs")}
        return {**built[0], "effective": {**effective[0], **sums}}

    def _infer(self, **arguments: Any) -> dict[str, Any]:
        """The first computes: all have the same model."""
        return self._check("infer", self.handles[0].ask("infer", **arguments))

    def _profile(self) -> dict[str, Any]:
        """The first tells its layers."""
        return self._check("profile", self.handles[0].ask("profile"))

    def _keep_worst(self, paths: Sequence[str]) -> None:
        """Leave in the first file the logits that are furthest from the reference; none is further than no number."""
        if len(paths) > 1:
            reference = read_logits(self.assets / REFERENCE)

            def distance(logits: npt.NDArray[np.float32]) -> float:
                furthest = float(np.abs(logits - reference).max())
                return furthest if math.isfinite(furthest) else math.inf

            np.save(paths[0], max((read_logits(Path(path), reference) for path in paths), key=distance))

    def _warm_up(self, max_s: float, max_calls: int) -> dict[str, Any]:
        warmed = self._ask_all("warm_up", max_s=max_s, max_calls=max_calls)
        self.slowest_s = max(answer["median_s"] for answer in warmed)
        return {
            "calls": min(answer["calls"] for answer in warmed),
            "steady": all(answer["steady"] for answer in warmed),
            # A turn is at least so long.
            "median_s": LEAST_REQUESTS * self.slowest_s,
            "elapsed_s": max(answer["elapsed_s"] for answer in warmed),
            "faults": list(dict.fromkeys(fault for answer in warmed for fault in answer.get("faults", ()))),
        }

    def _take_turn(self, slice_s: float, max_calls: int) -> dict[str, Any]:
        # A fast instance works on until the slowest has had its requests; else they would not be at work together.
        until_s = self.now() + max(slice_s, LEAST_REQUESTS * self.slowest_s)
        taken = self._ask_all("take_flow", until_s=until_s, least=LEAST_REQUESTS, max_calls=max_calls)
        logs = [
            RequestLog(tuple(answer["starts_s"]), tuple(answer["ends_s"]), depth)
            for answer, depth in zip(taken, self.depths, strict=True)
        ]
        samples = cut_windows(logs)
        self.turns, self.windows = self.turns + 1, self.windows + len(samples.windows_s)
        return {
            "samples_s": list(samples.windows_s),
            "requests_s": list(samples.requests_s),
            "involuntary_switches": sum(answer["involuntary_switches"] for answer in taken),
            "calls": sum(len(answer["starts_s"]) for answer in taken),
        }

    def _memory(self) -> dict[str, Any]:
        """The memory of all processes together; what they share is counted once for each.

        It is called after the last turn, so it also raises the error if no turn gave a window.
        """
        if self.turns and not self.windows:
            why = f"no window in {self.turns} turns: all {sum(self.depths)} requests were never in flight long enough"
            raise WorkerError("failed", f"{why}; ask for fewer streams, or find a quieter machine")
        answers = self._ask_all("memory")
        return {name: _add(answers, name) for name in ("peak_rss_bytes", "base_rss_bytes")}


def _add(answers: Sequence[dict[str, Any]], name: str) -> int | None:
    """The sum of what all report under this name; None where one does not report it."""
    known = [answer[name] for answer in answers if answer.get(name) is not None]
    return sum(known) if len(known) == len(answers) else None


def _close(handles: Sequence[Handle]) -> None:
    """End all processes at once: each that hangs is waited for, and an interruption here must leave none alive."""
    if handles:
        # Threads that have begun end their work whatever happens to this one.
        with ThreadPoolExecutor(len(handles)) as pool:
            closing = [pool.submit(handle.close) for handle in handles]
        for one in closing:
            one.result()
