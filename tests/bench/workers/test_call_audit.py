"""Honest calls pass the audit on the first attempt, also where the machine is slow after a pause."""

from __future__ import annotations

import numpy as np
import pytest

from bench.workers import call_audit
from bench.workers.call_audit import audit_calls, count_threads, find_extra_threads

IMAGES = np.random.default_rng(0).standard_normal((4, 2, 3, 8, 8)).astype(np.float32)


class Model:
    """A clock that steps count up, and a model whose logits are the first pixels."""

    def __init__(self, **costs_s):
        self.costs_s, self.now_s, self.fed = {"feed": 0.0, "call": 1.0, "read": 0.0, **costs_s}, 0.0, 0

    def feed(self, images):
        self.images, self.fed = images.copy(), self.fed + 1
        self.now_s += self.costs_s["feed"]

    def runner(self, index):
        def run():
            self.now_s += self.costs_s["call"]
            return self.images[index].reshape(2, -1)[:, :10]

        return run

    def read(self, output):
        self.now_s += self.costs_s["read"]
        return output.copy()


def audit(monkeypatch, model, call_s=1.0):
    monkeypatch.setattr(call_audit.time, "perf_counter", lambda: model.now_s)
    return audit_calls(model, [IMAGES.copy()], IMAGES.reshape(4, 2, -1)[:, :, :10], call_s)


def test_honest_calls_pass_at_once(monkeypatch):
    model = Model(feed=0.5, read=0.1)
    assert audit(monkeypatch, model) == []
    assert model.fed == 2


def test_calls_that_are_slow_after_a_pause_are_not_accused(monkeypatch):
    assert audit(monkeypatch, Model(), call_s=0.1) == []


@pytest.mark.parametrize(("step", "fault"), [("feed", "feeding a batch takes 25 times"), ("read", "reading an output")])
def test_work_outside_the_call_is_named_after_every_attempt(monkeypatch, step, fault):
    model = Model(**{step: 100.0})
    [found] = audit(monkeypatch, model)
    assert found.startswith(fault)
    assert model.fed == 12


def test_threads_are_measured_once_more_before_a_backend_is_accused():
    _, idle = count_threads(lambda: None)
    assert idle >= 0
    assert find_extra_threads(1.4, 1, lambda: None, queued=False) == []
    assert find_extra_threads(2.4, 1, lambda: None, queued=True) == []
