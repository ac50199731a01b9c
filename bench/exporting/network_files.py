"""The network alone as a file, made as for a run: the backend's own conversion, and its own quantiser."""

from __future__ import annotations

import contextlib
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.backends import Unavailable
from bench.backends.registry import info_of
from bench.exporting.formats import FORMATS
from bench.preparing.calibration import draw_sets
from bench.preparing.task import Task
from rexnet_core.errors import InputError
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from bench.exporting.form import Form
    from bench.exporting.original import Original
    from bench.records.calibration import CalibrationSet


def convert(original: Original, form: Form, folder: Path) -> None:
    """Write the network in the form of a backend into a folder.

    Raises:
        InputError: A package is missing.
    """
    info = info_of(FORMATS[form.format].backend)
    assert info.export is not None, "a backend with files of its own"
    shape = (form.batch or 1, *_shape(original, form))
    with _needed_packages():
        export = info.export()
    example: Any = np.zeros(shape, np.float32)
    if not isinstance(original.model, PurePath):
        import torch  # noqa: PLC0415

        example = torch.from_numpy(example)
    export(original.model, (example,), folder)


def quantize(original: Original, form: Form, folder: Path, calibration: CalibrationSet) -> str:
    """Write the int8 form of the network that `convert` has left in a folder; what it is calibrated on, in words.

    Raises:
        InputError: A package is missing, or the pictures can't be used.
    """
    info = info_of(FORMATS[form.format].backend)
    assert info.quantize is not None, "a backend that quantises"
    with _needed_packages():
        run = info.quantize()
    drawn, _ = draw_sets(_make_task(original, form, folder, calibration), _describe(original))
    run(original.model, list(drawn.split(form.batch or 1)), folder)
    return drawn.words


def _shape(original: Original, form: Form) -> tuple[int, int, int]:
    return (3, form.side, form.side) if original.layout == "nchw" else (form.side, form.side, 3)


def _make_task(original: Original, form: Form, folder: Path, calibration: CalibrationSet) -> Task:
    return Task(
        model=original.name,
        source=original.source,
        resolution=form.side,
        shapes=(_shape(original, form),),
        types=("float32",),
        batch=form.batch or 1,
        threads=1,
        seed=0,
        weights=None,
        weights_entry=None,
        folder=folder,
        exports=(),
        calibration=calibration,
    )


def _describe(original: Original) -> OpenedModel:
    return OpenedModel(inputs=(make_image_spec(),), preprocessing=original.classifier.preprocessing)


@contextlib.contextmanager
def _needed_packages() -> Iterator[None]:
    """A context in which a package that is missing is an error of the caller."""
    try:
        yield
    except Unavailable as error:
        raise InputError(str(error)) from None
