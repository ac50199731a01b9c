"""Backends that look fast or right without being so, each in one way. They run the file that the toy exports."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

import numpy as np

from bench.backends import BackendInfo
from rexbench_toy import Toy


class KeepsOutputs(Toy):
    """Computes each input once, and knows it again by its contents."""

    def build(self):
        self.kept = {}

    def infer(self, batch):
        key = float(batch.ravel()[0])
        if key not in self.kept:
            self.kept[key] = super().infer(batch)
        return self.kept[key]


class IgnoresNewInputs(Toy):
    """Computes each place once, and knows it again by its number."""

    def build(self):
        self.kept = {}

    def runner(self, index):
        if index not in self.kept:
            self.kept[index] = self.infer(self.inputs[index])
        return lambda: self.kept[index]


class ComputesInFeed(Toy):
    """Has the outputs ready before the clock starts."""

    def feed(self, images):
        self.outputs = [self.infer(batch) for batch in images]

    def runner(self, index):
        return lambda: self.outputs[index]


class ComputesInRead(Toy):
    """Returns at once, as an asynchronous runtime does that nobody waits for."""

    def runner(self, index):
        return lambda: self.inputs[index]

    def read(self, output):
        return np.array(self.infer(output))


class UsesMoreThreads(Toy):
    """Computes on four threads whatever the budget."""

    def build(self):
        self.pool = ThreadPoolExecutor(4)
        self.work = bytes(2**22)

    def infer(self, batch):
        output = super().infer(batch)
        list(self.pool.map(hashlib.sha256, [self.work] * 4))
        return output


class AdmitsMoreThreads(Toy):
    """Reports one thread more than was asked for."""

    def effective(self):
        return replace(super().effective(), threads=self.case.threads + 1)


class RoundsToBf16(Toy):
    """Reports fp32, and has the 8 bits of bfloat16."""

    def infer(self, batch):
        output = np.ascontiguousarray(super().infer(batch))
        return (output.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


class AdmitsBf16(Toy):
    """Reports another precision than was asked for."""

    def effective(self):
        return replace(super().effective(), precision="bf16")


class AnswersOneInput(Toy):
    """Computes the first input whatever it is asked."""

    def infer(self, _batch):
        first = self.inputs[0][:1]
        return super().infer(np.repeat(first, self.case.batch, axis=0))


class AnswersNan(Toy):
    """Computes, and has nothing to show for it."""

    def infer(self, batch):
        return super().infer(batch) * np.float32("nan")


class Tires(Toy):
    """Answers zeros once its logits have been compared."""

    calls = 0

    def infer(self, batch):
        self.calls += 1
        return super().infer(batch) * (self.calls < 15)


def _declare(name, backend):
    return SimpleNamespace(INFO=BackendInfo(name=name, library="rexbench-toy"), open_backend=backend)


KEEPS_OUTPUTS = _declare("keeps_outputs", KeepsOutputs)
IGNORES_NEW_INPUTS = _declare("ignores_new_inputs", IgnoresNewInputs)
COMPUTES_IN_FEED = _declare("computes_in_feed", ComputesInFeed)
COMPUTES_IN_READ = _declare("computes_in_read", ComputesInRead)
USES_MORE_THREADS = _declare("uses_more_threads", UsesMoreThreads)
ADMITS_MORE_THREADS = _declare("admits_more_threads", AdmitsMoreThreads)
ROUNDS_TO_BF16 = _declare("rounds_to_bf16", RoundsToBf16)
ADMITS_BF16 = _declare("admits_bf16", AdmitsBf16)
ANSWERS_ONE_INPUT = _declare("answers_one_input", AnswersOneInput)
ANSWERS_NAN = _declare("answers_nan", AnswersNan)
TIRES = _declare("tires", Tires)
