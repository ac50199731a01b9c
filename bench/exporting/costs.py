"""What a model costs, as Open Model Zoo's cards have it, beside our own counts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from bench.exporting.original import Original
    from bench.exporting.setting import ExportSetting

#: Conventions of Open Model Zoo's "GFLOPs" and "MParams".
_OPERATIONS, _CONSTANTS = "openvino_preprocessed", "openvino_constants"
_PLAIN = "2 x multiply-adds of convolutions and linear layers"


def describe_costs(setting: ExportSetting, original: Original) -> dict[str, Any]:
    """GFLOPs and MParams, each with its convention, and multiply-adds and parameters by our own."""
    side = original.classifier.resolution
    if isinstance(original.model, Path):
        return _describe_graph(original.model, original, side)
    from analysis.complexity import trace  # noqa: PLC0415 - imports torch
    from analysis.complexity.conventions import CONVENTIONS, count_under  # noqa: PLC0415

    try:
        cost = trace(original.model, side)
    except InputError as error:
        return {"reason": str(error)}
    plain = {"macs": cost.macs, "params": cost.params, "uncounted": list(cost.uncounted)}
    try:
        operations = count_under(_OPERATIONS, original.model, side).total
        constants = count_under(_CONSTANTS, original.model, side).total
    except InputError:
        return plain | _by_macs(cost.macs, cost.params)
    indices = _count_indices(setting)
    return plain | {
        "gflops": operations / 1e9,
        "gflops_convention": f"2 x MACs and more: {CONVENTIONS[_OPERATIONS].title}",
        "mparams": (constants + indices) / 1e6,
        "mparams_convention": CONVENTIONS[_CONSTANTS].title
        + (f", and {indices:,} index constants of in-place shortcuts as exported to ONNX" if indices else ""),
    }


def _count_indices(setting: ExportSetting) -> int:
    """What Open Model Zoo's files of a published model hold beyond the network's own numbers."""
    if not setting.profile.index_constants:
        return 0
    from analysis.published.rules import count_index_constants  # noqa: PLC0415 - few exports need it

    return count_index_constants(setting.classifier.model)


def _describe_graph(path: Path, original: Original, side: int) -> dict[str, Any]:
    from analysis.graphs.counting import count_graph  # noqa: PLC0415 - imports OpenVINO

    shape = (1, 3, side, side) if original.layout == "nchw" else (1, side, side, 3)
    try:
        cost = count_graph(path, [shape], name=original.name, resolution=side)
    except InputError as error:
        return {"reason": str(error)}
    counted = {"macs": cost.macs, "params": cost.params, "uncounted": list(cost.uncounted)}
    return counted | _by_macs(cost.macs, cost.params)


def _by_macs(macs: int, params: int) -> dict[str, Any]:
    return {
        "gflops": 2 * macs / 1e9,
        "gflops_convention": _PLAIN,
        "mparams": params / 1e6,
        "mparams_convention": "learnable numbers",
    }
