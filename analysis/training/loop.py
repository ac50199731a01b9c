"""The loop of a training: updates, validation at the end of each epoch, checkpoints, and ends of every kind."""

from __future__ import annotations

import math
from contextlib import closing, nullcontext
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy
from torch.nn.parallel import DistributedDataParallel

from analysis.accuracy.hits import TOP, Hits, count_hits, ranks_of
from analysis.guests import blame_model
from analysis.training.optimisation import set_rate
from analysis.training.schedule import model_seed
from rexnet_core.errors import InputError
from rexnet_core.preprocess import load_as_published
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator
    from contextlib import AbstractContextManager

    from torch import Tensor, nn
    from torch.optim.swa_utils import AveragedModel

    from analysis.accuracy.folder import LabelledImage
    from analysis.training.data import TrainingData
    from analysis.training.loading import Batch, Loader
    from analysis.training.model import Learner
    from analysis.training.processes import Processes
    from analysis.training.schedule import Schedule
    from analysis.training.setting import TrainingSetting
    from analysis.training.standing import Standing

    #: Makes a context that a first signal does not break off, and that tells whether one has come.
    Guard = Callable[[], AbstractContextManager[Callable[[], bool]]]


class DivergedError(Exception):
    """The loss, a weight or an output is not finite; the message says where."""


class Loop:
    """A training that can be run once.

    Args:
        setting: What is asked for.
        data: The pictures.
        learner: The network, on its device.
        average: Its moving average, if there is one.
        optimizer: Of its weights.
        schedule: What each update gets.
        loader: Reads the pictures.
        processes: That share the work.
        standing: Where to begin; it is changed.
    """

    def __init__(
        self,
        *,
        setting: TrainingSetting,
        data: TrainingData,
        learner: Learner,
        average: AveragedModel | None,
        optimizer: torch.optim.Optimizer,
        schedule: Schedule,
        loader: Loader,
        processes: Processes,
        standing: Standing,
    ) -> None:
        self.setting, self.data, self.learner, self.average = setting, data, learner, average
        self.optimizer, self.schedule, self.loader = optimizer, schedule, loader
        self.processes, self.standing = processes, standing
        wrap = DistributedDataParallel if not processes.alone else None
        self._network: Any = wrap(learner.module) if wrap else learner.module
        self._begun = standing.step
        self._asked: Callable[[], bool] = lambda: False

    def run(
        self,
        save: Callable[[], None],
        keep: Callable[[dict[str, Any]], None],
        progress: Callable[[str, int, int], object],
        guard: Guard,
    ) -> str:
        """Train to the end: ``done``, ``early`` after epochs without a better one, or ``stopped`` by the user.

        Args:
            save: Writes a checkpoint from which this very point is reached again.
            keep: Is given the row of an epoch that has ended.
            progress: Called with a word, the updates or pictures done and their number.
            guard: A context that a first signal does not break off, and that tells whether one has come.

        Raises:
            DivergedError: Something is not finite; the weights are those before it.
            InputError: A picture can't be read, or a checkpoint can't be written.
        """
        ended = ""
        try:
            with closing(self.loader.read(self._plan(), self.setting.workers)) as batches:
                if self.processes.alone:
                    return self._follow(batches, save, keep, progress, guard)
                # Several processes wait for one another: no signal may break off one of them anywhere.
                with guard() as self._asked:
                    ended = self._follow(batches, save, keep, progress, guard)
        except KeyboardInterrupt:
            if self.processes.alone:
                save()
                return "stopped"
            if not ended:
                raise
        return ended

    def _follow(
        self,
        batches: Generator[list[Batch], None, None],
        save: Callable[[], None],
        keep: Callable[[dict[str, Any]], None],
        progress: Callable[[str, int, int], object],
        guard: Guard,
    ) -> str:
        standing, schedule, every = self.standing, self.schedule, self.setting.checkpoint_every
        while not (ended := self._find_end()):
            if self.processes.any(self._asked()):
                save()
                return "stopped"
            if standing.step == (len(standing.history) + 1) * schedule.steps_per_epoch:
                if not standing.history:  # best.pth never lies in a folder without last.pth
                    save()
                row = self._validate(progress, save)
                with guard():
                    keep(row)
                    standing.begin_epoch()
                    save()
                continue
            with guard():
                self._update(self._take(batches, save))
                if every and standing.step % every == 0 and standing.step % schedule.steps_per_epoch:
                    save()
            progress("updates", standing.step - self._begun, schedule.steps - self._begun)
        return ended

    def _find_end(self) -> str:
        """``done`` or ``early`` if there is nothing more to train, also of a training that is resumed; else empty."""
        if len(self.standing.history) >= self.setting.recipe.epochs:
            return "done"
        patience = self.setting.patience
        return "early" if patience is not None and self.standing.epochs_since_best() >= patience else ""

    def _plan(self) -> Iterator[tuple[int, list[list[int]]]]:
        """Epoch and pictures of each update to come, for this process."""
        schedule, rank = self.schedule, self.processes.place.rank
        order: list[int] = []
        for step in range(self.standing.step, schedule.steps):
            epoch = step // schedule.steps_per_epoch
            if not order or step % schedule.steps_per_epoch == 0:
                order = schedule.order(epoch)
            yield epoch, schedule.share(order, step, rank)

    def _take(self, batches: Iterator[list[Batch]], save: Callable[[], None]) -> list[Batch]:
        """The pictures of the next update."""
        passes: list[Batch] = []
        error = None
        try:
            passes = next(batches)
        except InputError as found:
            error = found
        self._end_together(error, save)
        self._name_unreadable(path for one in passes for path in one.unreadable)
        return passes

    def _end_together(self, error: InputError | None, save: Callable[[], None]) -> None:
        """Keep what has been learned and end, if a picture can't be read in any of the processes."""
        if not self.processes.any(error is not None):
            return
        save()
        raise error or InputError("all pictures must be readable, another process met a damaged one and names it")

    def _name_unreadable(self, paths: Iterable[str]) -> None:
        known = self.standing.unreadable
        known += [path for path in dict.fromkeys(paths) if path not in known]

    def _update(self, passes: list[Batch]) -> None:
        """One update of the weights; all of it, or none if the loss is not finite."""
        recipe, standing = self.setting.recipe, self.standing
        torch.manual_seed(model_seed(self.setting.seed, standing.step, self.processes.place.rank))
        set_rate(self.optimizer, self.schedule.rate(standing.step))
        found = [self._pass(one, last=index == len(passes) - 1, parts=len(passes)) for index, one in enumerate(passes)]
        if self.processes.any(not all(math.isfinite(loss) for loss, *_ in found)):
            raise DivergedError(f"the loss of update {standing.step + 1} is not finite")
        if recipe.clip_norm:
            torch.nn.utils.clip_grad_norm_(self.learner.module.parameters(), recipe.clip_norm)
        self.optimizer.step()
        self.optimizer.zero_grad()
        if self.average is not None:
            self.average.update_parameters(self.learner.module)
        standing.step += 1
        for one, (loss, top1, top5) in zip(passes, found, strict=True):
            standing.images += len(one.labels)
            standing.loss += loss * len(one.labels)
            standing.top1 += top1
            standing.top5 += top5

    def _pass(self, one: Batch, *, last: bool, parts: int) -> tuple[float, int, int]:
        """Add the gradients of a pass; its loss, and how many were right first and among the first five."""
        setting = self.setting
        images, labels = one.images.to(setting.device), one.labels.to(setting.device)
        if setting.channels_last:
            images = images.contiguous(memory_format=torch.channels_last)
        apart = self._network.no_sync() if not self.processes.alone and not last else nullcontext()
        with apart:
            autocast = torch.autocast(setting.device, torch.bfloat16, enabled=setting.precision == "bf16")
            with autocast, blame_model(setting.model) if setting.source != REGISTERED else nullcontext():
                logits: Tensor = self._network(images)
            logits = logits.float()
            loss = cross_entropy(logits, labels, label_smoothing=setting.recipe.label_smoothing)
            (loss / parts).backward()  # type: ignore[no-untyped-call]
        ranks = ranks_of(logits.detach().cpu(), one.labels)
        return float(loss.detach()), int((ranks == 0).sum()), int((ranks < TOP).sum())

    def validated(self) -> nn.Module:
        """The network whose accuracy is measured and kept: the moving average, if there is one."""
        return self.average.module if self.average is not None else self.learner.module

    def _validate(self, progress: Callable[[str, int, int], object], save: Callable[[], None]) -> dict[str, Any]:
        """The row of the epoch that has ended."""
        network, place = self.validated(), self.processes.place
        self.processes.align(network)
        images = self.data.val[place.rank :: place.count]
        losses: list[float] = []

        def classify(pixels: Tensor) -> Tensor:
            logits: Tensor = network(pixels.to(self.setting.device)).float().cpu()
            if not logits.isfinite().all():
                raise DivergedError(f"outputs after update {self.standing.step} are not finite")
            return logits

        network.eval()
        hits, error = Hits(), None
        try:
            for hits in count_hits(
                classify,
                images,
                self._load,
                batch_size=max(1, self.schedule.batch // (place.count * self.setting.accumulate)),
                threads=self.setting.threads,
                skip_unreadable=self.setting.skip_unreadable,
                watch=lambda _pixels, logits, labels: losses.append(
                    float(cross_entropy(logits, labels, reduction="sum"))
                ),
            ):
                progress("validation", hits.images + len(hits.unreadable), len(images))
        except InputError as found:
            error = found
        self._end_together(error, save)
        self.learner.set_training(freeze=self.setting.freeze)
        self._name_unreadable(hits.unreadable)
        return self._describe_epoch(self.processes.add_up([hits.images, hits.top1, hits.top5, sum(losses)]), save)

    def _load(self, image: LabelledImage) -> Any:
        return load_as_published(image.path, self.learner.resolution, self.learner.preprocessing)

    def _describe_epoch(self, found: list[float], save: Callable[[], None]) -> dict[str, Any]:
        images, top1, top5, loss = found
        standing = self.standing
        if not images:
            save()
            raise InputError(f"a validation needs pictures, none in {self.data.val_folder} can be read; replace them")
        seen = self.processes.add_up([standing.images, standing.loss, standing.top1, standing.top5])
        five = len(self.data.classes) >= TOP
        return {
            "epoch": len(standing.history) + 1,
            "step": standing.step,
            "learning_rate": self.schedule.rate(standing.step - 1),
            "train_loss": seen[1] / seen[0],
            "train_top1_percent": 100 * seen[2] / seen[0],
            "train_top5_percent": 100 * seen[3] / seen[0] if five else None,
            "val_loss": loss / images,
            "val_top1_percent": 100 * top1 / images,
            "val_top5_percent": 100 * top5 / images if five else None,
            "val_images": int(images),
        }
