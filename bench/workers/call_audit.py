"""Whether timed calls do the work: the case is fed with new inputs, and what happens outside the calls is timed, too.

A backend that keeps outputs, computes while it is fed, or returns before its work is done would look fast.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from bench.records.outputs import flatten, list_tensors

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.backends import Backend, Images, Logits

T = TypeVar("T")
#: Batches that are computed again, with new contents.
AUDITED = 2
#: A busy machine can make one call slow; only what every attempt shows counts.
_ATTEMPTS = 6
#: Times as long as a call on known inputs: what a call on new ones, feeding a batch and reading an output may take.
_MOST = {"call": 3.0, "feed": 10.0, "read": 3.0}
_FAULTS = {
    "call": "a call on new inputs takes {:.0f} times as long as on inputs it has computed before: it keeps its outputs",
    "feed": "feeding a batch takes {:.0f} times as long as a call: the work is done before the clock starts",
    "read": "reading an output takes {:.0f} times as long as the call: the call returns before its work is done",
}
#: Each attempt scales its inputs by one more of this. Outputs change by little, so that earlier ones are the reference.
SCALE = 1e-3
#: Difference from the earlier output, relative to the largest logit, that rounding and scaling never reach.
_FAR = 0.2
#: An output belongs to another input if it is this many times nearer to that input's output than to its own.
_NEARER = 3.0
#: Threads runnable on average beyond the budget, which sleeping and waking threads never reach.
_THREADS_MARGIN = 0.5


def audit_calls(
    backend: Backend,
    inputs: Sequence[Images],
    logits: Logits,
    call_s: float,
    *,
    scale: float = SCALE,
    renew: Callable[[Images, float], None] | None = None,
) -> list[str]:
    """What is wrong with the calls of a warm backend, each fault in one line; its inputs are other ones afterwards.

    The inputs, each of shape ``(batches, N, ...)``, are overwritten; the logits, shape ``(batches, N, values)``, are
    what the backend answered for them, and a steady call takes `call_s` [s]. Each attempt scales the inputs by `scale`
    more; rounding to 8 bits carries such a step on, so that there images only change places. `renew` does both where
    the inputs are no arrays of numbers.
    """
    ratios = dict.fromkeys(_MOST, float("inf"))
    for attempt in range(1, _ATTEMPTS + 1):
        # Threads that fell asleep while the backend was fed take a while to wake, with known inputs as with new ones.
        known_s = _call(backend, inputs)[0]["call"]
        for values in inputs:
            if renew:
                renew(values, scale)
            else:
                _renew(values, scale, attempt)
        expected = np.roll(logits.reshape(-1, logits.shape[-1]), attempt, axis=0).reshape(logits.shape)
        times_s, outputs = _call(backend, inputs)
        if fault := _find_wrong_output(outputs, expected):
            return [fault]
        usual_s = max(call_s, known_s, 1e-9)
        ratios = {name: min(ratio, times_s[name] / usual_s) for name, ratio in ratios.items()}
        if all(ratios[name] <= most for name, most in _MOST.items()):
            return []
    return [fault.format(ratios[name]) for name, fault in _FAULTS.items() if ratios[name] > _MOST[name]]


def audit_steps(backend: Backend, inputs: Sequence[Images], call_s: float) -> tuple[list[str], Logits]:
    """What is wrong with the calls of a warm backend that trains, each fault in one line, and their outputs.

    The steps of the build are taken once more on the same inputs: from the same weights they must come to the same
    outputs. Other inputs would need a reference of their own, since the outputs of a step depend on all steps before.

    Args:
        backend: Whose weights are the first again.
        inputs: Each of shape ``(batches, N, ...)``, the labels last.
        call_s: Time of a steady step [s].

    Returns:
        The faults, and logits of shape ``(batches, N, classes)``.
    """
    batches, batch = inputs[0].shape[:2]
    feed_s, _ = _time(lambda: backend.feed(*inputs))
    read_s, rows = float("inf"), []
    for index in range(batches):
        output = backend.runner(index)()
        took_s, read = _time(lambda output=output: backend.read(output))  # type: ignore[misc]
        read_s = min(read_s, took_s)
        rows.append(flatten(list(list_tensors(read)), batch))
    ratios = {"feed": feed_s / batches / max(call_s, 1e-9), "read": read_s / max(call_s, 1e-9)}
    faults = [_FAULTS[name].format(ratio) for name, ratio in ratios.items() if ratio > _MOST[name]]
    return faults, np.stack(rows)


def _renew(images: Images, scale: float, attempt: int) -> None:
    """Move each image to the next place and change it a little, without a second copy of all in memory.

    Whole numbers differ by 1, 3, 5 ... in their bits from those before the first attempt: no attempt repeats another.
    """
    flat = images.reshape(-1, *images.shape[2:])
    last = flat[-1].copy()
    for index in range(len(flat) - 1, 0, -1):
        flat[index] = flat[index - 1]
    flat[0] = last
    if flat.dtype.kind == "f":
        flat *= 1 + scale
    else:
        np.bitwise_xor(flat, (2 * attempt - 1) ^ max(2 * attempt - 3, 0), out=flat)


def _call(backend: Backend, inputs: Sequence[Images]) -> tuple[dict[str, float], list[Logits]]:
    """Shortest time of each step [s], as the keys of `_MOST` have it, and the outputs."""
    batches, batch = inputs[0].shape[:2]
    feed_s, _ = _time(lambda: backend.feed(*inputs))
    times_s = {"call": float("inf"), "feed": feed_s / batches, "read": float("inf")}
    outputs: list[Logits] = []
    for index in range(min(AUDITED, batches)):
        call_s, output = _time(backend.runner(index))
        read_s, read = _time(lambda output=output: backend.read(output))  # type: ignore[misc]
        times_s = {**times_s, "call": min(times_s["call"], call_s), "read": min(times_s["read"], read_s)}
        outputs.append(flatten(list(list_tensors(read)), batch))
    return times_s, outputs


def _time(step: Callable[[], T]) -> tuple[float, T]:
    begun = time.perf_counter()
    result = step()
    return time.perf_counter() - begun, result


def _find_wrong_output(outputs: list[Logits], expected: Logits) -> str:
    """What is wrong with the outputs of the first batches; empty if each output belongs to its own inputs."""
    rows, own = np.concatenate(outputs), expected.reshape(-1, expected.shape[-1])
    for row, right in zip(rows, own, strict=False):
        distances = np.linalg.norm(own - row, axis=1)
        if np.linalg.norm(right - row) > _NEARER * distances.min():
            return "after new inputs were fed, a call returned the output of an earlier input"
        error = np.abs(right - row).max() / np.abs(own).max()
        if not error <= _FAR:
            return f"after the warm-up, a call returned another output than before it: relative error {error:.2g}"
    return ""


def count_threads(step: Callable[[], T]) -> tuple[T, float]:
    """The result of a step, and how many threads of this process were at work on average meanwhile.

    A thread that waits for a core counts: on a busy machine processor time alone would hide threads.
    """
    begun, runnable_s, processor_s = time.perf_counter(), _read_runnable_s(), time.process_time()
    result = step()
    elapsed_s = time.perf_counter() - begun
    # Threads that have ended are in the processor time alone.
    return result, max(_read_runnable_s() - runnable_s, time.process_time() - processor_s) / elapsed_s


def _read_runnable_s() -> float:
    """Time that the living threads ran or were ready to run, summed [s]; 0 where the system does not count it."""
    total_ns = 0
    for path in Path("/proc/self/task").glob("*/schedstat"):
        try:
            total_ns += sum(map(int, path.read_text().split()[:2]))
        except (OSError, ValueError):  # the thread has ended
            continue
    return total_ns * 1e-9


def find_extra_threads(used: float, threads: int, step: Callable[[], object], *, queued: bool) -> list[str]:
    """Whether more threads worked than were given, in one line; once more measured before a backend is accused.

    A thread of ours that fills a queue meanwhile may be added to the budget.
    """
    most = threads + queued + _THREADS_MARGIN
    if used > most:
        used = min(used, count_threads(step)[1])
    return [f"asked for threads {threads}, measured {used:.1f} at work at once"] if used > most else []
