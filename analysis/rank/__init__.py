"""Rank of layer outputs: streamed spectra, tolerances, metrics with their sources, exact rank, and the studies.

What is ranked is the feature matrix Y of shape (N, C): one row per sample or position, one column per channel. The
paper writes its transpose, f(WX) of shape (d_out, N); the rank is the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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

_HOMES = {
    "ProbeResult": "analysis.rank.network_records",
    "SpectrumStream": "analysis.rank.spectrum",
    "probe": "analysis.rank.network_probe",
    "spectrum_of": "analysis.rank.spectrum",
}


def __getattr__(name: str) -> Any:
    """The public name `name` of a module that needs torch, imported on first use."""
    import importlib  # noqa: PLC0415 - only needed on the lazy path

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
