"""From what was asked for and the model that was opened to the form of the artefact. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.exporting.form import WHITE, Form
from rexnet_core.errors import InputError
from rexnet_core.preprocess import resized_side

if TYPE_CHECKING:
    from bench.exporting.original import Original
    from bench.exporting.setting import ExportSetting


def make_form(setting: ExportSetting, original: Original) -> Form:
    """The form of the artefact.

    Raises:
        InputError: The file of a graph takes another number of pictures than asked for.
    """
    side, steps = original.classifier.resolution, original.classifier.preprocessing
    return Form(
        format=setting.to,
        precision=setting.precision,
        side=side,
        batch=setting.pictures,
        input_type=setting.input_type,
        input_layout=setting.input_layout,
        channel_order=setting.channel_order,
        mean=tuple(round(value * WHITE, 6) for value in steps.mean),
        scale=tuple(round(value * WHITE, 6) for value in steps.std),
        network_layout=original.layout,
        input_name=setting.input_name,
        output_name=setting.output_name or ("prob" if setting.output == "probabilities" else "logits"),
        output=setting.output,
        classes=original.classifier.classes,
        resized_side=resized_side(side, steps.crop_ratio) if setting.resize else None,
        interpolation=steps.interpolation,
    )


def check_forms(setting: ExportSetting, form: str) -> None:
    """Refuse to turn the file of a graph into a format that can't be made of it.

    Args:
        setting: What was asked for.
        form: Of the model, as its source gives it.

    Raises:
        InputError: The format needs a module of torch, or another file.
    """
    can = {"module": ("ir", "onnx", "pt2", "aoti"), "onnx": ("ir", "onnx"), "ir": ("ir",)}[form]
    if setting.to not in can:
        raise InputError(
            f"{setting.classifier.model} can become {' or '.join(can)}, not {setting.to}; choose one of these, or "
            "export the model of torch that it was made from"
        )
