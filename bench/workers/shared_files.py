"""The parent's half of what the workers of a group share: names and places of the files."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bench.backends.registry import info_of, read_registry
from bench.records.case import END_TO_END, FULL_PRECISION, QUANTIZED, TRAIN
from bench.records.files import WEIGHTS, as_folder
from bench.records.pictures import PictureSet
from rexnet_core.sources.registry import REGISTERED, SOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from bench.records.calibration import CalibrationSet
    from bench.records.case import Case
    from rexnet_core.preprocess import Preprocessing

#: Longest name of a folder that comes from a name of a model.
_LONGEST = 100
#: Scenarios that need files of their own, and what the preparing process calls these.
_APART = {TRAIN: "training", END_TO_END: "pictures"}


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
    pictures: PictureSet | None = None,
    steps: Preprocessing | None = None,
) -> dict[str, Any]:
    """The task of making what cases of one model, resolution and batch share, as `bench.assets.prepare` takes it.

    Pictures are prepared by the steps; None is the model's own way.
    """
    first = cases[0]
    form = SOURCES[first.source].form
    chosen = [case for case in cases if case.scenario not in _APART or not info_of(case.backend).why_unsupported(case)]
    run = [case for case in chosen if case.scenario != TRAIN]
    trained = [case for case in chosen if case.scenario == TRAIN]
    shown = any(case.scenario == END_TO_END for case in chosen)
    infos = [info_of(name) for name in dict.fromkeys(case.backend for case in [*run, *trained])]
    exports = [info.name for info in infos if info.export and form in info.forms]
    keys = {info.export_key: info.name in exports for info in read_registry().infos.values() if info.export_key}
    quantized = [case.backend for case in run if case.precision == QUANTIZED]
    return {
        "quantized": [info.name for info in infos if info.quantize and info.name in quantized and form in info.forms],
        "calibration": calibration.as_message() if calibration else None,
        "compares": any(case.precision != FULL_PRECISION for case in run),
        "pictures": (pictures or PictureSet()).as_message() if shown else None,
        "steps": asdict(steps) if steps else None,
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
    if case.scenario in _APART:
        if why := info_of(case.backend).why_unsupported(case):
            return "unsupported", why
        if prepared.get(_APART[case.scenario]) is None:
            return "unsupported", f"the build that prepares the files does not know the scenario {case.scenario}"
    faults = (made.get("fault") for made in _list_made(prepared, case))
    return next((tuple(fault) for fault in faults if fault), None)


def _list_made(prepared: Mapping[str, Any], case: Case) -> Iterator[Mapping[str, Any]]:
    """What the preparing process reported of each file that a case needs."""
    if case.scenario == TRAIN:
        yield prepared["training"].get(case.precision, {})
        return
    if case.scenario == END_TO_END:
        yield prepared["pictures"]
    yield prepared.get("exports", {}).get(case.backend, {})
    if case.precision == QUANTIZED:
        yield prepared.get("quantized", {}).get(case.backend, {})
