"""What every column of the rank tables means; the frames, the CSV manifest and the page's headings are made from it."""

from __future__ import annotations

#: Changes when a column goes, or changes its meaning or unit; a new column does not change it.
FORMAT_VERSION = 1

_SETTINGS = {
    "part": "protocol, model or other part of the study that the parameter belongs to",
    "parameter": "name of the parameter",
    "value": "its value, as text",
}
_PLACE = {
    "protocol": "literal: the paper's text read literally; closest: the setting nearest to its figure; custom: as "
    "asked",
    "block": "kind of layer or block",
    "activation": "non-linear function",
    "dimension_ratio": "input over output channels, d_in / d_out",
}
_METRIC = {
    "metric": "rank, or a measure of how evenly the singular values are spread",
    "centring": "uncentred: singular values of the features; centred: of the features minus their means",
    "tolerance": "rule by which a singular value counts as zero; empty for measures that need none",
}

CELLS = {
    **_PLACE,
    **_METRIC,
    "primary": "whether figure 1 and the claims are about this number",
    "networks": "random networks",
    "mean": "mean over networks, as a share of d_out",
    "se": "standard error of mean",
    "low": "lower bound of the 95 % interval of mean",
    "high": "upper bound of the 95 % interval of mean",
    "difference": "mean difference to the reference activation, paired by network, as a share of d_out",
    "difference_se": "standard error of difference",
    "difference_low": "lower bound of the 95 % interval of difference",
    "difference_high": "upper bound of the 95 % interval of difference",
}
BOUNDS = {
    **{name: _PLACE[name] for name in ("protocol", "block", "dimension_ratio")},
    "linear_bound": "largest rank by algebra without activations, mean over networks, as a share of d_out",
    "bound": "largest rank by algebra with any activations, mean over networks, as a share of d_out",
}
OVERLAY = {
    **_PLACE,
    "ours": "mean of the primary metric, as a share of d_out",
    "paper": "the paper's figure 1, as digitised",
    "difference": "ours minus paper",
    "note": "what to know about the digitised point",
}
DISTANCES = {
    "protocol": _PLACE["protocol"],
    "block": "panel of figure 1; all: mean over the panels",
    "points": "points compared",
    "mean_absolute_distance": "mean of |ours - paper| over the points",
    "rank_correlation": "Spearman's, over the points of non-linear activations; empty where ours are all equal",
}
EXACT = {
    **_PLACE,
    "networks": CELLS["networks"],
    "exact": "rank in integer arithmetic, mean over networks, as a share of d_out",
    "float64": "numerical rank of the same features in float64",
    "float32": "numerical rank of the same features in float32",
}
_CLAIM = {
    "claim": "number of the claim",
    "text": "the claim in words",
    "rule": "what must be seen for it to hold",
}
CLAIMS = {
    **_CLAIM,
    "protocol": _PLACE["protocol"],
    "verdict": "holds, fails, depends on, or can't be told",
    "depends_on": "choices that change the verdict",
    "detail": "what showed it",
}
SENSITIVITY = {
    "claim": _CLAIM["claim"],
    "factor": "choice that the paper leaves open",
    "level": "what was chosen",
    "views": "settings with that choice, each at one tolerance and centring, in which the claim was decided",
    "held": "of these, how many it held in",
    "undecided": "further ones, in which it was shown neither to hold nor to fail",
    "share": "held over views; empty where there are none",
}
#: A search adds a column for every parameter it varied.
SEARCH = {
    "rank": "place among the settings, 1 the nearest",
    "distance": "mean absolute distance from the paper's figure, mean over panels",
    "settings_tried": "settings that were tried; the nearest of many is near by selection, too",
    "views_tried": "those times the tolerances and centrings at which each was looked at",
    "validated_distance": "distance of the nearest setting again, on networks of another seed",
}
SIGN_MAP = {
    "block": _PLACE["block"],
    "activation": _PLACE["activation"],
    "reference": "activation it is compared with",
    "d_out": "output channels",
    "dimension_ratio": _PLACE["dimension_ratio"],
    "centring": _METRIC["centring"],
    "tolerance": "singular values below this times the largest count as zero",
    "networks": CELLS["networks"],
    "difference": "activation minus reference, rank as a share of d_out, paired by network",
    "low": "lower bound of the 95 % interval of difference",
    "high": "upper bound of the 95 % interval of difference",
    "sign": "+ or -: the interval is on that side of zero; 0: it is not",
}

_TAP = {
    "model": "registered name",
    "tap": "where in the network the features were taken",
    "block": "block of the network",
    "point": "place in the block",
    "stage": "stage of the network",
    "depth": "relative depth, 0 at the input, 1 at the last tap",
    "channels": "channels C",
}
MODELS = {
    "model": _TAP["model"],
    "resolution": "side of the square input",
    "params": "parameters",
    "macs": "multiply-adds for one image",
    "weights": "where the weights are from",
}
TAPS = {
    **_TAP,
    "rows": "rows N of the feature matrix",
    "images": "images that gave rows",
    "positions_per_image": "rows of each image",
    "producer": "type the features were computed in",
    "rank": "numerical rank, uncentred, at the rounding of that type",
    "effective_rank": "effective rank (Roy and Vetterli) of the centred features",
    "k99": "directions that hold 99 % of the variance of the centred features",
    "rank_per_channel": "rank over C",
    "effective_rank_per_channel": "effective_rank over C",
    "k99_per_channel": "k99 over C",
    "bound": "largest rank by algebra, given what comes in",
    "bound_reason": "where bound comes from",
    "jacobian_rank": "rank of the derivative by the block's input at one position; empty where it was not computed",
    "noise": "spectral norm of the features minus the same in float64; empty where those were not computed",
    "dead_channels": "channels that never change",
    "duplicate_channels": "channels that repeat an earlier one",
    "few_rows": "whether there are fewer than four rows per channel, so that the rank is partly one of the sample",
    "sample_limited": "whether there are no more rows than channels, so that the rank can't reach them",
    "flags": "doubts",
}
METRICS = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    **_METRIC,
    "value": "the number",
    "value_per_channel": "over C, for what counts directions",
    "threshold": "below which a singular value counted as zero, in the unit of the features",
    "threshold_over_largest": "threshold over the largest singular value of the same spectrum",
    "gap": "last singular value that counts over the first that does not",
    "margin": "last singular value that counts over the threshold",
    "flags": "doubts",
}
BLOCKS = {
    "model": _TAP["model"],
    "block": _TAP["block"],
    "c_in": "channels that come in",
    "c_mid": "channels after expansion",
    "c_out": "channels that go out",
    "rank_in": "rank that comes in",
    "rank_expand": "rank after the 1x1 expansion",
    "rank_act": "rank after its activation",
    "rank_depthwise": "rank after the depthwise, or grouped, convolution",
    "rank_se": "rank after squeeze-excite",
    "rank_act2": "rank after the second activation",
    "rank_project": "rank after the projection",
    "rank_add": "rank after the addition",
    "rank_out": "rank that goes out",
    "bound": "largest rank by algebra that can go out",
    "bound_reason": "where bound comes from",
    "gained_by": "where the rank grew most",
    "cut_by": "where the rank was cut most",
}
LAYERS = {
    "model": _TAP["model"],
    "index": "position along the depth, from 0",
    "layer": "name of the layer",
    "kind": "what it is",
    "params": "parameters",
    "macs": "multiply-adds for one image",
    "macs_share": "macs over those of all layers",
    "time_share": "share of the time of a forward pass, median",
    "time_share_low": "lower bound of the 95 % interval of time_share",
    "time_share_high": "upper bound of the 95 % interval of time_share",
    "tap": "tap at its output",
    "rank": "rank of its output",
    "rank_share": "rank over the sum of the ranks of all taps; given at the last layer of each tap",
}
SPECTRA = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    "centring": _METRIC["centring"],
    "index": "place of the singular value, 1 the largest",
    "index_per_channel": "index over C",
    "value": "singular value, in the unit of the features",
    "value_over_largest": "over the largest of the same spectrum",
    "portion_at_most_percent": "share of the singular values that are not larger",
}
CURVES = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    "centring": _METRIC["centring"],
    "tolerance": "singular values below this times the largest count as zero",
    "rank": "singular values above",
    "rank_per_channel": "rank over C",
}

_GROUP = "table2: the four steps of the paper's table 2; table3a: best and worst configuration of its table 3(a)"
RUNS = {
    "network": "name of the network",
    "group": _GROUP,
    "seed": "of weights, data split and order",
    "params": "parameters",
    "macs": "multiply-adds for one image",
    "accuracy": "top-1 on the test part, as a share",
    "nuclear_norm": "sum of the singular values of the final feature, uncentred; scales with the features",
    "nuclear_norm_per_root_row": "nuclear_norm over the root of the number of rows",
    "nuclear_over_largest": "nuclear_norm over the largest singular value; independent of scale",
    "effective_rank": "effective rank (Roy and Vetterli) of the centred final feature",
    "epochs": "passes over the training part",
    "loss": "of the last epoch",
    "status": "ok takes part in everything; others failed",
    "reason": "why it failed",
}
SUMMARY = {
    "network": RUNS["network"],
    "group": _GROUP,
    "label": "the step in words",
    "widths": "channels of the stem and the blocks",
    "feature_channels": "channels of the final feature",
    "params": RUNS["params"],
    "macs": RUNS["macs"],
    "seeds": "runs that went well",
    "failed": "runs that did not",
    "accuracy": "mean over seeds, as a share",
    "accuracy_low": "lower bound of the 95 % interval of accuracy",
    "accuracy_high": "upper bound of the 95 % interval of accuracy",
    "nuclear_norm": "mean over seeds",
    "nuclear_norm_low": "lower bound of the 95 % interval of nuclear_norm",
    "nuclear_norm_high": "upper bound of the 95 % interval of nuclear_norm",
    "effective_rank": "mean over seeds",
    "effective_rank_low": "lower bound of the 95 % interval of effective_rank",
    "effective_rank_high": "upper bound of the 95 % interval of effective_rank",
    "printed_accuracy": "in the paper, for other data, as a share",
    "printed_nuclear_norm": "in the paper, for other data",
    "printed_macs": "in the paper",
}
PAIRS = {
    "first": "network that is subtracted",
    "second": "network it is subtracted from",
    "metric": "what is compared",
    "difference": "mean over seeds of second minus first",
    "low": "lower bound of the 95 % interval of difference",
    "high": "upper bound of the 95 % interval of difference",
    "seeds": "pairs of runs with a common seed",
    "wins": "pairs in which second is the larger",
}

#: Kind of study, to file name without ``.csv``, to its columns in order.
TABLES = {
    "layers": {
        "cells": CELLS,
        "bounds": BOUNDS,
        "overlay": OVERLAY,
        "distances": DISTANCES,
        "exact": EXACT,
        "claims": CLAIMS,
        "sensitivity": SENSITIVITY,
        "search": SEARCH,
        "sign_map": SIGN_MAP,
        "settings": _SETTINGS,
    },
    "network": {
        "models": MODELS,
        "taps": TAPS,
        "metrics": METRICS,
        "blocks": BLOCKS,
        "layers": LAYERS,
        "spectra": SPECTRA,
        "curves": CURVES,
        "settings": _SETTINGS,
    },
    "trained": {
        "runs": RUNS,
        "summary": SUMMARY,
        "pairs": PAIRS,
        "claims": {name: text for name, text in CLAIMS.items() if name not in ("protocol", "depends_on")},
        "settings": _SETTINGS,
    },
}

#: Columns that hold words; some of them hold numbers in the tables named below.
TEXT = frozenset((
    "part", "parameter", "value", "protocol", "block", "activation", "metric", "centring", "tolerance", "note",
    "claim", "text", "rule", "verdict", "depends_on", "detail", "factor", "level", "reference", "sign", "model",
    "tap", "point", "stage", "weights", "producer", "bound_reason", "flags", "gained_by", "cut_by", "layer", "kind",
    "network", "group", "label", "first", "second", "status", "reason", "widths",
))  # fmt: skip
BOOLEAN = frozenset({"primary", "few_rows", "sample_limited"})
NUMBERS = {"sign_map": {"tolerance"}, "curves": {"tolerance"}, "metrics": {"value"}, "spectra": {"value"}}
#: Whole numbers that may be missing; as floats they would be written 2.0.
WHOLE = frozenset((
    "networks", "points", "views", "held", "undecided", "d_out", "rows", "images", "positions_per_image", "channels",
    "resolution", "params", "macs", "c_in", "c_mid", "c_out", "index", "seed", "seeds", "wins", "failed",
    "feature_channels", "dead_channels", "duplicate_channels", "epochs", "settings_tried", "printed_macs",
    "views_tried",
))  # fmt: skip
UNITS = {"resolution": "px", "portion_at_most_percent": "%"}
