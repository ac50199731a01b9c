"""A made-up census with every status."""

from __future__ import annotations

from typing import Any

HOSTILE = "</script><b onload=alert(1)>\"'&x"


def made_row(model: str, backend: str, status: str = "ok", reason: str = "", **fields: Any) -> dict[str, Any]:
    """A row of a model that was counted."""
    known = {
        "model": model,
        "source": "timm",
        "family": "resnet",
        "backend": backend,
        "status": status,
        "reason": reason,
        "resolution": 64,
        "params": 11_689_512,
        "macs": 148_814_848,
        "took_s": 9.5,
    }
    return {**known, **fields}


def made_census() -> dict[str, Any]:
    """A made-up document of the shape that `rexbench census` stores."""
    agrees = {"cosine": 0.9999999, "relative_error": 2e-6, "reference": "eager fp32"}
    fixed = {"resolution": 224, "refused": "at 64 px: Input height (64) doesn't match model (224)"}
    uncounted = {"params": None, "macs": None, "uncounted": "it needs data"}
    printed = {"published_gmacs": "1.82", "published_side": 224, "counted_gmacs": 1.8195, "gmacs_verdict": "reproduced"}
    rows = [
        made_row("timm:resnet18", "eager", **agrees, **printed),
        made_row("timm:resnet18", "openvino", exported=True, convert_s=1.5, **agrees, **printed),
        made_row("timm:resnet34", "eager", "failed", "output 7 of 12 has NaN values, 3 % of all", **uncounted),
        made_row("timm:resnet34", "openvino", "failed", "output 9 of 12 has NaN values, 30 % of all", **uncounted),
        made_row("timm:vit", "eager", family="vit", **agrees, **fixed),
        made_row("timm:vit", "openvino", "mismatch", f"cosine 0.5 {HOSTILE}", family="vit", exported=True, **fixed),
        made_row("x.onnx", "eager", "unsupported", "eager takes modules of torch", source="onnx", family=""),
        made_row("x.onnx", "openvino", "unavailable", "no such processor", source="onnx", family=""),
    ]
    settings = {"resolution": 64, "backends": ["eager", "openvino"], "versions": {"timm": "1.0.31"}}
    head = {"kind": "census", "format_version": 1, "stopped": True, "setting": settings}
    return {**head, "listed": 5, "checked": 4, "rows": rows}
