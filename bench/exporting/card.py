"""The card of an artefact: every fact in plain values, in ``card.json``, and the digest of every file."""

from __future__ import annotations

from importlib import metadata
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from analysis.json_values import render_json
from bench.exporting.accuracy import describe_accuracy
from bench.exporting.costs import describe_costs
from bench.exporting.folder import CARD, KIND
from bench.exporting.formats import FORMATS
from bench.exporting.own_check import LIMITS, PROGRAM, STORED
from rexnet_core.files import digest_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from bench.exporting.setting import ExportSetting
    from bench.exporting.verification import Verified

FORMAT_VERSION = 1
README = "README.md"
#: Libraries that may have had a part in an artefact, besides its runtime.
_LIBRARIES = ("torch", "onnx", "nncf", "rexbench")


def describe(
    setting: ExportSetting, original: Original, form: Form, verified: Verified, calibrated_on: str
) -> dict[str, Any]:
    """What is known of an artefact, files and latency aside."""
    profile = setting.profile
    return {
        "kind": KIND,
        "format_version": FORMAT_VERSION,
        "model": original.name,
        "source": original.source,
        "published_name": profile.published_name if original.published else "",
        "like": setting.like,
        "task": "image classification",
        "format": form.format,
        "format_words": FORMATS[form.format].words,
        "machine_code": FORMATS[form.format].machine_code,
        "runtime": FORMATS[form.format].runtime,
        "precision": form.precision,
        "calibrated_on": calibrated_on,
        "licence": original.licence,
        "weights": _describe_weights(original),
        "fingerprint": original.classifier.told.get("fingerprint", ""),
        "classes": form.classes,
        "named_classes": len(original.class_names),
        "input": {"converted": _describe_input(form), "original": _describe_original_input(setting, original, form)},
        "output": {"converted": _describe_output(form), "original": _describe_original_output(original, form)},
        "preprocessing": _describe_steps(original, form),
        "cost": describe_costs(setting, original),
        "accuracy": describe_accuracy(setting.accuracy, original, form, profile),
        "check": {"program": PROGRAM, "stored": STORED, "limit": LIMITS[form.precision], **verified.tell()},
        "reference": original.classifier.reference,
        "versions": dict(_read_versions()),
    }


def _describe_weights(original: Original) -> dict[str, Any]:
    """The file's name alone: where it lay is nobody's business."""
    told = dict(original.classifier.weights)
    return told | {"path": PurePath(str(told.get("path", ""))).name}


def _describe_input(form: Form) -> dict[str, Any]:
    return {
        "name": form.input_name,
        "shape": form.shown_shape,
        "layout": form.input_layout.upper(),
        "type": form.input_type,
        "range": [0, 255],
        "channel_order": form.input_order.upper(),
        "mean": None,
        "scale": None,
        "inside": {"reversed": form.reverses, "mean": list(form.mean), "scale": list(form.scale)},
    }


def _describe_original_input(setting: ExportSetting, original: Original, form: Form) -> dict[str, Any]:
    """What the network takes as its publisher made it; a network in BGR has its means in that order."""
    order = (original.published and setting.profile.original_order) or form.network_order
    turned = order != form.network_order
    mean, scale = (list(values[::-1] if turned else values) for values in (form.mean, form.scale))
    sides = [form.side, form.side, 3] if form.network_layout == "nhwc" else [3, form.side, form.side]
    return {
        "name": original.input_name or form.input_name,
        "shape": [form.shown_shape[0], *sides],
        "layout": form.network_layout.upper(),
        "type": "float32",
        "range": [0, 255],
        "channel_order": order.upper(),
        "mean": mean,
        "scale": scale,
    }


def _describe_output(form: Form) -> dict[str, Any]:
    return {"name": form.output_name, "shape": [form.shown_shape[0], form.classes], "kind": form.given}


def _describe_original_output(original: Original, form: Form) -> dict[str, Any]:
    name = original.output_name or form.output_name
    return {**_describe_output(form), "name": name, "kind": original.output}


def _describe_steps(original: Original, form: Form) -> dict[str, Any]:
    steps = original.classifier.preprocessing
    taken = steps.choose(channel_order="bgr" if form.input_order == "bgr" else "rgb")
    return {
        "words": taken.in_words(form.side),
        "rule": steps.rule,
        "geometry": steps.geometry,
        "resized_side": steps.shorter_side(form.side),
        "interpolation": steps.interpolation,
        "crop": form.side,
        "crop_ratio": steps.crop_ratio,
        "resized_inside": form.resized_side is not None,
        "of": original.classifier.whose,
        "note": steps.note,
    }


def _read_versions() -> list[tuple[str, str]]:
    found = []
    for name in (*_LIBRARIES, *sorted({one.runtime for one in FORMATS.values()} - {*_LIBRARIES})):
        try:
            found.append((name, metadata.version(name)))
        except metadata.PackageNotFoundError:
            continue
    return found


def dump(folder: Path, facts: dict[str, Any], render: Callable[[dict[str, Any]], str]) -> dict[str, Any]:
    """Write ``README.md`` and ``card.json``; the card, which has the digest of every other file."""
    (folder / README).write_text(render(facts), encoding="utf-8", errors="backslashreplace")
    files = {path.name: _describe_file(path) for path in sorted(folder.iterdir())}
    card = {**facts, "files": files}
    (folder / CARD).write_text(render_json(card) + "\n", encoding="utf-8")
    return card


def _describe_file(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "sha256": digest_file(path)}
