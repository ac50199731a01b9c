"""How far a training is, as plain values that a checkpoint holds."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from analysis.schema import read_as

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


#: What is known of an epoch, by column.
Row = dict[str, int | float | bool | None]


@dataclass(slots=True, kw_only=True)
class Standing:
    """How far a training is.

    Args:
        step: Updates done.
        images: Pictures of the current epoch so far.
        loss: Sum of their losses.
        top1: How many of them were right.
        top5: How many had their class among the first five.
        history: A row for each finished epoch.
        best: The row of the best validation; None before the first.
        unreadable: Damaged pictures that were passed over.
    """

    step: int = 0
    images: int = 0
    loss: float = 0.0
    top1: int = 0
    top5: int = 0
    history: list[Row] = field(default_factory=list)
    best: Row | None = None
    unreadable: list[str] = field(default_factory=list)

    def begin_epoch(self) -> None:
        """Forget the sums of the last epoch."""
        self.images, self.loss, self.top1, self.top5 = 0, 0.0, 0, 0

    def epochs_since_best(self) -> int:
        """Finished epochs after the best one."""
        return len(self.history) - int((self.best or {}).get("epoch") or 0)

    def gather(self, add_up: Callable[[list[float]], list[float]]) -> Standing:
        """The same with the sums of all processes, which `add_up` gives."""
        images, loss, top1, top5 = add_up([self.images, self.loss, self.top1, self.top5])
        return replace(self, images=int(images), loss=loss, top1=int(top1), top5=int(top5))

    def check(self, steps_per_epoch: int) -> None:
        """Check that the step belongs to the epoch after those that have ended.

        Raises:
            ValueError: It does not.
        """
        ended = len(self.history)
        if not math.isfinite(self.loss):
            raise ValueError("the sum of losses is not finite")
        if not ended * steps_per_epoch <= self.step <= (ended + 1) * steps_per_epoch:
            raise ValueError(f"update {self.step} does not follow {ended} epochs")

    def as_dict(self) -> dict[str, Any]:
        """All values, plain."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Standing:
        """What `as_dict` gave.

        Raises:
            SchemaError: A value is missing or of another type.
        """
        return read_as(cls, {spec.name: values[spec.name] for spec in fields(cls)})
