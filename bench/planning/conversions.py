"""Which converted forms of a model are evaluated: backends, precisions, and what they are calibrated on."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.setting_fields import check_names
from bench.backends.registry import check_backend
from bench.planning.calibration import read_calibration
from bench.planning.plan import Selection
from bench.planning.presets import CONVERTED_BACKENDS
from bench.records.calibration import CalibrationSet
from bench.records.case import FULL_PRECISION, PRECISIONS, QUANTIZED, Case, name_shape
from rexnet_core.sources.tensors import USUAL_SIDE

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from bench.records.subject import Subject

#: The options of a run that an evaluation has, too.
_SHARED = ("backends", "precisions", "calibration")
#: Images in one call, as a run times them.
USUAL_BATCH = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversions:
    """The converted forms of one model that are evaluated.

    Args:
        batch: Images in one call.
        calibration: What forms in int8 are calibrated on.
    """

    backends: tuple[str, ...] = ()
    precisions: tuple[str, ...] = ()
    batch: int = USUAL_BATCH
    calibration: CalibrationSet = field(default_factory=CalibrationSet)

    @property
    def calibrated(self) -> tuple[Path, ...]:
        """The pictures that forms are calibrated on; a loader keeps to itself which those are."""
        if QUANTIZED not in self.precisions:
            return ()
        return tuple(Path(self.calibration.source) / name for name in self.calibration.files)

    def make_cases(self, subject: Subject, threads: int) -> list[Case]:
        """A case for each backend and precision of a described model."""
        # One that can't be described has no shape, and its cases end before any is needed.
        side, shape = name_shape(subject.shapes) if subject.shapes else (USUAL_SIDE, "")
        return [
            Case(
                model=subject.model,
                source=subject.source,
                fingerprint=subject.fingerprint,
                resolution=side,
                shape=shape,
                batch=self.batch,
                backend=backend,
                precision=precision,
                threads=threads,
                calibration=self.calibration.name if precision == QUANTIZED else "",
            )
            for backend, precision in itertools.product(self.backends, self.precisions)
        ]


def name_unshared() -> set[str]:
    """The options of a run that an evaluation does not have."""
    return {spec.name for spec in fields(Selection)} - set(_SHARED)


def read_conversions(args: argparse.Namespace) -> Conversions:
    """The forms that the options ask for; none where neither backends nor precisions are named.

    Raises:
        InputError: A value breaks its rule, or a calibration would not be used.
        UnknownNameError: A backend or a precision is not known.
    """
    backends: Sequence[str] | None = args.backends
    precisions: Sequence[str] | None = args.precisions
    if backends is None and precisions is None:
        read_calibration(args.calibration, ())
        return Conversions()
    names = tuple(dict.fromkeys(CONVERTED_BACKENDS if backends is None else map(check_backend, backends)))
    known = tuple(dict.fromkeys((FULL_PRECISION,) if precisions is None else precisions))
    check_names("backend", names, names)
    check_names("precision", known, PRECISIONS)
    return Conversions(
        backends=names,
        precisions=known,
        batch=USUAL_BATCH if args.batch_size is None else args.batch_size,
        calibration=read_calibration(args.calibration, known),
    )
