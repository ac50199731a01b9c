"""What a probe gives back: per tap the spectra, and how its rows were sampled. No torch here."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from analysis.rank.spectra.metrics import measure, numerical_rank
from analysis.rank.spectra.tolerance import DEFAULT_TOLERANCES, PRODUCER
from rexnet_core.errors import UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.network.taps import Tap
    from analysis.rank.spectra.spectrum import Spectrum
    from analysis.rank.spectra.tolerance import Tolerance


BatchNormMode = Literal["eval", "batch"]
BATCH_NORM_MODES: tuple[BatchNormMode, ...] = get_args(BatchNormMode)


@dataclass(frozen=True, slots=True, kw_only=True)
class TapRecord:
    """The features of one tap.

    Args:
        tap: Where they were taken; a module that ran several times in one pass has a tap for each, ``name@2`` ...
        spectrum: Spectrum of all rows.
        images: How many images gave rows; images are independent, positions of one image are not.
        positions_per_image: Rows of each image.
        height: Height of the map [positions]; 1 for tokens and pooled features.
        width: Width of the map, or the number of tokens [positions].
    """

    tap: Tap
    spectrum: Spectrum
    images: int
    positions_per_image: int
    height: int
    width: int

    @property
    def rank(self) -> int | None:
        """Numerical rank of the uncentred features at the rounding of their type; None if they were not finite."""
        value = numerical_rank(self.spectrum, PRODUCER, "uncentred").value
        return int(value) if value == value else None  # noqa: PLR0124 - NaN is not itself

    def sampling(self) -> dict[str, Any]:
        """What goes with every number of the tap, as plain values."""
        own = {name: getattr(self, name) for name in ("images", "positions_per_image", "height", "width")}
        size = {"channels": self.spectrum.channels, "rows": self.spectrum.rows}
        return {"tap": self.tap.name, **size, **own, "producer": self.spectrum.producer}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What was measured at every tap, in the order of the network.

    Args:
        taps: One record per tap.
        images: That went through.
        seed: Seed of the positions.
        positions: Asked for per image, or ``auto``.
        batch_norm: ``eval`` (running statistics) or ``batch`` (those of each batch).
        certified: Whether a float64 copy ran, too.
        unreached: Taps whose module did not run; none of them was named by the caller.
    """

    taps: tuple[TapRecord, ...]
    images: int
    seed: int
    positions: int | str
    batch_norm: str
    certified: bool
    unreached: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> TapRecord:
        """The record of the tap of that name.

        Raises:
            UnknownNameError: No tap has this name.
        """
        records = {record.tap.name: record for record in self.taps}
        if name not in records:
            raise UnknownNameError("tap", name, records)
        return records[name]

    def rows(self, tolerances: Sequence[Tolerance] = DEFAULT_TOLERANCES) -> list[dict[str, Any]]:
        """One row per tap, metric, centring and tolerance, for a table."""
        return [
            record.sampling() | {"batch_norm": self.batch_norm, "seed": self.seed} | asdict(row)
            for record in self.taps
            for row in measure(record.spectrum, tolerances=tolerances)
        ]

    def as_dict(self) -> dict[str, Any]:
        """Plain values with the spectra, from which every metric can be computed again without the model."""
        return {
            **{name: getattr(self, name) for name in ("images", "seed", "positions", "batch_norm", "certified")},
            "unreached": list(self.unreached),
            "taps": [
                asdict(record.tap) | record.sampling() | {"spectrum": record.spectrum.as_dict()} for record in self.taps
            ],
        }
