"""Reduced precision as columns and tables: what it brings, what it costs, and which layers it left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from reports.estimate_columns import estimate_columns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.records.measurement import LayerRun
    from bench.statistics.case_result import CaseResult

#: Layers that a row names.
_NAMED = 3


def precision_columns(result: CaseResult) -> dict[str, Any]:
    """The columns of a case in reduced precision; none for fp32."""
    known = result.precision
    if not known.verdict and not known.images:
        return {}
    compared = {
        **estimate_columns(known.cosine, "agreement_cosine"),
        **estimate_columns(known.relative_error, "agreement_relative_error"),
        "agreement_worst_error": known.worst_error,
        **estimate_columns(known.top1_agreement, "agreement_top1"),
        **estimate_columns(known.top1_change, "top1_change"),
        "top1_change_p": known.top1_change_p,
        "agreement_images": known.images,
        "agreement_on": known.words,
    }
    return {
        **estimate_columns(known.speedup, "fp32_speedup"),
        **(compared if known.images else {}),
        "calibrated_on": result.measurement.effective.details.get("calibration") or "",
        "int8_macs_share": known.int8_share,
        "float_layers": _name_layers(known.in_float, "{layer} ({precision})"),
        "noisiest_layers": _name_layers(known.noisiest, "{layer} ({snr_db:.1f} dB)"),
        "verdict": known.verdict,
        "verdict_reason": known.sentence,
    }


def _name_layers(layers: Sequence[LayerRun], words: str) -> str:
    """The first few layers, and how many more there are."""
    named = [
        words.format(layer=layer.layer, precision=layer.precision, snr_db=layer.snr_db or 0.0)
        for layer in layers[:_NAMED]
    ]
    more = len(layers) - len(named)
    return "; ".join([*named, *([f"{more} more"] if more else [])])


def layer_run_rows(result: CaseResult) -> Iterator[dict[str, Any]]:
    """The layers of a quantised model as they were executed."""
    layers = result.measurement.layers
    macs = sum(layer.macs for layer in layers)
    timed = sum(layer.time_s or 0.0 for layer in layers)
    for index, layer in enumerate(layers):
        yield {
            **result.case.as_dict(),
            "index": index,
            "layer": layer.layer,
            "kind": layer.kind,
            "ran_in": layer.precision,
            "macs": layer.macs,
            "macs_share": layer.macs / macs if macs else None,
            "time_s": layer.time_s,
            "time_share": layer.time_s / timed if timed and layer.time_s is not None else None,
            "snr_db": layer.snr_db,
            "provider": layer.provider,
        }


#: What tells cases apart whose layers are listed.
_CASE = ["model", "resolution", "batch", "backend", "scenario", "streams", "threads", "calibration"]
_ALWAYS = {"model", "batch", "backend"}


def view_float_layers(layers: pd.DataFrame) -> pd.DataFrame:
    """Layers of quantised models that ran in another precision, the slowest first, with what they cost."""
    rows = layers[layers["ran_in"] != layers["precision"]]
    rows = rows.sort_values([*_CASE, "time_s"], ascending=[*[True] * len(_CASE), False])
    view = rows[[*_name_cases(layers), "layer", "kind"]].copy()
    view["ran in"] = rows["ran_in"]
    view["multiply-adds [%]"] = pd.to_numeric(rows["macs_share"]) * 100
    view["time [ms]"] = pd.to_numeric(rows["time_s"]) * 1e3
    view["of the layers' time [%]"] = pd.to_numeric(rows["time_share"]) * 100
    return view


def view_noisy_layers(layers: pd.DataFrame, most: int = 5) -> pd.DataFrame:
    """The quantised layers of each case whose outputs lost most, the worst first."""
    rows = layers[layers["snr_db"].notna()].sort_values([*_CASE, "snr_db"])
    rows = rows.groupby(_CASE, sort=False).head(most)
    view = rows[[*_name_cases(layers), "layer", "kind"]].copy()
    view["signal to noise [dB]"] = pd.to_numeric(rows["snr_db"])
    view["multiply-adds [%]"] = pd.to_numeric(rows["macs_share"]) * 100
    return view


def _name_cases(layers: pd.DataFrame) -> list[str]:
    """The columns that a reader needs to tell the cases of this run apart."""
    return [name for name in _CASE if name in _ALWAYS or len(layers[name].unique()) > 1]
