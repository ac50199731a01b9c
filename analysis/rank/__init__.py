"""Rank of layer outputs: streamed spectra, tolerances, metrics with their sources, exact rank, and the studies.

What is ranked is the feature matrix Y of shape (N, C): one row per sample or position, one column per channel. The
paper writes its transpose, f(WX) of shape (d_out, N); the rank is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from analysis.rank.metrics import METRICS, RankRow, measure, numerical_rank, rank_curve
from analysis.rank.oracle import exact_rank
from analysis.rank.record import Spectrum
from analysis.rank.tolerance import CERTIFIED, DEFAULT_TOLERANCES, NUMPY, PRODUCER, Tolerance, relative

if TYPE_CHECKING:
    from analysis.rank.network_probe import probe
    from analysis.rank.network_records import ProbeResult
    from analysis.rank.spectrum import SpectrumStream, spectrum_of

__all__ = [
    "CERTIFIED",
    "DEFAULT_TOLERANCES",
    "METRICS",
    "NUMPY",
    "PRODUCER",
    "ProbeResult",
    "RankRow",
    "Spectrum",
    "SpectrumStream",
    "Tolerance",
    "exact_rank",
    "measure",
    "numerical_rank",
    "probe",
    "rank_curve",
    "relative",
    "spectrum_of",
]

# What needs torch is imported on first use.
__getattr__, *_ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "network_probe": ["probe"],
        "network_records": ["ProbeResult"],
        "spectrum": ["SpectrumStream", "spectrum_of"],
    },
)
