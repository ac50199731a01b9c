"""The form of an artefact: what it takes, computes and gives, in plain values. No torch here."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from rexnet_core.sources.exported_metadata import FORMAT_VERSION, KEY

if TYPE_CHECKING:
    from bench.exporting.original import Original
    from rexnet_core.preprocess import Preprocessing

LAYOUTS = ("nhwc", "nchw")
TYPES = ("uint8", "float32")
ORDERS = ("rgb", "bgr")
OUTPUTS = ("logits", "probabilities")
DYNAMIC = "dynamic"
#: The largest value of a pixel: means and deviations are for pixels in [0, 1], artefacts take pixels up to it.
WHITE = 255.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """What an artefact takes, computes and gives.

    Args:
        format: A name of `bench.exporting.formats.FORMATS`.
        precision: ``fp32``, ``fp16`` (weights alone) or ``int8``.
        side: Of the picture that the network takes [pixels].
        batch: Pictures in one call; None for any number.
        input_type: Of its pixels, one of `TYPES`; both count from 0 to 255.
        input_layout: One of `LAYOUTS`.
        input_order: Of the channels of the pictures it takes, one of `ORDERS`.
        network_order: Of the pictures that the network within takes.
        mean: In the order of the network, for pixels from 0 to 255.
        scale: Alike; what the difference is divided by.
        network_layout: Of the network within, one of `LAYOUTS`.
        output: One of `OUTPUTS`, as it was asked for: for probabilities a softmax is put after the network.
        network_output: What the network within gives, one of `OUTPUTS`.
        classes: Numbers in a row of the output.
        resized_side: What the shorter side of a picture is resized to inside; None where it comes resized and cut.
        interpolation: Of that resizing.
    """

    format: str
    precision: str = "fp32"
    side: int
    batch: int | None = 1
    input_type: str = "uint8"
    input_layout: str = "nhwc"
    input_order: str = "rgb"
    network_order: str = "rgb"
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    network_layout: str = "nchw"
    input_name: str = "input"
    output_name: str = "logits"
    output: str = "logits"
    network_output: str = "logits"
    classes: int
    resized_side: int | None = None
    interpolation: str = "bicubic"

    @property
    def given(self) -> str:
        """What the artefact gives, one of `OUTPUTS`."""
        return self.output if self.network_output == "logits" else self.network_output

    @property
    def reverses(self) -> bool:
        """Whether the channels are reversed inside."""
        return self.input_order != self.network_order

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Of the input; None is a size that may vary."""
        side = None if self.resized_side else self.side
        return (self.batch, side, side, 3) if self.input_layout == "nhwc" else (self.batch, 3, side, side)

    @property
    def shown_shape(self) -> list[int | str]:
        """The shape with a question mark for what may vary."""
        return ["?" if size is None else size for size in self.shape]


def make_metadata(form: Form, steps: Preprocessing) -> str:
    """What the file of an artefact tells of itself, which `rexnet_core.sources.exported_metadata` reads back."""
    told: dict[str, Any] = {
        "format_version": FORMAT_VERSION,
        "form": asdict(form),
        "steps": asdict(steps),
    }
    return json.dumps(told)


def list_facts(original: Original, form: Form) -> dict[str, str]:
    """What every format that has keys holds of an artefact, by these keys; a fact that is not known is left out."""
    facts = {
        "model_name": original.name,
        "classes": json.dumps(original.class_names) if original.class_names else "",
        "license": original.licence,
        KEY: make_metadata(form, original.classifier.preprocessing),
    }
    return {key: value for key, value in facts.items() if value}
