"""Rank of layer outputs: streamed spectra, tolerances, metrics with their sources, exact rank, and the studies.

What is ranked is the feature matrix Y of shape (N, C): one row per sample or position, one column per channel. The
paper writes its transpose, f(WX) of shape (d_out, N); the rank is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from analysis.rank.spectra.exact_rank import exact_rank
from analysis.rank.spectra.metrics import METRICS, RankRow, measure, numerical_rank, rank_curve
from analysis.rank.spectra.spectrum import Spectrum
from analysis.rank.spectra.tolerance import CERTIFIED, DEFAULT_TOLERANCES, NUMPY, PRODUCER, Tolerance, relative

if TYPE_CHECKING:
    from analysis.rank.network.probe import probe
    from analysis.rank.network.records import ProbeResult
    from analysis.rank.spectra.stream import SpectrumStream, spectrum_of

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
        "network.probe": ["probe"],
        "network.records": ["ProbeResult"],
        "spectra.stream": ["SpectrumStream", "spectrum_of"],
    },
)
