"""Made-up documents of the three rank studies, of the shape of real ones."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

BLOCKS = ("conv1x1", "conv3x3", "inverted_bottleneck_conv3x3", "inverted_bottleneck_dwconv3x3")
ACTIVATIONS = ("Linear", "ReLU6", "ReLU", "LeakyReLU", "ELU", "SoftPlus", "Hardswish", "SiLU")
RATIOS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
TOLERANCES = ("numpy", "producer", "rel:0.1", "rel:0.01", "rel:0.001")
CLAIMS = ("C1", "C2", "C4", "C4a", "C4c", "C4d", "C10")
_STRENGTH = dict(zip(ACTIVATIONS, (0, 0.85, 0.86, 0.88, 0.92, 0.93, 0.95, 0.96), strict=True))
_LOSS = dict(zip(TOLERANCES, (0.0, 0.0, 0.5, 0.2, 0.05), strict=True))


def made_mean(block: str, activation: str, ratio: float, loss: float) -> float:
    if activation == "Linear":
        return ratio
    start = _STRENGTH[activation] * (1 - loss)
    reach = {"conv1x1": 1.0, "conv3x3": 1.0, BLOCKS[2]: 0.4, BLOCKS[3]: 0.25}[block]
    low = ratio + (start - ratio) * reach
    return min(1.0, low + (1 - low) * ratio**0.7)


def interval(name: str, value: float, half: float) -> dict[str, float]:
    """A number and its bounds, as ``NAME, NAME_low, NAME_high``."""
    return {name: value, f"{name}_low": value - half, f"{name}_high": value + half}


def made_cell(block: str, activation: str, ratio: float, key: tuple[str, str, str]) -> dict[str, Any]:
    metric, centring, tolerance = key
    loss = _LOSS.get(tolerance, 0.3) + (0.05 if centring == "centred" else 0)
    mean = made_mean(block, activation, ratio, loss)
    place = {"block": block, "activation": activation, "dimension_ratio": ratio}
    measure = {"metric": metric, "centring": centring, "tolerance": tolerance}
    means = {"networks": 200, "mean": mean, "se": 0.004, "low": mean - 0.008, "high": mean + 0.008}
    difference = interval("difference", mean - made_mean(block, "ReLU6", ratio, loss), 0.006)
    return place | measure | means | difference | {"difference_se": 0.003}


def made_protocol(name: str = "literal", blocks: Any = BLOCKS, activations: Any = ACTIVATIONS) -> dict[str, Any]:
    keys = [("rank", centring, tolerance) for centring in ("uncentred", "centred") for tolerance in TOLERANCES]
    keys += [("effective_rank", "centred", ""), ("dead_channels", "", "")]
    overlay = [
        {"block": block, "activation": activation, "dimension_ratio": ratio, "note": "", "ours": 0.9}
        | {"paper": min(1.0, made_mean(block, activation, ratio, 0.02)), "difference": 0.02}
        for block, activation, ratio in itertools.product(blocks, activations, RATIOS[1:])
    ]
    bounds = [
        {"block": block, "dimension_ratio": ratio, "linear_bound": ratio}
        | {"bound": min(1.0, (1, 7)["inv" in block] * max(ratio, "inv" not in block))}
        for block, ratio in itertools.product(blocks, RATIOS)
    ]
    distances = [
        {"block": block, "points": 40, "mean_absolute_distance": 0.02 * place, "rank_correlation": 0.9 - 0.2 * place}
        for place, block in enumerate((*blocks, "all"), start=1)
    ]
    exact = {"block": "conv1x1", "activation": "ReLU", "dimension_ratio": 0.1, "networks": 4}
    setting = {"d_out": [10, 100], "rows": "4x", "norm": "before", "reference": "ReLU6", "seed": 0, "target_se": 0.0}
    return {
        "name": name,
        "setting": setting,
        "networks": 200,
        "stopped_by": "networks",
        "primary": {"metric": "rank", "centring": "uncentred", "tolerance": "numpy"},
        "cells": [made_cell(*place) for place in itertools.product(blocks, activations, RATIOS, keys)],
        "bounds": bounds,
        "overlay": overlay,
        "distances": distances,
        "exact": [exact | {"exact": 0.98, "float64": 0.98, "float32": None}],
    }


def made_verdict(claim: str, protocol: str, place: int) -> dict[str, Any]:
    verdict = ("holds", "fails", "depends on", "can't be told")[place % 4]
    return {
        "claim": claim,
        "text": f"Statement {claim} of the paper about the rank of layers with many words in it.",
        "rule": "the mean at 0.1 lies below that at 1",
        "protocol": protocol,
        "verdict": verdict,
        "depends_on": "tolerance, centring" if verdict == "depends on" or place == 1 else "",
        "detail": f"{place} of 40 comparisons fail",
    }


def made_sign(d_out: int, ratio: float, centring: str, tolerance: float) -> dict[str, Any]:
    difference = 0.2 * math.sin(2 * math.log10(tolerance)) * ratio * (1 if centring == "uncentred" else -0.5)
    place = {"block": "conv1x1", "activation": "SiLU", "reference": "ReLU6", "d_out": d_out, "dimension_ratio": ratio}
    kind = {"centring": centring, "tolerance": tolerance, "networks": 1600 // d_out}
    return place | kind | {"difference": difference, "low": difference - 0.02, "high": difference + 0.02}


def made_search() -> dict[str, Any]:
    places = [
        {"rank": place, "distance": 0.02 + place / 500, "weights": "normal", "d_out": [10, 60]} for place in (1, 2)
    ]
    return {"settings_tried": 412, "views_tried": 7416, "validated_distance": 0.0356, "best": places}


def made_layers() -> dict[str, Any]:
    protocols = ("literal", "closest", "sensitivity")
    tolerances = np.round(np.logspace(-5, -0.5, 7), 8).tolist()
    levels = {"inputs": ("normal", "uniform"), "norm": ("none", "before"), "tolerance": ("rel:0.1", "numpy")}
    return {
        "format": 1,
        "kind": "layers",
        "protocols": [made_protocol("literal"), made_protocol("closest")],
        "claims": [
            made_verdict(claim, protocol, place + shift)
            for shift, protocol in enumerate(protocols)
            for place, claim in enumerate(CLAIMS)
        ],
        "sensitivity": [
            {"claim": claim, "factor": factor, "level": level}
            | {"views": 12, "held": (3 * place + 5 * number) % 13, "undecided": 4}
            for place, claim in enumerate(CLAIMS)
            for factor, names in levels.items()
            for number, level in enumerate(names)
        ],
        "sensitivity_setting": {"norm": ["none", "before"], "d_out": ["10 to 40"], "settings": 96, "networks": 20},
        "sign_map_setting": {"d_out": [16, 64, 256], "rows": "4x", "spatial": 1, "seed": 0},
        "search": made_search(),
        "sign_map": [
            made_sign(*place)
            for place in itertools.product((16, 64, 256), (0.1, 0.5), ("uncentred", "centred"), tolerances)
        ],
    }


def made_spectrum(channels: int, alive: int) -> list[float]:
    index = np.arange(1, channels + 1)
    return (100 * np.where(index <= alive, index**-0.7, 3e-3 * np.exp(-index / channels))).tolist()


def made_tap(name: str, channels: int, depth: float, rows: int = 8000) -> dict[str, Any]:
    block, _, point = name.rpartition(".")
    rank = max(1, int(channels * (0.95 if point != "expand" else 1 / 6)))
    flags = ["few_rows"] if rows < 4 * channels else []
    keys = [("rank", "uncentred", "producer", rank), ("rank", "uncentred", "rel:0.1", max(1, rank // 3))]
    keys += [("effective_rank", "centred", "", 0.6 * rank), ("k99", "centred", "", 0.8 * rank)]
    measures = [
        {"metric": metric, "centring": centring, "tolerance": tolerance, "value": value, "gap": 3.0, "margin": None}
        | {"value_per_channel": value / channels, "threshold": 1e-5 * channels if tolerance else None, "flags": flags}
        for metric, centring, tolerance, value in keys
    ]
    place = {"tap": name, "block": block, "point": point, "stage": 1, "depth": depth, "channels": channels}
    sample = {"images": rows // 100, "positions_per_image": 100, "producer": "float32", "rows": rows}
    spectra = {"uncentred": made_spectrum(channels, rank), "centred": made_spectrum(channels, max(1, rank - 1))}
    bound = {"bound": channels, "bound_reason": "its channels", "jacobian_rank": min(rank, 20), "flags": flags}
    return place | sample | {"measures": measures} | spectra | bound


def made_block(number: int, width: int, count: int) -> tuple[list[Any], dict[str, Any], list[Any]]:
    """The taps, the row and the layers of a block that takes in ``width`` channels and gives out ten more."""
    block, out = f"stage{number // 2 + 1}.block{number % 2 + 1}", width + 10
    steps = {"input": width} | dict.fromkeys(("expand", "act", "depthwise"), 6 * width) | {"project": out, "add": out}
    taps = [
        made_tap(f"{block}.{point}", channels, (number + place / 6) / (count + 0.5), rows=200 if number == 1 else 8000)
        for place, (point, channels) in enumerate(steps.items())
    ]
    ranks = {"in": width, "expand": width, "act": 5 * width, "depthwise": 6 * width, "project": out - 1, "out": out}
    row = {"block": block, "c_in": width, "c_mid": 6 * width, "c_out": out, "bound": min(out, 7 * width)}
    row |= {f"rank_{point}": rank for point, rank in ranks.items()} | {"gained_by": "act", "cut_by": "project"}
    scale = number + 1
    layers = [
        {"layer": f"{block}.{kind}", "kind": kind, "macs": 10**6 * scale, "params": 900, "rank": width}
        | {"time_share": 0.02 * scale, "time_share_low": 0.018 * scale, "time_share_high": 0.023 * scale}
        | {"tap": f"{block}.expand"}
        for kind in ("pointwise", "depthwise")
    ]
    return taps, row, layers


def made_model(name: str, count: int) -> dict[str, Any]:
    taps, rows, layers = zip(*(made_block(number, 16 + 10 * number, count) for number in range(count)), strict=True)
    head = [made_tap("head.penultimate", 128, 0.97), made_tap("head.pooled", 128, 1.0)]
    return {
        "model": name,
        "resolution": 224,
        "params": 4_800_000,
        "macs": 400_000_000,
        "weights": "calibrated random",
        "layer_times": {"batch": 1, "threads": 2, "passes": 30, "method": "leaf modules timed by hooks"},
        "taps": [*itertools.chain(*taps), *head],
        "blocks": list(rows),
        "layers": [*itertools.chain(*layers)],
    }


def made_network() -> dict[str, Any]:
    setting = {"images": "1/f noise", "image_count": 80, "batch_norm": "eval", "seed": 0, "versions": {"torch": "2.13"}}
    models = [made_model("rexnet_1.0", 4), made_model("mobilenet_v2_1.0", 3)]
    return {"format": 1, "kind": "network", "setting": setting, "models": models}


NETWORKS = (
    ("baseline", "table2", "Baseline", 0.480, 5997.5),
    ("dr_conv", "table2", "+ DR of 1x1 conv 1/20 -> 1/6", 0.521, 6655.9),
    ("dr_block", "table2", "+ DR of block 0.22 -> 0.8", 0.538, 6703.2),
    ("silu", "table2", "+ first ReLU6 -> SiLU", 0.546, 6895.9),
    ("worst", "table3a", "Worst 36-36-36-36-83", 0.611, None),
    ("best", "table3a", "Best 34-34-45-55-66", 0.634, None),
)


def made_run(place: int, seed: int) -> dict[str, Any]:
    network, group, *_ = NETWORKS[place]
    wave = math.sin(7 * place + 3 * seed)
    numbers = {
        "accuracy": 0.85 + 0.01 * place + 0.01 * wave,
        "nuclear_norm": 400 + 20 * place + 9 * wave,
        "nuclear_norm_per_root_row": 9.0,
        "nuclear_over_largest": 12.0 + place,
        "effective_rank": 20 + place + wave,
    }
    end = {"status": "ok", "reason": ""}
    if (network, seed) == ("worst", 2):
        numbers, end = dict.fromkeys(numbers), {"status": "failed", "reason": "the loss became NaN"}
    place_of_run = {"network": network, "group": group, "seed": seed}
    return place_of_run | {"params": 9000, "macs": 1_000_000, "epochs": 8, "loss": 0.2} | numbers | end


def made_summary(place: int) -> dict[str, Any]:
    network, group, label, accuracy, norm = NETWORKS[place]
    means = interval("accuracy", 0.85 + 0.01 * place, 0.012) | interval("nuclear_norm", 400 + 20.0 * place, 11)
    printed = {"printed_accuracy": accuracy, "printed_nuclear_norm": norm, "printed_macs": 103_000_000}
    counts = {"params": 9000, "macs": 1_000_000, "seeds": 5}
    return {"network": network, "group": group, "label": label} | counts | means | printed


def made_trained() -> dict[str, Any]:
    claims = [made_verdict(claim, "", place) for place, claim in zip((0, 1, 3), ("C12", "C15", "C17"), strict=True)]
    return {
        "format": 1,
        "kind": "trained",
        "setting": {"seeds": 5, "epochs": 8, "side": 16},
        "runs": [made_run(place, seed) for place in range(len(NETWORKS)) for seed in range(5)],
        "summary": [made_summary(place) for place in range(len(NETWORKS))],
        "pairs": [
            {"first": first, "second": second, "metric": metric, "seeds": 5, "wins": 4}
            | {"difference": size, "low": -0.2 * size, "high": 2.2 * size}
            for first, second in itertools.pairwise(name for name, *_ in NETWORKS)
            if second != "worst"
            for metric, size in (("accuracy", 0.01), ("nuclear_norm", 20.0), ("effective_rank", 1.0))
        ],
        "claims": [{name: claim[name] for name in ("claim", "text", "rule", "verdict", "detail")} for claim in claims],
    }


@pytest.fixture(scope="session")
def layers() -> dict[str, Any]:
    return made_layers()


@pytest.fixture(scope="session")
def network() -> dict[str, Any]:
    return made_network()


@pytest.fixture(scope="session")
def trained() -> dict[str, Any]:
    return made_trained()


@pytest.fixture(scope="session")
def documents(layers: dict[str, Any], network: dict[str, Any], trained: dict[str, Any]) -> dict[str, Any]:
    """One of each kind."""
    return {"layers": layers, "network": network, "trained": trained}
