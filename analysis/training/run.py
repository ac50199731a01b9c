"""A whole training: data, network, loop and files, and the document that says what came out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch

from analysis.rank.spectra.torch_threads import torch_threads
from analysis.training.checkpoints import (
    BEST,
    LAST,
    LOG,
    check_out,
    make_out,
    read_checkpoint,
    write_checkpoint,
    write_log,
)
from analysis.training.data import read_data
from analysis.training.document import describe_training
from analysis.training.loading import Loader
from analysis.training.loop import DivergedError, Loop
from analysis.training.model import open_learner
from analysis.training.optimisation import make_average, make_optimizer
from analysis.training.processes import join
from analysis.training.schedule import Schedule
from analysis.training.standing import Standing
from analysis.training.tensorboard_log import open_log
from rexnet_core.errors import InputError, first_line
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from analysis.study import Study
    from analysis.training.data import TrainingData
    from analysis.training.loop import Guard
    from analysis.training.processes import Processes
    from analysis.training.setting import TrainingSetting

_CHANGES = "a lower --learning-rate, a longer warm-up, or --clip-norm 1"


def run_training(
    setting: TrainingSetting,
    progress: Callable[[str, int, int], object],
    *,
    guard: Guard,
) -> Study:
    """Train a network, or go on with a training that was interrupted.

    After Ctrl-C, or a loss that is not finite, the study is about the epochs so far, and ``ended`` says why.

    Args:
        setting: Data, model, recipe and folder.
        progress: Called with a word, the updates or pictures done and their number.
        guard: A context that a first signal does not break off, and that tells whether one has come.

    Raises:
        InputError: Data, weights or folder can't be used, or a checkpoint is not this training's.
    """
    with open_training(setting) as training:
        return training.train(progress, guard=guard)


@contextmanager
def open_training(setting: TrainingSetting) -> Iterator[Training]:
    """A training that is ready to begin, or to go on; torch's settings and generator are its own for the context.

    Raises:
        InputError: Data, weights or folder can't be used, or a checkpoint is not this training's.
    """
    with join(setting.device) as processes, _settled(setting):
        check_out(setting.out, resume=setting.resume)
        training = Training(setting, read_data(setting), processes)
        if setting.resume:
            training.restore()
        yield training


class Training:
    """The parts of a training, and their way into a checkpoint and back."""

    def __init__(self, setting: TrainingSetting, data: TrainingData, processes: Processes) -> None:
        self.setting, self.data, self.processes = setting, data, processes
        self.schedule = Schedule(
            recipe=setting.recipe,
            images=len(data.train),
            processes=processes.place.count,
            passes=setting.accumulate,
            seed=setting.seed,
        )
        self.learner = open_learner(setting, data.classes)
        module = self.learner.module.to(setting.device)
        if setting.channels_last:
            module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if setting.sync_batch_norm:
            torch.nn.SyncBatchNorm.convert_sync_batchnorm(module)  # type: ignore[no-untyped-call]
        decay = setting.recipe.ema_decay
        self.average = make_average(module, decay) if decay else None
        self.optimizer = make_optimizer(module, setting.recipe)
        self.standing = Standing()

    def train(self, progress: Callable[[str, int, int], object], *, guard: Guard) -> Study:
        """What came out, as `run_training` says."""
        if self.processes.place.first:
            make_out(self.setting.out)
        ended, reason = self._run(progress, guard)
        return describe_training(
            setting=self.setting,
            data=self.data,
            learner=self.learner,
            schedule=self.schedule,
            standing=self.standing,
            ended=ended,
            reason=reason,
        )

    def _run(self, progress: Callable[[str, int, int], object], guard: Guard) -> tuple[str, str]:
        """How the training ended, and why if not as planned."""
        loop = Loop(
            setting=self.setting,
            data=self.data,
            learner=self.learner,
            average=self.average,
            optimizer=self.optimizer,
            schedule=self.schedule,
            loader=self._loader(),
            processes=self.processes,
            standing=self.standing,
        )
        with open_log(self._tensorboard(), self.standing.step) as log:

            def keep(row: dict[str, Any]) -> None:
                self._keep(row)
                log(row)

            try:
                return loop.run(self._save, keep, progress, guard), ""
            except DivergedError as error:
                return "diverged", f"{error}; {self._find_remedy()}"

    def _find_remedy(self) -> str:
        """What helps against a loss that is not finite; a changed recipe can't resume."""
        out = self.setting.out
        if self.standing.best is not None:
            begin = f"go on from the best weights with --weights {out / BEST} --keep-classifier --out NEW and"
        elif (out / LAST).exists():
            begin = "no epoch has ended, begin anew in another --out with"
        else:
            begin = "there is no checkpoint yet, begin anew with"
        return f"{begin} {_CHANGES}"

    def _loader(self) -> Loader:
        setting, learner = self.setting, self.learner
        return Loader(
            self.data.train,
            setting.recipe,
            learner.resolution,
            learner.preprocessing,
            seed=setting.seed,
            skip_unreadable=setting.skip_unreadable,
        )

    def _tensorboard(self) -> Any:
        return self.setting.out / "tensorboard" if self.setting.tensorboard and self.processes.place.first else None

    def _keep(self, row: dict[str, Any]) -> None:
        """Take in the row of an epoch, and write the weights if it is the best so far."""
        best = self.standing.best
        better = best is None or _merit(row) > _merit(best)
        self.standing.history.append({**row, "best": better})
        if not better:
            return
        self._check_finite()
        self.standing.best = dict(row)
        if self.processes.place.first:
            module = self.average.module if self.average is not None else self.learner.module
            write_checkpoint(
                self.setting.out / BEST,
                {
                    "state_dict": dict(module.state_dict()),
                    "weights_are": "moving average" if self.average is not None else "last update",
                    "metrics": row,
                    **self._told(),
                },
            )

    def _save(self) -> None:
        """Write all that it takes to reach this very point again."""
        self._check_finite()
        standing = self.standing.gather(self.processes.add_up)
        if not self.processes.place.first:
            return
        content: dict[str, Any] = {"state_dict": dict(self.learner.module.state_dict())}
        if self.average is not None:
            content |= {
                "state_dict_ema": dict(self.average.module.state_dict()),
                "ema_updates": int(self.average.n_averaged),
            }
        content["optimizer"] = self.optimizer.state_dict()
        content["standing"] = standing.as_dict()
        write_log(self.setting.out / LOG, standing.history)
        write_checkpoint(self.setting.out / LAST, content | self._told())

    def _check_finite(self) -> None:
        """Keep weights that are not finite out of every checkpoint."""
        if not all(bool(tensor.isfinite().all()) for tensor in self.learner.module.state_dict().values()):
            raise DivergedError(f"a weight after update {self.standing.step} is not finite")

    def _told(self) -> dict[str, Any]:
        """What a checkpoint tells besides tensors."""
        return {
            "model": self.setting.model,
            "classes": list(self.data.classes),
            "resolution": self.learner.resolution,
            "recipe": self.setting.recipe.as_dict(),
            "decides": self.setting.decides() | {"processes": self.processes.place.count},
            "data": self.data.fingerprint(),
            "started_from": self.learner.weights,
        }

    def restore(self) -> None:
        """Go to the point at which the last checkpoint was written.

        Raises:
            InputError: There is none, or it is of another training.
        """
        path = self.setting.out / LAST
        content = read_checkpoint(path)
        try:
            self._check_same(content)
            self.learner.module.load_state_dict(content["state_dict"])
            self.optimizer.load_state_dict(content["optimizer"])
            if self.average is not None:
                self.average.module.load_state_dict(content["state_dict_ema"])
                self.average.n_averaged.fill_(content["ema_updates"])
            self.standing = Standing.from_dict(content["standing"])
            self.standing.check(self.schedule.steps_per_epoch)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError, IndexError) as error:
            raise InputError(f"{path} is no whole checkpoint ({first_line(error)}); begin anew elsewhere") from None
        if not self.processes.place.first:
            self.standing.begin_epoch()  # the first process has the sums of all

    def _check_same(self, content: dict[str, Any]) -> None:
        told = self._told()
        for name, what in (("data", "pictures"), ("classes", "classes"), ("started_from", "--weights")):
            if _identity(content[name]) != _identity(told[name]):
                raise InputError(
                    f"--resume needs the training's own {what}, these are others; begin anew in another --out"
                )
        now, then = _flatten(told["decides"]), _flatten(content["decides"])
        for name in now:
            if now[name] != then.get(name):
                raise InputError(
                    f"--resume needs the options of the training's beginning, {name} was {then.get(name)!r} and is "
                    f"{now[name]!r}; give that, or begin anew in another --out"
                )


def _identity(told: Any) -> Any:
    """What tells a file of weights from another, wherever it lies; anything else as it is."""
    return (told.get("sha256"), told.get("entry")) if isinstance(told, dict) else told


def _merit(row: dict[str, Any]) -> tuple[float, float]:
    return row["val_top1_percent"], -row["val_loss"]


def _flatten(values: dict[str, Any]) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= value if isinstance(value, dict) else {name: value}
    return flat


@contextmanager
def _settled(setting: TrainingSetting) -> Iterator[None]:
    """That many threads, deterministic kernels on the CPU, and torch's generator as it was afterwards."""
    deterministic = torch.are_deterministic_algorithms_enabled()
    with torch.random.fork_rng(devices=[]), torch_threads(setting.threads):
        try:
            # A model from elsewhere may have layers that have no deterministic kernel.
            torch.use_deterministic_algorithms(setting.device == "cpu" and setting.source == REGISTERED)
            yield
        finally:
            torch.use_deterministic_algorithms(deterministic)
