"""Exact rank, without any tolerance: elimination modulo a prime."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: The Mersenne prime 2^31 - 1: products of two residues fit into a signed 64-bit integer.
PRIME = 2**31 - 1


def exact_rank(matrix: NDArray[Any], prime: int = PRIME) -> int:
    """The rank of an integer matrix over the integers modulo a prime.

    It is never above the rank over the rationals, and below it only if the prime divides certain minors, which for
    random integers happens with a probability of about one in `prime`.

    Args:
        matrix: Shape (rows, columns), of an integer type.
        prime: Below 2^31.5, so that products of residues fit into 64 bits.

    Raises:
        InputError: The entries are not integers, or there are not two dimensions.
    """
    if matrix.ndim != 2 or not np.issubdtype(matrix.dtype, np.integer):  # noqa: PLR2004 - a matrix
        raise InputError(f"an exact rank needs a matrix of integers; got {matrix.dtype} of shape {matrix.shape}")
    # Eliminating along the shorter side takes fewer steps; the rank is the same.
    rest = (matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T).astype(np.int64) % prime
    rank = 0
    for column in range(rest.shape[1]):
        candidates = np.flatnonzero(rest[rank:, column])
        if not len(candidates):
            continue
        chosen = rank + candidates[0]
        rest[[rank, chosen]] = rest[[chosen, rank]]
        pivot = rest[rank, column:] * pow(int(rest[rank, column]), -1, prime) % prime
        below = rest[rank + 1 :, column:]
        below -= below[:, :1] * pivot % prime
        below %= prime
        rank += 1
        if rank == len(rest):
            break
    return rank
