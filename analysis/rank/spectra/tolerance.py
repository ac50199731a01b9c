"""Tolerances as values: below which singular value counts as zero, by which rule, and relative to what.

Rules that stand for rounding (`PRODUCER`, `NUMPY` on uncentred features) scale with the largest *uncentred* singular
value, because rounding is proportional to the raw numbers: features with a mean of 1000 times their deviation would
otherwise have full rank by their rounding errors alone. Rules that ask how much of a spectrum matters (`relative`)
scale with the largest singular value of that same spectrum.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from analysis.rank.spectra.spectrum import Centring, Spectrum

Rule = Literal["producer", "certified", "numpy", "relative"]


@dataclass(frozen=True, slots=True)
class Tolerance:
    """One rule for what counts as zero.

    Args:
        rule: ``producer``: C eps sigma_1(uncentred), with eps of the type the features were computed in; it does not
            depend on N. ``certified``: the spectral norm of the features minus the same features in float64; by
            Weyl's inequality every larger singular value belongs to the exact features. ``numpy``: max(N, C) eps
            sigma_1 as `numpy.linalg.matrix_rank` and `torch.linalg.matrix_rank` do; it grows with the number of rows.
            ``relative``: `value` times sigma_1 of the same spectrum.
        value: The factor of ``relative``; unused otherwise.
    """

    rule: Rule
    value: float = 0.0

    @property
    def name(self) -> str:
        """Such as ``producer`` or ``rel:0.01``; `parse_tolerance` is the way back."""
        return f"rel:{self.value:g}" if self.rule == "relative" else self.rule

    def factor(self, rows: int, channels: int, eps: float) -> float:
        """What the largest singular value is multiplied by; NaN for ``certified``, which is no multiple of it.

        Args:
            rows: N.
            channels: C.
            eps: Machine epsilon of the type the features were computed in.
        """
        if self.rule == "relative":
            return self.value
        if self.rule == "certified":
            return math.nan
        return eps * (channels if self.rule == "producer" else max(rows, channels))

    @property
    def scales_with_uncentred(self) -> bool:
        """Whether sigma_1 of the uncentred spectrum sets the scale for the centred one, too."""
        return self.rule == "producer"

    def threshold(self, spectrum: Spectrum, centring: Centring) -> float:
        """The absolute threshold, in the unit of the features; NaN where it can't be given.

        Args:
            spectrum: Spectrum of the features.
            centring: Which of its two lists of singular values is to be cut.
        """
        if self.rule == "certified":
            return math.nan if spectrum.noise is None else spectrum.noise
        scale = spectrum.uncentred if self.scales_with_uncentred else spectrum.values(centring)
        return self.factor(spectrum.rows, spectrum.channels, spectrum.eps) * float(scale[0])


PRODUCER = Tolerance("producer")
CERTIFIED = Tolerance("certified")
NUMPY = Tolerance("numpy")


def relative(value: float) -> Tolerance:
    """The tolerance of a fixed fraction of the largest singular value.

    Raises:
        InputError: The fraction is not between 0 and 1.
    """
    if not 0 <= value < 1:
        raise InputError(f"a relative tolerance lies from 0 to below 1; got {value:g}")
    return Tolerance("relative", float(value))


DEFAULT_TOLERANCES = (PRODUCER, CERTIFIED, NUMPY, relative(1e-1), relative(3e-2), relative(1e-2), relative(1e-3))


def parse_tolerance(text: str) -> Tolerance:
    """The tolerance of that name.

    Args:
        text: ``producer``, ``certified``, ``numpy``, or ``rel:`` with a fraction.

    Raises:
        InputError: The name is unknown or malformed.
    """
    known = {one.name: one for one in (PRODUCER, CERTIFIED, NUMPY)}
    kind, _, number = text.partition(":")
    if kind == "rel":
        try:
            return relative(float(number))
        except ValueError:
            raise InputError(f"a relative tolerance is written such as rel:0.01; got {text!r}") from None
    if text not in known:
        raise UnknownNameError("tolerance", text, [*known, "rel:0.01"])
    return known[text]
