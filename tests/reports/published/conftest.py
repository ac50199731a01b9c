"""Made-up documents of the shape that `rexbench published` gives: two sources, two models, four conventions."""

from __future__ import annotations

import copy
from typing import Any

import pytest

HOSTILE = "</script><b onload=alert(1)>\"'&x"
PAPER = "ReXNet paper (arXiv 2007.00992v3), Table 1"
README = "clovaai/rexnet README"


def made_row(**changes: Any) -> dict[str, Any]:
    row = {
        "source": PAPER,
        "locator": "FLOPs",
        "model": "rexnet_1.0",
        "metric": "flops",
        "printed": "0.40",
        "unit": "G",
        "verdict": "reproduced",
        "how": "rounded",
        "convention": "macs",
        "ours": 398_370_392,
        "difference": 1_629_608.0,
        "difference_percent": 0.407402,
        "reason": "",
        "command": "",
        "ratio_to": "",
        "measured": "",
        "stated_convention": "multiply-adds",
        "conditions": "224x224",
        "note": "",
        "file": "published.csv",
        "line": 2,
    }
    ratios = dict.fromkeys(("printed_ratio", "our_ratio"))
    ends = {f"{name}_{end}": None for name in ratios for end in ("low", "high")}
    return row | ratios | ends | changes


def made_rows() -> list[dict[str, Any]]:
    nothing = {"convention": "", "ours": None, "difference": None, "difference_percent": None, "how": ""}
    return [
        made_row(),
        made_row(
            source=README,
            metric="params",
            printed="4.9",
            unit="M",
            verdict="contradicted",
            how="",
            convention="params",
            ours=4_796_873,
            difference=103_127.0,
            difference_percent=2.1046,
            reason="ours is 4,796,873; the paper prints 4.8 M for it, which our count gives",
            stated_convention="",
        ),
        made_row(
            source=README,
            metric="checkpoint_size",
            printed="19417999",
            unit="B",
            verdict="open",
            how="",
            convention="checkpoint",
            ours=19_417_552,
            difference=447.0,
            difference_percent=0.0023,
            reason="the file differs by 447 bytes",
        ),
        made_row(
            **nothing,
            metric="top1",
            printed="77.9",
            unit="%",
            verdict="needs data",
            reason="an accuracy is checked on images",
            command="rexbench evaluate rexnet_1.0",
        ),
        made_row(
            **nothing,
            metric="latency",
            printed="12",
            unit="ms",
            verdict="needs hardware",
            reason="the table implies 0.71 [0.67, 0.74] times efficientnet_b0",
            ratio_to="efficientnet_b0",
            printed_ratio=0.71,
            printed_ratio_low=0.67,
            printed_ratio_high=0.74,
        ),
    ]


def made_count(model: str, convention: str, groups: dict[str, int], **changes: Any) -> dict[str, Any]:
    return {
        "model": model,
        "height": 224,
        "width": 224,
        "convention": convention,
        "quantity": "operations",
        "total": sum(groups.values()),
        "groups": groups,
        "operators": {f"{name} node": amount for name, amount in groups.items()},
        "uncounted": ["silu x17", "add x11"],
    } | changes


def made_explorer() -> list[dict[str, Any]]:
    return [
        count
        for model, scale in (("rexnet_1.0", 1), ("mobilenet_v2_1.0", 3))
        for count in (
            made_count(model, "macs", {"convolution": 990 * scale, "linear": 10 * scale}),
            made_count(model, "fvcore", {"convolution": 990 * scale, "linear": 10 * scale, "batch norm": 50 * scale}),
            made_count(model, "timm_index", {"convolution": 1200 * scale, "pooling": 2}, width=285),
            made_count(model, "params", {"convolution": 300, "bias": 7}, quantity="parameters", uncounted=[]),
        )
    ]


def made_convention(name: str, title: str, quantity: str = "operations") -> dict[str, Any]:
    return {
        "name": name,
        "title": title,
        "quantity": quantity,
        "unit": "operations",
        "counts": f"what {title} counts",
        "leaves_out": "the rest",
        "source": "a paper",
    }


def made_document() -> dict[str, Any]:
    counts = {"reproduced": 1, "explained": 0, "contradicted": 1, "open": 1, "needs data": 1, "needs hardware": 1}
    return {
        "format": "rexbench-published",
        "format_version": 1,
        "kind": "published",
        "counts": counts,
        "by_source": [],
        "rows": made_rows(),
        "conventions": [
            made_convention("macs", "multiply-adds"),
            made_convention("fvcore", "fvcore total"),
            made_convention("timm_index", "timm's model index"),
            made_convention("params", "parameters", "parameters"),
        ],
        "uses": [
            {"source": PAPER, "metric": "flops", "convention": "macs", "rows": 1, "reproduced": 1},
            {"source": README, "metric": "params", "convention": "params", "rows": 1, "contradicted": 1},
        ],
        "explorer": made_explorer(),
    }


def poisoned(value: Any) -> Any:
    """The document with markup in every text that is not a kind, a verdict, a metric, a unit or a quantity."""
    if isinstance(value, dict):
        kept = ("kind", "format", "verdict", "metric", "unit", "printed", "quantity")
        return {key: part if key in kept else poisoned(part) for key, part in value.items()}
    if isinstance(value, list):
        return [poisoned(part) for part in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


@pytest.fixture
def document() -> dict[str, Any]:
    """A document with every verdict but one."""
    return made_document()


@pytest.fixture
def hostile(document: dict[str, Any]) -> dict[str, Any]:
    """The same with markup in its texts, groups and operators."""
    spoilt: dict[str, Any] = poisoned(copy.deepcopy(document))
    for count in spoilt["explorer"]:
        for part in ("groups", "operators"):
            count[part] = {f"{name}{HOSTILE}": amount for name, amount in count[part].items()}
    return spoilt


@pytest.fixture
def nothing() -> dict[str, Any]:
    """A document without rows, conventions or counts."""
    empty = {name: [] for name in ("by_source", "rows", "conventions", "uses", "explorer")}
    return {"format": "rexbench-published", "format_version": 1, "kind": "published", "counts": {}, **empty}
