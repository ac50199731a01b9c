"""How far a training is, as plain values that a checkpoint holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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
    history: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None
    unreadable: list[str] = field(default_factory=list)

    def begin_epoch(self) -> None:
        """Forget the sums of the last epoch."""
        self.images, self.loss, self.top1, self.top5 = 0, 0.0, 0, 0

    def epochs_since_best(self) -> int:
        """Finished epochs after the best one."""
        return len(self.history) - (self.best["epoch"] if self.best else 0)

    def as_dict(self) -> dict[str, Any]:
        """All values, plain."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Standing:
        """What `as_dict` gave."""
        return cls(**{spec.name: values[spec.name] for spec in fields(cls)})
