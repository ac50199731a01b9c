"""Backends that take training steps, each of which leaves something out."""

from __future__ import annotations

from bench.backends import BackendInfo
from bench.backends.training import TrainingModule


class Trainer(TrainingModule):
    """Declares itself as a backend."""

    def __init_subclass__(cls, name):
        cls.INFO, cls.open_backend = BackendInfo(name=name, library="rexbench-toy", trains=True), cls


class TrainsHonestly(Trainer, name="trains_honestly"):
    """Leaves nothing out."""


class SkipsBackward(Trainer, name="skips_backward"):
    """Has no gradients, which its optimiser bears."""

    def build(self):
        super().build()
        self.call = lambda *inputs: self.module(*inputs).detach().requires_grad_()


class SkipsUpdate(Trainer, name="skips_update"):
    """Computes gradients and throws them away."""

    def build(self):
        super().build()
        self.optimizer.step = lambda: None


class SkipsMomentum(Trainer, name="skips_momentum"):
    """Updates by the gradient alone."""

    def build(self):
        super().build()
        self.optimizer.param_groups[0].update(momentum=0.0, nesterov=False)


class StaysInEval(Trainer, name="stays_in_eval"):
    """Takes the statistics of its batch norms for those of the batch."""

    def build(self):
        super().build()
        self.module.eval()


class StopsTraining(Trainer, name="stops_training"):
    """Updates as long as its logits are compared."""

    def build(self):
        super().build()
        self.calls, step = 0, self.optimizer.step
        self.optimizer.step = lambda: self.update(step)

    def update(self, step):
        self.calls += 1
        if self.calls < 12:
            step()
