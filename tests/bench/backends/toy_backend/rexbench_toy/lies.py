"""Backends that look fast or right without being so, each in one way. They run the file that the toy exports."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from bench.backends import BackendInfo
from rexbench_toy import Toy


class Liar(Toy):
    """Declares itself as a backend, and reports `admits` in the place of the truth."""

    def __init_subclass__(cls, name, **admits):
        cls.INFO, cls.open_backend, cls.admits = BackendInfo(name=name, library="rexbench-toy"), cls, admits

    def effective(self):
        return replace(super().effective(), **self.admits)


class KeepsOutputs(Liar, name="keeps_outputs"):
    """Computes each input once, and knows it again by its contents."""

    def build(self):
        self.kept = {}

    def infer(self, batch):
        key = float(batch.ravel()[0])
        if key not in self.kept:
            self.kept[key] = super().infer(batch)
        return self.kept[key]


class IgnoresNewInputs(Liar, name="ignores_new_inputs"):
    """Computes each place once, and knows it again by its number."""

    def build(self):
        self.kept = {}

    def runner(self, index):
        if index not in self.kept:
            self.kept[index] = self.infer(self.inputs[index])
        return lambda: self.kept[index]


class ComputesInFeed(Liar, name="computes_in_feed"):
    """Has the outputs ready before the clock starts."""

    def feed(self, images):
        self.outputs = [self.infer(batch) for batch in images]

    def runner(self, index):
        return lambda: self.outputs[index]


class ComputesInRead(Liar, name="computes_in_read"):
    """Returns at once, as an asynchronous runtime does that nobody waits for."""

    def runner(self, index):
        return lambda: self.inputs[index]

    def read(self, output):
        return np.array(self.infer(output))


class UsesMoreThreads(Liar, name="uses_more_threads"):
    """Computes on four threads whatever the budget."""

    def build(self):
        self.pool = ThreadPoolExecutor(4)
        self.work = bytes(2**22)

    def infer(self, batch):
        output = super().infer(batch)
        list(self.pool.map(hashlib.sha256, [self.work] * 4))
        return output


class AdmitsMoreThreads(Liar, name="admits_more_threads", threads=2):
    """Reports one thread more than was asked for."""


class RoundsToBf16(Liar, name="rounds_to_bf16"):
    """Reports fp32, and has the 8 bits of bfloat16."""

    def infer(self, batch):
        output = np.ascontiguousarray(super().infer(batch))
        return (output.view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


class AdmitsBf16(Liar, name="admits_bf16", precision="bf16"):
    """Reports another precision than was asked for."""


class AnswersOneInput(Liar, name="answers_one_input"):
    """Computes the first input whatever it is asked."""

    def infer(self, _batch):
        first = self.inputs[0][:1]
        return super().infer(np.repeat(first, self.case.batch, axis=0))


class AnswersNan(Liar, name="answers_nan"):
    """Computes, and has nothing to show for it."""

    def infer(self, batch):
        return super().infer(batch) * np.float32("nan")


class Tires(Liar, name="tires"):
    """Answers zeros once its logits have been compared."""

    calls = 0

    def infer(self, batch):
        self.calls += 1
        return super().infer(batch) * (self.calls < 15)
