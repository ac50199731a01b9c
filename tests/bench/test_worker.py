"""A worker times its calls, and can make them longer by a known share."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from bench import worker
from bench.records.case import Case
from bench.records.files import IMAGES
from bench.records.measurement import Effective
from bench.worker import Worker


@pytest.mark.parametrize(("slow_by", "taken_ns"), [(0.0, 1000), (0.05, 1050), (0.5, 1500)])
def test_a_call_is_made_longer_by_a_share_of_its_own_time(monkeypatch, slow_by, taken_ns):
    ticks = itertools.count()
    moments = [0, 1000]  # the call itself; then the clock goes on by 10 ns at each look
    monkeypatch.setattr(
        worker.time, "perf_counter_ns", lambda: moments[tick] if (tick := next(ticks)) < 2 else 1000 + 10 * (tick - 1)
    )
    own = object.__new__(Worker)
    own.runners, own.next = [lambda: None], 0
    assert own.sample(slow_by) == pytest.approx(taken_ns * 1e-9, abs=21e-9)


class Queue:
    """A backend that keeps two requests in flight, and notes what it was asked to do."""

    def __init__(self):
        self.done = []

    def load(self):
        pass

    build = convert = compile = load

    def feed(self, images):
        self.images = images

    def runner(self, index):
        return lambda: self.done.append(f"fill with {index}")

    def request(self, index):
        return lambda: self.done.append(f"one of {index}")

    def read(self, _output):
        return np.zeros((1, 10), dtype=np.float32)

    def effective(self):
        return Effective()

    def pump(self, *_):
        return []


@pytest.mark.parametrize(("scenario", "call"), [("throughput", "one of"), ("latency", "fill with")])
def test_the_first_inference_of_a_queue_is_one_request(monkeypatch, tmp_path, scenario, call):
    backend = Queue()
    monkeypatch.setattr(worker, "open_backend", lambda _case, _assets: backend)
    np.save(tmp_path / IMAGES, np.zeros((2, 1, 3, 8, 8), dtype=np.float32))
    case = Case(model="rexnet_1.0", resolution=8, batch=1, backend="openvino", scenario=scenario)
    Worker(case, tmp_path).build(str(tmp_path / "logits.npy"))
    assert backend.done == [f"{call} 0", f"{call} 0", f"{call} 1"]


@pytest.mark.parametrize("settles", [True, False])
def test_a_turn_tells_all_its_calls_also_the_one_that_is_no_sample(monkeypatch, settles):
    made = []
    monkeypatch.setattr(Worker, "sample", lambda _self, _slow_by=0.0: made.append(0.01) or 0.01)
    one = object.__new__(Worker)
    one.settles, one.backend = settles, None
    told = one.take_turn(slice_s=0.0, max_calls=3)
    assert (told["samples_s"], told["calls"]) == ([0.01], len(made))
    assert told["calls"] == 1 + settles
