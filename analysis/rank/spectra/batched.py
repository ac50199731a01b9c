"""Spectra of many small matrices at once: squared where that provably counts the same, by QR where it may not.

The eigenvalues of Y^T Y are the squares of the singular values and take a third of the time. Their error is bounded:
forming the product loses at most N eps times its trace, the eigenvalues a few C eps times the largest. A matrix none
of whose eigenvalues comes that near to the square of a tolerance has the same rank at that tolerance either way; all
others go through QR of [1 | Y], as in `analysis.rank.spectra.stream`.

Source:
    Higham, Accuracy and Stability of Numerical Algorithms, section 3.5 (products); Weyl's inequality (eigenvalues).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.rank.spectra.spectrum import Centring
    from analysis.rank.spectra.tolerance import Tolerance

_EPS = 2.0**-53
#: Backward error of the symmetric eigenvalue solver, in units of C eps; LAPACK states "a modest function of n".
_SOLVER = 8


def singular_values(
    features: torch.Tensor, centrings: Sequence[Centring], tolerances: Sequence[Tolerance], eps: float
) -> dict[Centring, torch.Tensor]:
    """Singular values of a stack of feature matrices, with the exact count above each tolerance.

    Args:
        features: Shape (A, N, C), N > C.
        centrings: Which spectra are wanted; the uncentred one always comes, as it sets the scale of rounding.
        tolerances: At which the counts must be those of the exact path; certified ones are not among them.
        eps: Machine epsilon of the type the features were computed in.

    Returns:
        Centring to shape (A, C), float64, descending.
    """
    y = features.double()
    rows, channels = y.shape[1:]
    wanted: list[Centring] = ["uncentred", *(["centred"] if "centred" in centrings else [])]  # type: ignore[list-item]
    grams = {centring: _squared(_centre(y) if centring == "centred" else y) for centring in wanted}
    largest = grams["uncentred"][0][:, 0]
    doubtful = torch.zeros(len(y), dtype=torch.bool)
    for squares, error in grams.values():
        for tolerance in tolerances:
            factor = tolerance.factor(rows, channels, eps)
            cut = factor**2 * (largest if tolerance.scales_with_uncentred else squares[:, 0])
            doubtful |= ((squares - cut[:, None]).abs() <= (1 + factor**2) * error[:, None]).any(dim=1)
    values = {centring: squares.clamp(min=0).sqrt() for centring, (squares, _) in grams.items()}
    if bool(doubtful.any()):
        for centring, exact in by_qr(y[doubtful], wanted).items():
            values[centring][doubtful] = exact
    return values


def by_qr(features: torch.Tensor, centrings: Sequence[Centring]) -> dict[Centring, torch.Tensor]:
    """The singular values through QR of [1 | Y], exact to the last digits of the largest singular value.

    Args:
        features: Shape (A, N, C), N > C, float64.
        centrings: Which spectra.
    """
    ones = torch.ones(*features.shape[:2], 1, dtype=torch.float64)
    factor = torch.linalg.qr(torch.cat([ones, features], dim=2), mode="r").R
    cuts = {"uncentred": factor[:, :, 1:], "centred": factor[:, 1:, 1:]}
    return {centring: torch.linalg.svdvals(cuts[centring]) for centring in centrings}


def _centre(y: torch.Tensor) -> torch.Tensor:
    return y - y.mean(dim=1, keepdim=True)


def _squared(y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Eigenvalues of Y^T Y, shape (A, C), descending, and the bound on their error, shape (A,)."""
    gram = y.transpose(1, 2) @ y
    trace = gram.diagonal(dim1=1, dim2=2).sum(dim=1)
    error = (y.shape[1] + _SOLVER * y.shape[2]) * _EPS * trace
    return torch.linalg.eigvalsh(gram).flip(-1), error
