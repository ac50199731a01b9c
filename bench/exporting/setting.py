"""What an export is asked for, checked before anything is opened. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.setting_fields import about, check_fields, name_option, option
from bench.exporting.form import DYNAMIC, LAYOUTS, ORDERS, OUTPUTS, TYPES
from bench.exporting.formats import FORMATS
from bench.exporting.profiles import Profile, find_profile
from rexnet_core.errors import InputError
from rexnet_core.printable import shorten

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.classifiers.setting import ClassifierSetting

PRECISIONS = ("fp32", "fp16", "int8")
_MOST_BATCH = 1024
_LONGEST_NAME = 100
_COLOURS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportSetting:
    """What an export is asked for; checked when it is made. The metadata of each field says what it is.

    Raises:
        InputError: A value is out of range, or the format can't have what is asked for.
        UnknownNameError: A name is not known.
    """

    classifier: ClassifierSetting
    to: str = field(metadata=about("form of the artefact", choices=tuple(FORMATS), kind="format", metavar="FORMAT"))
    out: Path = field(metadata=about("folder of the artefact, which is made", type=Path, metavar="DIR"))
    force: bool = option(False, "replace an earlier export in that folder")
    like: str | None = option(None, "take the form that a publisher gave the model; options go before it", unset="none")
    precision: str = option("fp32", "fp16 stores weights alone in it", choices=PRECISIONS)
    batch: str = option("1", f"pictures in one call, or {DYNAMIC}", metavar="N")
    input_type: str = option("uint8", "of the pixels, which count from 0 to 255 in both", choices=TYPES)
    input_layout: str = option("nhwc", "of the pictures", choices=LAYOUTS)
    input_order: str = option("rgb", "order of the channels that the artefact takes", choices=ORDERS)
    input_name: str = option("input", "name of the input")
    output_name: str | None = option(None, "name of the output", unset="as --output says")
    output: str = option("logits", "what comes out", choices=OUTPUTS)
    resize: bool = option(False, "take pictures of any size, and resize and cut them inside")
    mean_values: str | None = option(
        None, "means of red, green and blue, from 0 to 255, such as 123.675,116.28,103.53", unset="the model's own"
    )
    scale_values: str | None = option(
        None, "what red, green and blue are divided by, such as 58.395,57.12,57.375", unset="the model's own"
    )
    classes_file: Path | None = option(
        None, "names of all classes, one on each line", unset="the checkpoint's, or ImageNet's for 1000", type=Path
    )
    accuracy: Path | None = option(
        None, "what `rexbench evaluate --json` wrote, for the card", unset="the published one", type=Path
    )
    licence: str = option("", "licence of the weights, for the card", unset="as the model's file says")
    profile: Profile = field(default_factory=Profile)

    def __post_init__(self) -> None:
        check_fields(self)
        for name in ("input_name", "output_name"):
            _check_name(f"--{name.replace('_', '-')}", getattr(self, name))
        if self.input_name == self.output_name:
            raise InputError(f"input and output need two names; both are {self.input_name!r}; give another")
        _ = self.pictures, self.means, self.scales
        can = [name for name, one in FORMATS.items() if self.precision in one.precisions]
        if self.to not in can:
            raise InputError(
                f"--precision {self.precision} is for --to {' and '.join(can)}, not {self.to}; choose one of them"
            )
        resizing = [name for name, one in FORMATS.items() if one.resizes]
        if self.resize and self.to not in resizing:
            raise InputError(
                f"--resize is for --to {' and '.join(resizing)}, not {self.to}; leave out --resize, and resize before"
            )
        if self.precision == "int8" and self.to == "onnx" and self.pictures is None:
            raise InputError("--precision int8 with --to onnx takes a fixed number of pictures; give --batch 1")

    @property
    def pictures(self) -> int | None:
        """Pictures in one call; None for any number."""
        if self.batch == DYNAMIC:
            return None
        if not self.batch.isascii() or not self.batch.isdecimal() or not 1 <= int(self.batch[:9]) <= _MOST_BATCH:
            raise InputError(f"--batch must be {DYNAMIC} or from 1 to {_MOST_BATCH}; got {shorten(self.batch)!r}")
        return int(self.batch)

    @property
    def means(self) -> tuple[float, ...] | None:
        """Means of the colours of pixels from 0 to 255, where they were given."""
        return _read_colours("--mean-values", self.mean_values)

    @property
    def scales(self) -> tuple[float, ...] | None:
        """Divisors of the colours, where they were given."""
        scales = _read_colours("--scale-values", self.scale_values)
        if scales is not None and min(scales) <= 0:
            raise InputError(f"--scale-values must be above 0; got {self.scale_values}")
        return scales


def make_setting(classifier: ClassifierSetting, given: Mapping[str, Any]) -> ExportSetting:
    """The setting of what was given, over what a profile says.

    Args:
        classifier: The model.
        given: By the names of fields.

    Raises:
        InputError: A value breaks its rule, or one that is needed was not given.
        UnknownNameError: A name is not known.
    """
    for spec in fields(ExportSetting):
        if spec.name in {"to", "out"} and spec.name not in given:
            raise InputError(f"an export needs a format and a folder; give {name_option(spec)}")
    profile = find_profile(given.get("like"), classifier.model)
    return ExportSetting(**{**profile.options, **given}, classifier=classifier, profile=profile)


def _check_name(flag: str, name: str | None) -> None:
    """Names that every runtime takes, and that no file has to escape."""
    if name is not None and not (name.isascii() and name.isprintable() and name.strip() == name and name):
        raise InputError(f"{flag} takes a name of printable ASCII characters; got {shorten(name)!r}")
    if name is not None and (len(name) > _LONGEST_NAME or set(name) & set(",\"'\\")):
        raise InputError(
            f"{flag} takes a name of up to {_LONGEST_NAME} characters without commas, quotes and backslashes; "
            f"got {shorten(name)!r}"
        )


def _read_colours(flag: str, text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        values = tuple(map(float, text.split(",")))
    except ValueError:
        values = ()
    if len(values) != _COLOURS or not all(abs(value) < 10**6 for value in values):
        raise InputError(f"{flag} takes a number for red, green and blue, such as 1,2,3; got {shorten(text)!r}")
    return values
