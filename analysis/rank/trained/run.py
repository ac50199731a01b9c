"""What one training gave, as a plain record. No torch here."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What is compared between networks; all but the first describe the final feature of the test images.
METRICS = ("accuracy", "nuclear_norm", "nuclear_norm_per_root_row", "nuclear_over_largest", "effective_rank")


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One network trained from one seed; NaN where the training failed.

    Args:
        network: Its name.
        group: ``table2`` or ``table3a``.
        seed: Seed of initial weights and order.
        params: Parameters.
        macs: Multiply-adds of one image.
        status: ``ok``, or ``failed`` where a number was not finite.
        reason: Why the run failed, in one line.
        epochs: Whole passes over the training images.
        loss: Mean cross entropy of the training images over the last whole pass [nats].
        accuracy: Share of the test images that are named right.
        nuclear_norm: That of the final feature, pooled, one row per test image, uncentred; scales with the feature and
            with the square root of the rows.
        nuclear_norm_per_root_row: The nuclear norm over the square root of the rows.
        nuclear_over_largest: The nuclear norm over the largest singular value, so without scale.
        effective_rank: That of the centred feature (Roy and Vetterli, EUSIPCO 2007), without scale.
    """

    network: str
    group: str
    seed: int
    params: int
    macs: int
    status: str
    reason: str = ""
    epochs: int
    loss: float = math.nan
    accuracy: float = math.nan
    nuclear_norm: float = math.nan
    nuclear_norm_per_root_row: float = math.nan
    nuclear_over_largest: float = math.nan
    effective_rank: float = math.nan

    @property
    def key(self) -> tuple[str, int]:
        """Network and seed, which name a run within a setting."""
        return self.network, self.seed

    def as_dict(self) -> dict[str, Any]:
        """Plain values, None for NaN; `from_dict` is the way back."""
        plain: dict[str, Any] = make_plain(asdict(self))
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Run:
        """The run that `as_dict` made plain.

        Raises:
            InputError: Its fields are not those of a run.
        """
        if set(data) != {spec.name for spec in fields(cls)}:
            raise InputError(f"a run has the fields {', '.join(spec.name for spec in fields(cls))}; got {list(data)}")
        values: dict[str, Any] = {name: math.nan if value is None else value for name, value in data.items()}
        return cls(**values)
