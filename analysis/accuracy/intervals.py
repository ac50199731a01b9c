"""The interval of a share of images. No torch here."""

from __future__ import annotations

from math import sqrt
from statistics import NormalDist

COVERAGE = 0.95


def wilson_interval(hits: int, images: int, coverage: float = COVERAGE) -> tuple[float, float]:
    """Wilson's score interval of a share, as shares from 0 to 1; it never leaves that range, near 0 and 1 either.

    Args:
        hits: Images that were right, from 0 to `images`.
        images: All of them, 1 or more, as if drawn independently from a population.
        coverage: Above 0 and below 1.

    Source: Wilson 1927, J. Am. Stat. Assoc. 22:209; method 3 of Newcombe 1998, Stat. Med. 17:857.
    """
    z = NormalDist().inv_cdf((1 + coverage) / 2)
    share, weight = hits / images, z * z / images
    centre = (share + weight / 2) / (1 + weight)
    half = z * sqrt(share * (1 - share) / images + weight / (4 * images)) / (1 + weight)
    # At the ends the bound is the end itself, which rounding would miss.
    return (0.0 if hits == 0 else centre - half), (1.0 if hits == images else centre + half)
