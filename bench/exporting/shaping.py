"""From what was asked for and the model that was opened to the form of the artefact. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.exporting.form import WHITE, Form
from bench.exporting.formats import FORMATS
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from bench.exporting.original import Original
    from bench.exporting.setting import ExportSetting


#: The one way of resizing that artefacts have inside.
_GEOMETRY = "torchvision"


def make_form(setting: ExportSetting, original: Original) -> Form:
    """The form of the artefact.

    Raises:
        InputError: Pictures of this model are resized in a way that no artefact does, or it gives probabilities itself.
    """
    side, steps = original.classifier.resolution, original.classifier.preprocessing
    if setting.resize and steps.geometry != _GEOMETRY:
        raise InputError(
            f"--resize does it as torchvision and timm do; the pictures of {original.name} are resized as by "
            f"{steps.geometry}; leave out --resize, and resize before"
        )
    if setting.output == "probabilities" and original.output == "probabilities":
        raise InputError(f"{original.name} gives probabilities itself; leave out --output probabilities")
    given = "probabilities" if "probabilities" in {setting.output, original.output} else "logits"
    return Form(
        format=setting.to,
        precision=setting.precision,
        side=side,
        batch=setting.pictures,
        input_type=setting.input_type,
        input_layout=setting.input_layout,
        input_order=setting.input_order,
        network_order=steps.channel_order,
        mean=_in_order(steps.mean, steps.channel_order),
        scale=_in_order(steps.std, steps.channel_order),
        network_layout=original.layout,
        input_name=setting.input_name,
        output_name=setting.output_name or {"probabilities": "prob", "logits": "logits"}[given],
        output=setting.output,
        network_output=original.output,
        classes=original.classifier.classes,
        resized_side=steps.shorter_side(side) if setting.resize else None,
        interpolation=steps.interpolation,
    )


def _in_order(values: tuple[float, ...], order: str) -> tuple[float, ...]:
    """Values of red, green and blue, for pixels up to white, in the order of the network."""
    scaled = tuple(round(value * WHITE, 6) for value in values)
    return scaled if order == "rgb" else scaled[::-1]


def check_forms(setting: ExportSetting, form: str) -> None:
    """Refuse to turn the file of a graph into a format that can't be made of it.

    Args:
        setting: What was asked for.
        form: Of the model, as its source gives it.

    Raises:
        InputError: The format needs a module of torch, or another file.
    """
    can = [name for name, one in FORMATS.items() if form in one.forms]
    if setting.to not in can:
        raise InputError(
            f"{setting.classifier.model} can become {' or '.join(can)}, not {setting.to}; choose one of these, or "
            "export the model of torch that it was made from"
        )
