"""An export from the model to its folder: opened, converted, surrounded, verified, described, and only then placed."""

from __future__ import annotations

import contextlib
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.signal_stack import drop_signal_stack
from bench.exporting import card, network_files, own_check
from bench.exporting.folder import check_target, place_folder, refused_writes
from bench.exporting.formats import FORMATS
from bench.exporting.latency import keep_side
from bench.exporting.shaping import check_forms, make_form
from bench.exporting.verification import verify
from bench.machine.scratch import make_scratch
from bench.preparing.modules import blame_model
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import SOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from bench.exporting.setting import ExportSetting
    from bench.records.calibration import CalibrationSet


def run_export(
    setting: ExportSetting,
    *,
    calibration: CalibrationSet,
    latency: dict[str, Any],
    render: Callable[[dict[str, Any]], str],
    tell: Callable[[str], None] = lambda _words: None,
) -> dict[str, Any]:
    """Export a model; the card.

    Args:
        setting: What is asked for.
        calibration: What int8 is calibrated on.
        latency: What the card says of time.
        render: The card as a README.
        tell: Called with what is being done, in words.

    Raises:
        InputError: The model can't be opened, or the format can't be made of it, or the folder can't be written.
        ModelError: The artefact's outputs are not the original's.
    """
    from bench.exporting.original import is_ours, open_original  # noqa: PLC0415 - imports torch

    check_target(setting.out, force=setting.force)
    check_forms(setting, SOURCES[setting.classifier.source].form)
    tell(f"open {setting.classifier.model}")
    original = open_original(setting)
    form = make_form(setting, original)
    shown = keep_side(latency, form.side)
    with make_scratch() as scratch, place_folder(setting.out, force=setting.force) as draft:
        tell(f"convert to {form.format}")
        writer = _find_writer(form)
        blame = contextlib.nullcontext() if is_ours(original) else blame_model("was exported")
        with blame, refused_writes(setting.out):
            calibrated_on = _make_network(original, form, scratch, calibration)
            writer.write(original, form, scratch, draft)
        drop_signal_stack()
        tell("compare with the original")
        network = writer.open_network(scratch, form) if form.precision == "int8" else None
        run, files = writer.open_artefact(draft, form), _find_held_out(form, calibration)
        verified = verify(original, form, run, network=network, files=files)
        own_check.dump(draft, form, original, verified)
        tell("describe")
        facts = card.describe(setting, original, form, verified, calibrated_on) | {"latency": shown}
        made = card.dump(draft, facts, render)
        del network, run
        drop_signal_stack()
        own_check.run(draft)
    return made


def _find_held_out(form: Form, calibration: CalibrationSet) -> list[Path]:
    """Pictures of the folder that int8 was calibrated on, which it was not calibrated on."""
    return [Path(calibration.source) / name for name in calibration.held_out] if form.precision == "int8" else []


def _find_writer(form: Form) -> Any:
    """The module that writes and opens a format.

    Raises:
        InputError: Nothing here can compile.
    """
    if FORMATS[form.format].machine_code:
        from bench.backends.inductor import explain_obstacle  # noqa: PLC0415

        if obstacle := explain_obstacle():
            raise InputError(obstacle)
    return import_module(f"bench.exporting.{FORMATS[form.format].writer}")


def _make_network(original: Original, form: Form, folder: Path, calibration: CalibrationSet) -> str:
    """Write what the artefact holds of the network; what it is calibrated on, in words, empty where it is not."""
    if form.format == "onnx" and form.batch is None:
        from bench.exporting.onnx_form import convert  # noqa: PLC0415 - imports onnx

        convert(original, form, folder)
    elif FORMATS[form.format].converts:
        network_files.convert(original, form, folder)
    return network_files.quantize(original, form, folder, calibration) if form.precision == "int8" else ""
