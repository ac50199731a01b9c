"""The parent's half of what the workers of a group share: names and places of the files."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of, read_registry
from bench.records.case import FULL_PRECISION, QUANTIZED, TRAIN
from bench.records.files import WEIGHTS, as_folder
from rexnet_core.sources.registry import REGISTERED, SOURCES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from bench.records.calibration import CalibrationSet
    from bench.records.case import Case

#: Longest name of a folder that comes from a name of a model.
_LONGEST = 100


def assets_name(case: Case) -> str:
    """Name of the folder for what cases share; those of another batch size have other inputs, and another folder."""
    folder = as_folder(f"{case.model}-{case.shape or case.resolution}")[-_LONGEST:]
    if case.source != REGISTERED:  # two names may be alike once they are names of folders
        folder += f"-{hashlib.sha256(case.model.encode()).hexdigest()[:8]}"
    return f"{folder}-b{case.batch}"


def share_weights(folder: Path) -> None:
    """Copy the weights of another batch size of the same model and resolution into a folder, where there are any."""
    same = folder.name.rpartition("-b")[0]
    for weights in folder.parent.glob(f"{same}-b*/{WEIGHTS}"):
        if not (folder / WEIGHTS).exists():
            shutil.copyfile(weights, folder / WEIGHTS)


def prepare_task(
    cases: Sequence[Case],
    folder: Path,
    seed: int,
    *,
    weights: Path | None = None,
    weights_entry: str | None = None,
    calibration: CalibrationSet | None = None,
) -> dict[str, Any]:
    """The task of making what cases of one model, resolution and batch share, as `bench.assets.prepare` takes it."""
    first = cases[0]
    form = SOURCES[first.source].form
    run = [case for case in cases if case.scenario != TRAIN]
    trained = [case for case in cases if case.scenario == TRAIN and not info_of(case.backend).why_unsupported(case)]
    infos = [info_of(name) for name in dict.fromkeys(case.backend for case in [*run, *trained])]
    exports = [info.name for info in infos if info.export and form in info.forms]
    keys = {info.export_key: info.name in exports for info in read_registry().infos.values() if info.export_key}
    quantized = [case.backend for case in run if case.precision == QUANTIZED]
    return {
        "quantized": [info.name for info in infos if info.quantize and info.name in quantized and form in info.forms],
        "calibration": calibration.as_message() if calibration else None,
        "compares": any(case.precision != FULL_PRECISION for case in run),
        "trains": sorted({case.precision for case in trained}),
        "model": first.model,
        "source": first.source,
        "fingerprint": first.fingerprint,
        "resolution": first.resolution,
        "shapes": [list(shape) for shape in first.input_shapes],
        "batch": first.batch,
        "threads": first.threads,
        "seed": seed,
        "weights": str(weights) if weights else None,
        "weights_entry": weights_entry,
        "folder": str(folder),
        "exports": exports,
        **keys,
    }


def export_times(prepared: Mapping[str, Any], case: Case) -> dict[str, float]:
    """Times that a case owes to the preparing process, by phase [s]."""
    if info_of(case.backend).export is None and case.precision != QUANTIZED:
        return {}
    # A build from before `exports` has the times of its one export at the top.
    times = prepared.get("exports", {case.backend: prepared}).get(case.backend, {})
    owed = {name: times.get(f"{name}_s") or 0.0 for name in ("build", "convert")}
    if case.precision == QUANTIZED:
        owed["quantize"] = prepared.get("quantized", {}).get(case.backend, {}).get("quantize_s") or 0.0
    return owed


def find_fault(prepared: Mapping[str, Any], case: Case) -> tuple[str, str] | None:
    """Status and reason of a case whose files can't be made; None where they are there."""
    if case.scenario == TRAIN:
        if why := info_of(case.backend).why_unsupported(case):
            return "unsupported", why
        training = prepared.get("training")
        if training is None:
            return "unsupported", "the build that prepares the files knows no training step"
        fault = training.get(case.precision, {}).get("fault")
        return tuple(fault) if fault else None
    made = [prepared.get("exports", {}), *([prepared.get("quantized", {})] if case.precision == QUANTIZED else [])]
    faults = (each.get(case.backend, {}).get("fault") for each in made)
    return next((tuple(fault) for fault in faults if fault), None)
