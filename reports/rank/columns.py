"""The columns of the rank tables."""

from __future__ import annotations

from reports.columns import bounds, flag, number, text, whole

_SETTINGS = {
    "part": text("protocol, model or other part of the study that the parameter belongs to"),
    "parameter": text("name of the parameter"),
    "value": text("its value, as text"),
}
_PLACE = {
    "protocol": text(
        "literal: the paper's text read literally; closest: the setting nearest to its figure; custom: as asked"
    ),
    "block": text("kind of layer or block"),
    "activation": text("non-linear function"),
    "dimension_ratio": number("input over output channels, d_in / d_out"),
}
_METRIC = {
    "metric": text("rank, or a measure of how evenly the singular values are spread"),
    "centring": text("uncentred: singular values of the features; centred: of the features minus their means"),
    "tolerance": text("rule by which a singular value counts as zero; empty for measures that need none"),
}

CELLS = {
    **_PLACE,
    **_METRIC,
    "primary": flag("whether figure 1 and the claims are about this number"),
    "networks": whole("random networks"),
    "mean": number("mean over networks, as a share of d_out"),
    "se": number("standard error of mean"),
    **bounds("mean", "low"),
    "difference": number("mean difference to the reference activation, paired by network, as a share of d_out"),
    "difference_se": number("standard error of difference"),
    **bounds("difference", "difference_low"),
}
BOUNDS = {
    **{name: _PLACE[name] for name in ("protocol", "block", "dimension_ratio")},
    "linear_bound": number("largest rank by algebra without activations, mean over networks, as a share of d_out"),
    "bound": number("largest rank by algebra with any activations, mean over networks, as a share of d_out"),
}
OVERLAY = {
    **_PLACE,
    "ours": number("mean of the primary metric, as a share of d_out"),
    "paper": number("the paper's figure 1, as digitised"),
    "difference": number("ours minus paper"),
    "note": text("what to know about the digitised point"),
}
DISTANCES = {
    "protocol": _PLACE["protocol"],
    "block": text("panel of figure 1; all: mean over the panels"),
    "points": whole("points compared"),
    "mean_absolute_distance": number("mean of |ours - paper| over the points"),
    "rank_correlation": number("Spearman's, over the points of non-linear activations; empty where ours are all equal"),
}
EXACT = {
    **_PLACE,
    "networks": CELLS["networks"],
    "exact": number("rank in integer arithmetic, mean over networks, as a share of d_out"),
    "float64": number("numerical rank of the same features in float64"),
    "float32": number("numerical rank of the same features in float32"),
}
_CLAIM = {
    "claim": text("number of the claim"),
    "text": text("the claim in words"),
    "rule": text("what must be seen for it to hold"),
}
CLAIMS = {
    **_CLAIM,
    "protocol": _PLACE["protocol"],
    "verdict": text("holds, fails, depends on, or can't be told"),
    "depends_on": text("choices that change the verdict"),
    "detail": text("what showed it"),
}
SENSITIVITY = {
    "claim": _CLAIM["claim"],
    "factor": text("choice that the paper leaves open"),
    "level": text("what was chosen"),
    "views": whole("settings with that choice, each at one tolerance and centring, in which the claim was decided"),
    "held": whole("of these, how many it held in"),
    "undecided": whole("further ones, in which it was shown neither to hold nor to fail"),
    "share": number("held over views; empty where there are none"),
}
SEARCH = {
    "rank": number("place among the settings, 1 the nearest"),
    "distance": number("mean absolute distance from the paper's figure, mean over panels"),
    "settings_tried": whole("settings that were tried; the nearest of many is near by selection, too"),
    "views_tried": whole("those times the tolerances and centrings at which each was looked at"),
    "validated_distance": number("distance of the nearest setting again, on networks of another seed"),
    # A search adds a column for every panel, and for every parameter it varied.
    "*": text("parameter of the setting, as in settings, or the distance of that panel"),
}
SIGN_MAP = {
    "block": _PLACE["block"],
    "activation": _PLACE["activation"],
    "reference": text("activation it is compared with"),
    "d_out": whole("output channels"),
    "dimension_ratio": _PLACE["dimension_ratio"],
    "centring": _METRIC["centring"],
    "tolerance": number("singular values below this times the largest count as zero"),
    "networks": CELLS["networks"],
    "difference": number("activation minus reference, rank as a share of d_out, paired by network"),
    **bounds("difference", "low"),
    "sign": text("+ or -: the interval is on that side of zero; 0: it is not"),
}

_TAP = {
    "model": text("registered name"),
    "tap": text("where in the network the features were taken"),
    "block": text("block of the network"),
    "point": text("place in the block"),
    "stage": text("stage of the network"),
    "depth": number("relative depth, 0 at the input, 1 at the last tap"),
    "channels": whole("channels C"),
}
MODELS = {
    "model": _TAP["model"],
    "resolution": whole("side of the square input", "px"),
    "params": whole("parameters"),
    "macs": whole("multiply-adds for one image"),
    "weights": text("where the weights are from"),
}
TAPS = {
    **_TAP,
    "rows": whole("rows N of the feature matrix"),
    "images": whole("images that gave rows"),
    "positions_per_image": whole("rows of each image"),
    "producer": text("type the features were computed in"),
    "rank": number("numerical rank, uncentred, at the rounding of that type"),
    "effective_rank": number("effective rank (Roy and Vetterli) of the centred features"),
    "k99": number("directions that hold 99 % of the variance of the centred features"),
    "rank_per_channel": number("rank over C"),
    "effective_rank_per_channel": number("effective_rank over C"),
    "k99_per_channel": number("k99 over C"),
    "bound": number("largest rank by algebra, given what comes in"),
    "bound_reason": text("where bound comes from"),
    "jacobian_rank": number(
        "rank of the derivative by the block's input at one position; empty where it was not computed"
    ),
    "noise": number("spectral norm of the features minus the same in float64; empty where those were not computed"),
    "dead_channels": whole("channels that never change"),
    "duplicate_channels": whole("channels that repeat an earlier one"),
    "few_rows": flag(
        "whether there are fewer than four rows per channel, so that the rank is partly one of the sample"
    ),
    "sample_limited": flag("whether there are no more rows than channels, so that the rank can't reach them"),
    "flags": text("doubts"),
}
METRICS = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    **_METRIC,
    "value": number("the number"),
    "value_per_channel": number("over C, for what counts directions"),
    "threshold": number("below which a singular value counted as zero, in the unit of the features"),
    "threshold_over_largest": number("threshold over the largest singular value of the same spectrum"),
    "gap": number("last singular value that counts over the first that does not"),
    "margin": number("last singular value that counts over the threshold"),
    "flags": text("doubts"),
}
BLOCKS = {
    "model": _TAP["model"],
    "block": _TAP["block"],
    "c_in": whole("channels that come in"),
    "c_mid": whole("channels after expansion"),
    "c_out": whole("channels that go out"),
    "rank_in": number("rank that comes in"),
    "rank_expand": number("rank after the 1x1 expansion"),
    "rank_act": number("rank after its activation"),
    "rank_depthwise": number("rank after the depthwise, or grouped, convolution"),
    "rank_se": number("rank after squeeze-excite"),
    "rank_act2": number("rank after the second activation"),
    "rank_project": number("rank after the projection"),
    "rank_add": number("rank after the addition"),
    "rank_out": number("rank that goes out"),
    "bound": number("largest rank by algebra that can go out"),
    "bound_reason": text("where bound comes from"),
    "gained_by": text("where the rank grew most"),
    "cut_by": text("where the rank was cut most"),
}
LAYERS = {
    "model": _TAP["model"],
    "index": whole("position along the depth, from 0"),
    "layer": text("name of the layer"),
    "kind": text("what it is"),
    "params": whole("parameters"),
    "macs": whole("multiply-adds for one image"),
    "macs_share": number("macs over those of all layers"),
    "time_share": number("share of the time of a forward pass, median"),
    **bounds("time_share", "time_share_low"),
    "tap": text("tap at its output"),
    "rank": number("rank of its output"),
    "rank_share": number("rank over the sum of the ranks of all taps; given at the last layer of each tap"),
}
SPECTRA = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    "centring": _METRIC["centring"],
    "index": whole("place of the singular value, 1 the largest"),
    "index_per_channel": number("index over C"),
    "value": number("singular value, in the unit of the features"),
    "value_over_largest": number("over the largest of the same spectrum"),
    "portion_at_most_percent": number("share of the singular values that are not larger", "%"),
}
CURVES = {
    "model": _TAP["model"],
    "tap": _TAP["tap"],
    "centring": _METRIC["centring"],
    "tolerance": number("singular values below this times the largest count as zero"),
    "rank": number("singular values above"),
    "rank_per_channel": number("rank over C"),
}

_GROUP = "table2: the four steps of the paper's table 2; table3a: best and worst configuration of its table 3(a)"
RUNS = {
    "network": text("name of the network"),
    "group": text(_GROUP),
    "seed": whole("of weights, data split and order"),
    "params": whole("parameters"),
    "macs": whole("multiply-adds for one image"),
    "accuracy": number("top-1 on the test part, as a share"),
    "nuclear_norm": number("sum of the singular values of the final feature, uncentred; scales with the features"),
    "nuclear_norm_per_root_row": number("nuclear_norm over the root of the number of rows"),
    "nuclear_over_largest": number("nuclear_norm over the largest singular value; independent of scale"),
    "effective_rank": number("effective rank (Roy and Vetterli) of the centred final feature"),
    "epochs": whole("passes over the training part"),
    "loss": number("of the last epoch"),
    "status": text("ok takes part in everything; others failed"),
    "reason": text("why it failed"),
}
SUMMARY = {
    "network": RUNS["network"],
    "group": text(_GROUP),
    "label": text("the step in words"),
    "widths": text("channels of the stem and the blocks"),
    "feature_channels": whole("channels of the final feature"),
    "params": RUNS["params"],
    "macs": RUNS["macs"],
    "seeds": whole("runs that went well"),
    "failed": whole("runs that did not"),
    "accuracy": number("mean over seeds, as a share"),
    **bounds("accuracy", "accuracy_low"),
    "nuclear_norm": number("mean over seeds"),
    **bounds("nuclear_norm", "nuclear_norm_low"),
    "effective_rank": number("mean over seeds"),
    **bounds("effective_rank", "effective_rank_low"),
    "printed_accuracy": number("in the paper, for other data, as a share"),
    "printed_nuclear_norm": number("in the paper, for other data"),
    "printed_macs": whole("in the paper"),
}
PAIRS = {
    "first": text("network that is subtracted"),
    "second": text("network it is subtracted from"),
    "metric": text("what is compared"),
    "difference": number("mean over seeds of second minus first"),
    **bounds("difference", "low"),
    "seeds": whole("pairs of runs with a common seed"),
    "wins": whole("pairs in which second is the larger"),
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
        "claims": {name: column for name, column in CLAIMS.items() if name not in ("protocol", "depends_on")},
        "settings": _SETTINGS,
    },
}
