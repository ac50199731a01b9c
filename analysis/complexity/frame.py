"""Costs as plain values: the keys of the JSON document and the columns of the CSV file. No torch here.

MACs are counts, not rates; every other quantity has its unit in its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from analysis.complexity.cost import Cost, LayerCost

#: Columns of a table with one row per model.
MODEL_COLUMNS = ("model", "resolution", "params", "params_folded", "macs", "activations", "traffic_bytes")

#: Columns of a table with one row per layer, after `model` and `resolution`.
LAYER_COLUMNS = (
    "layer",
    "kind",
    "params",
    "macs",
    "out_shape",
    "params_folded",
    "activations",
    "weight_bytes",
    "input_bytes",
    "output_bytes",
    "traffic_bytes",
)


def as_dict(cost: Cost, *, per_layer: bool = False) -> dict[str, Any]:
    """The totals of one model, ready for `json.dumps`.

    Args:
        cost: A cost counted in either way; one that was traced adds the list ``uncounted``, one of other inputs than a
            square image ``input_shapes``.
        per_layer: Whether to add the list ``layers``.
    """
    document = {column: getattr(cost, column) for column in MODEL_COLUMNS}
    if not cost.takes_square:
        document["input_shapes"] = [list(shape) for shape in cost.input_shapes]
    if cost.uncounted:
        document["uncounted"] = list(cost.uncounted)
    if per_layer:
        document["layers"] = [_layer(layer) for layer in cost.layers]
    return document


def model_rows(costs: Iterable[Cost]) -> list[dict[str, Any]]:
    """One row per model with `MODEL_COLUMNS`, and `input_shapes` where these are not one square image, for CSV."""
    return [{column: getattr(cost, column) for column in MODEL_COLUMNS} | _inputs(cost) for cost in costs]


def layer_rows(cost: Cost) -> list[dict[str, Any]]:
    """One row per layer, led by the model and its resolution; `out_shape` reads ``1x32x112x112``, for CSV."""
    identity = {"model": cost.model, "resolution": cost.resolution} | _inputs(cost)
    return [identity | _layer(layer) | {"out_shape": _sizes(layer.out_shape)} for layer in cost.layers]


def _inputs(cost: Cost) -> dict[str, str]:
    """The shapes of all inputs, as ``1x3x48x192 1x10``, where the resolution does not say them."""
    return {} if cost.takes_square else {"input_shapes": " ".join(map(_sizes, cost.input_shapes))}


def _sizes(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape))


def _layer(layer: LayerCost) -> dict[str, Any]:
    row = {column: getattr(layer, column) for column in LAYER_COLUMNS}
    return row | {"out_shape": list(layer.out_shape)}


def document_rows(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a document that `as_dict` made: one per layer where it lists them, else one for the model."""
    shapes = document.get("input_shapes")
    told = {"input_shapes": " ".join("x".join(map(str, shape)) for shape in shapes)} if shapes else {}
    if "layers" not in document:
        return [{column: document[column] for column in MODEL_COLUMNS} | told]
    identity = {column: document[column] for column in ("model", "resolution")} | told
    return [
        identity | layer | {"out_shape": "x".join(str(size) for size in layer["out_shape"])}
        for layer in document["layers"]
    ]
