"""Which pictures each update gets, and at which rate: functions of the seed and the step alone. No torch here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from analysis.training.recipe import STEP_FACTOR, STEP_PARTS
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from analysis.training.recipe import Recipe

#: What a seed is for: numbers of different uses must not be the same.
_ORDER, _PICTURE, _MODEL = 1, 2, 3
#: A batch norm needs two pictures to tell them apart.
_LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The plan of a training.

    Args:
        recipe: How it is trained.
        images: Training pictures.
        processes: That share each batch.
        passes: Of each process for one update.
        seed: Of the order.
    """

    recipe: Recipe
    images: int
    processes: int = 1
    passes: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        parts = self.processes * self.passes
        if self.batch % parts or self.batch // parts < _LEAST:
            raise InputError(
                f"--batch-size must be a multiple of processes times --accumulate ({self.processes} x {self.passes}), "
                f"with {_LEAST} pictures or more in each pass, got {self.batch}; give such a number"
            )
        if self.images < self.batch:
            raise InputError(
                f"a batch must not be larger than the training set ({self.images} pictures), got {self.batch}; give a "
                "smaller --batch-size, or more pictures"
            )

    @property
    def batch(self) -> int:
        """Pictures of one update."""
        return self.recipe.batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Updates of an epoch; the pictures that do not fill a batch are left out, others in each epoch."""
        return self.images // self.batch

    @property
    def steps(self) -> int:
        """Updates of the whole training."""
        return self.recipe.epochs * self.steps_per_epoch

    def order(self, epoch: int) -> list[int]:
        """Indices of the pictures of an epoch in their order."""
        random = np.random.default_rng((self.seed, _ORDER, epoch))
        return [int(index) for index in random.permutation(self.images)[: self.steps_per_epoch * self.batch]]

    def share(self, order: list[int], step: int, rank: int) -> list[list[int]]:
        """Indices of the pictures of one update in one process, a list for each pass."""
        place = step % self.steps_per_epoch * self.batch
        own = order[place : place + self.batch][rank :: self.processes]
        size = len(own) // self.passes
        return [own[start : start + size] for start in range(0, len(own), size)]

    def rate(self, step: int) -> float:
        """The learning rate of an update; it changes with every update."""
        warmup = round(self.recipe.warmup_epochs * self.steps_per_epoch)
        top = self.recipe.learning_rate
        if step < warmup:
            return top * (step + 1) / (warmup + 1)
        done = (step - warmup) / max(1, self.steps - warmup)
        if self.recipe.schedule == "cosine":
            return top * (1 + math.cos(math.pi * done)) / 2
        if self.recipe.schedule == "step":
            part = step // self.steps_per_epoch * STEP_PARTS // self.recipe.epochs
            return top * STEP_FACTOR**part
        return top


def picture_seed(seed: int, epoch: int, index: int) -> tuple[int, ...]:
    """The seed of one picture's augmentation: the same in any batch, process and thread."""
    return (seed, _PICTURE, epoch, index)


def model_seed(seed: int, step: int, rank: int) -> int:
    """The seed of what the model itself draws in one update: dropout and stochastic depth."""
    return spread_seed((seed, _MODEL, step, rank))


def spread_seed(words: tuple[int, ...]) -> int:
    """One whole number of 63 bits from several."""
    return int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0] >> np.uint64(1))
