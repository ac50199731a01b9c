"""Rows of the network study: ranks at every tap, and from the spectra what is drawn of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.rank.spectra.metrics import rank_curve
from analysis.rank.spectra.spectrum import CENTRINGS, Spectrum
from reports.rank.rows import number, part_of, setting_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from analysis.study import Study
    from reports.rank.rows import Row

#: Points whose features the classifier sees.
FINAL_POINTS = ("penultimate", "pooled")
#: Points at which a staircase is drawn: where channels are widest, at the first, middle and last block.
_STAIRCASE_POINTS = ("act", "expand", "depthwise", "project")
#: Columns of a tap and the row of its metrics that they are.
_SHOWN = {
    "rank": ("rank", "uncentred", "producer"),
    "effective_rank": ("effective_rank", "centred", ""),
    "k99": ("k99", "centred", ""),
}
#: Of the staircases: down to what is rounding in single precision, in steps that look like none.
_DECADES, _PER_DECADE = 9, 24
_METRIC_KEYS = ("measures", "rows")
#: What a tap's row leaves to other tables, or to the document.
_LISTS = frozenset({*_METRIC_KEYS, "uncentred", "centred", "mean", "std"})
_FEW = frozenset({"sample_limited", "few_rows"})


def table_rows(study: Study) -> dict[str, Iterable[Row]]:
    """Rows of every table of `tables.TABLES`."""
    models = part_of(study.payload, "models")
    return {
        "models": [{name: model.get(name) for name in _PLAIN} for model in models],
        "taps": [_tap_row(model, tap) for model in models for tap in part_of(model, "taps")],
        "metrics": [row for model in models for tap in part_of(model, "taps") for row in _metric_rows(model, tap)],
        "blocks": [{**row, "model": model["model"]} for model in models for row in part_of(model, "blocks")],
        "layers": [row for model in models for row in _layer_rows(model)],
        "spectra": [row for model in models for tap in drawn_taps(model) for row in _spectrum_rows(model, tap)],
        "curves": [row for model in models for tap in drawn_taps(model) for row in _curve_rows(model, tap)],
        "settings": [
            *setting_rows("study", study.settings),
            *(row for model in models for row in setting_rows(str(model["model"]), _model_setting(model))),
        ],
    }


_PLAIN = ("model", "resolution", "params", "macs", "weights")


def _model_setting(model: Mapping[str, Any]) -> Row:
    times = {"layer_times": model["layer_times"]} if model.get("layer_times") else {}
    return {"weights": model.get("weights"), **times}


def drawn_taps(model: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The taps whose spectra are drawn: the widest point of the first, middle and last block; the final features."""
    taps = [tap for tap in part_of(model, "taps") if tap.get("uncentred")]
    final = [tap for tap in taps if tap.get("point") in FINAL_POINTS]
    # Outside of the stages are stem and head, whose last activation is the final feature itself.
    staged = [tap for tap in taps if tap.get("stage")]
    points = (point for point in _STAIRCASE_POINTS if any(tap.get("point") == point for tap in staged))
    inner = [tap for point in [next(points, None)] for tap in staged if point and tap.get("point") == point]
    places = sorted({0, len(inner) // 2, len(inner) - 1}) if inner else []
    if not inner and not final:
        return taps[-1:]
    return [*(inner[place] for place in places), *final]


def metrics_of(tap: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The tap's metrics: under ``measures``, or under ``rows`` where that is no count."""
    candidates = (tap.get(name) for name in _METRIC_KEYS)
    return next((rows for rows in candidates if isinstance(rows, list)), ())


def _tap_row(model: Mapping[str, Any], tap: Mapping[str, Any]) -> Row:
    values = {(row["metric"], row["centring"], row.get("tolerance") or ""): row.get("value") for row in metrics_of(tap)}
    picked = {name: values.get(key) for name, key in _SHOWN.items()}
    channels = tap.get("channels")
    shares = {f"{name}_per_channel": number(value) / channels if channels else None for name, value in picked.items()}
    flags = [*(tap.get("flags") or ())]
    kept = {name: value for name, value in tap.items() if name not in _LISTS}
    return {
        **kept,
        **picked,
        **shares,
        "model": model["model"],
        "rows": _count_rows(tap),
        "flags": " ".join(flags),
        "few_rows": bool(_FEW & set(flags)),
        "sample_limited": "sample_limited" in flags,
    }


def _count_rows(tap: Mapping[str, Any]) -> int | None:
    if isinstance(tap.get("rows"), int):
        return int(tap["rows"])
    images, positions = tap.get("images"), tap.get("positions_per_image")
    return int(images * positions) if images is not None and positions is not None else None


def _metric_rows(model: Mapping[str, Any], tap: Mapping[str, Any]) -> Iterator[Row]:
    for row in metrics_of(tap):
        values = tap.get(row["centring"]) or []
        largest = number(values[0]) if values else 0.0
        over = number(row.get("threshold")) / largest if largest else None
        flags = " ".join(row.get("flags") or ())
        yield {**row, "model": model["model"], "tap": tap["tap"], "flags": flags, "threshold_over_largest": over}


def _layer_rows(model: Mapping[str, Any]) -> Iterator[Row]:
    layers = part_of(model, "layers")
    macs = sum(row.get("macs") or 0 for row in layers)
    ranks = _tap_ranks(layers)
    total = sum(ranks.values())
    for index, row in enumerate(layers):
        yield {
            **row,
            "model": model["model"],
            "index": index,
            "macs_share": (row.get("macs") or 0) / macs if macs else None,
            "rank_share": ranks[index] / total if total and index in ranks else None,
        }


def _tap_ranks(layers: Sequence[Mapping[str, Any]]) -> dict[int, float]:
    """The rank of every tap, once, under the place of its last layer: a convolution and its norm may share a tap."""
    known = {place: row for place, row in enumerate(layers) if row.get("rank") is not None}
    # A layer without a tap's name stands for itself.
    last = {row.get("tap") or place: place for place, row in known.items()}
    return {place: number(known[place]["rank"]) for place in last.values()}


def _spectrum_rows(model: Mapping[str, Any], tap: Mapping[str, Any]) -> Iterator[Row]:
    for centring in CENTRINGS:
        values = np.array([number(value) for value in tap.get(centring) or ()])
        count, largest = len(values), values[0] if len(values) else 0.0
        for place, value in enumerate(values.tolist()):
            yield {
                "model": model["model"],
                "tap": tap["tap"],
                "centring": centring,
                "index": place + 1,
                "index_per_channel": (place + 1) / count,
                "value": value,
                "value_over_largest": value / largest if largest else None,
                "portion_at_most_percent": 100 * (count - place) / count,
            }


def _curve_rows(model: Mapping[str, Any], tap: Mapping[str, Any]) -> Iterator[Row]:
    spectrum = _spectrum(tap)
    for centring in CENTRINGS if spectrum else ():
        assert spectrum
        tolerances, ranks = rank_curve(spectrum, centring, decades=_DECADES, per_decade=_PER_DECADE)
        for tolerance, rank in zip(tolerances.tolist(), ranks.tolist(), strict=True):
            yield {
                "model": model["model"],
                "tap": tap["tap"],
                "centring": centring,
                "tolerance": tolerance,
                "rank": rank,
                "rank_per_channel": rank / spectrum.channels,
            }


def _spectrum(tap: Mapping[str, Any]) -> Spectrum | None:
    """The tap's spectrum, without what no curve needs; None where one of its two lists is missing."""
    lists = {name: np.array([number(value) for value in tap.get(name) or ()]) for name in CENTRINGS}
    if not all(len(values) for values in lists.values()):
        return None
    none = np.zeros(0)
    return Spectrum(
        channels=len(lists["uncentred"]),
        rows=_count_rows(tap) or 0,
        uncentred=lists["uncentred"],
        centred=lists["centred"],
        mean=none,
        std=none,
        producer=tap.get("producer") or "float32",
    )
