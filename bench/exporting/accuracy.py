"""The accuracy on a card: as `rexbench evaluate` measured it on these weights, or as it was printed, never made up."""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from analysis.published.accuracy import find_accuracy, list_accuracies
from analysis.schema import Count, SchemaError, Text, read_as
from bench.exporting.formats import FORMATS
from rexnet_core.errors import InputError
from rexnet_core.files import refused_paths
from rexnet_core.printable import shorten

if TYPE_CHECKING:
    from pathlib import Path

    from analysis.published.table import PublishedRow
    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from bench.exporting.profiles import Profile

Percent = Annotated[float, Meta(ge=0, le=100)] | None
_MOST_BYTES = 64 * 2**20
_IMAGENET_CLASSES = 1000
#: What the table of published numbers says of a row about a converted model.
_CONVERTED = "converted model"


class _Shares(TypedDict):
    images: Count
    top1_percent: Percent
    top1_low_percent: Percent
    top1_high_percent: Percent
    top5_percent: Percent
    top5_low_percent: Percent
    top5_high_percent: Percent


class _Form(TypedDict):
    backend: Text
    precision: Text
    status: Text


class _Weights(TypedDict):
    sha256: Text | None
    entry: Text | None


class _Evaluation(_Shares):
    kind: Text
    model: Text
    resolution: Count
    folder: Text
    classes: Count
    weights: _Weights
    preprocessing: dict[str, Any]
    fingerprint: NotRequired[Text]
    converted: list[dict[str, Any]]


def describe_accuracy(path: Path | None, original: Original, form: Form, profile: Profile) -> dict[str, Any]:
    """``original`` and ``converted``, each with top-1 and top-5 [%], intervals where there are any, and the source.

    Args:
        path: What ``rexbench evaluate --json`` wrote; None for printed numbers.
        original: The model.
        form: Of the artefact.
        profile: What the artefact follows.

    Raises:
        InputError: The file is none, or is about another model or other weights.
    """
    if path is None:
        return _describe_published(original, profile) if original.published else _describe_printed(original)
    told = _read(path)
    _check_same(path, told, original, form)
    dataset = f"{told['images']} images of {PurePath(told['folder']).name or told['folder']}, {form.side} pixels"
    measured = {"source": f"measured on {dataset}", "measured": True, "dataset": dataset}
    row = _find_converted(told["converted"], form)
    return {"original": _pick(dict(told)) | measured, **({"converted": _pick(row) | measured} if row else {})}


def _check_same(path: Path, told: _Evaluation, original: Original, form: Form) -> None:
    """Refuse what was measured of another model, on other weights, or on pictures that were prepared in another way."""
    from analysis.accuracy.run import describe_steps  # noqa: PLC0415 - imports torch

    weights = original.classifier.weights
    steps = json.loads(json.dumps(describe_steps(form.side, original.classifier.preprocessing)))
    own: dict[str, Any] = {
        "model": original.name,
        "weights": weights.get("sha256"),
        "entry of the weights": weights.get("entry"),
        "classes": form.classes,
        "side": form.side,
        "fingerprint": original.classifier.told.get("fingerprint", ""),
        **{f"preprocessing ({key})": value for key, value in steps.items()},
    }
    found: dict[str, Any] = {
        "model": told["model"],
        "weights": told["weights"]["sha256"],
        "entry of the weights": told["weights"]["entry"],
        "classes": told["classes"],
        "side": told["resolution"],
        "fingerprint": told.get("fingerprint", ""),
        **{f"preprocessing ({key})": told["preprocessing"].get(key) for key in steps},
    }
    differs = next((key for key in own if found[key] != own[key]), None)
    if differs is not None:
        raise InputError(
            f"--accuracy must be of the same model, weights, side and preprocessing; {differs}: {path} has "
            f"{shorten(str(found[differs]), 100)}, the export {own[differs]}; evaluate the model as it is exported"
        )


def _read(path: Path) -> _Evaluation:
    with refused_paths("--accuracy must be a file that can be read", path, "name another"):
        size = path.stat().st_size
        data = path.read_bytes() if size <= _MOST_BYTES else b""
    try:
        told = read_as(_Evaluation, json.loads(data))
        if told["kind"] != "accuracy":
            raise SchemaError(f"it is a document of kind {told['kind']!r}")
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, SchemaError) else "it is no JSON"
        raise InputError(f"--accuracy must be what `rexbench evaluate --json` writes; {path}: {why}") from None
    return told


def _find_converted(rows: list[dict[str, Any]], form: Form) -> dict[str, Any]:
    """The row of the artefact's runtime and precision; empty where there is none."""
    for row in rows:
        try:
            known = read_as(_Form, row)
            read_as(_Shares, row)
        except SchemaError:
            continue
        asked = FORMATS[form.format].backend, form.precision
        if (known["backend"], known["precision"]) == asked and known["status"] in {"ok", "mismatch"}:
            return row
    return {}


def _pick(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in _Shares.__annotations__ if row.get(key) is not None}


def _describe_printed(original: Original) -> dict[str, Any]:
    if original.classifier.classes != _IMAGENET_CLASSES:
        return {}
    printed = find_accuracy(original.name, original.classifier.resolution)
    rows: dict[str, PublishedRow | None] = {"top1_percent": printed.top1, "top5_percent": printed.top5}
    values = {key: float(row.value) for key, row in rows.items() if row is not None}
    if not values:
        return {}
    return {"original": values | {"source": f"{printed.source}; printed, not measured on these weights"}}


def _describe_published(original: Original, profile: Profile) -> dict[str, Any]:
    """What the publisher that a profile follows has printed of both forms."""
    found: dict[str, Any] = {}
    for row in list_accuracies(original.name):
        if row.source == profile.publisher:
            form = "converted" if row.conditions == _CONVERTED else "original"
            told = found.setdefault(form, {"source": f"{row.source}, {row.locator}; printed for the public weights"})
            told[f"{row.metric}_percent"] = float(row.value)
    return found
