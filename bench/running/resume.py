"""Resume an interrupted run: what was planned, what of it is stored, and what has changed since."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.schema import SchemaError, read_as
from bench.backends.registry import libraries
from bench.planning.calibration import read_calibration
from bench.planning.pictures import read_pictures
from bench.planning.plan import Plan, check_settings
from bench.planning.subjects import describe_again
from bench.records.calibration import CalibrationSet, read_set
from bench.records.case import Case
from bench.records.pictures import PictureSet, read_picture_set
from bench.records.schemas import StoredPlan
from bench.records.settings import Settings
from bench.statistics.model_ratios import read_model_pairs
from bench.workers.descriptions import Limits
from rexnet_core.errors import InputError, UnknownNameError, first_line
from rexnet_core.files import digest_file
from rexnet_core.registry import model_info
from rexnet_core.sources.registry import REGISTERED, SOURCES, resolve, runs_code
from rexnet_core.sources.source import Request

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.records.measurement import Measurement
    from bench.records.run import RunInfo
    from bench.records.subject import Subject
    from bench.store.store import Store

#: Under this name the settings of a run list each time it was resumed: ``at``, and the ``differences`` then accepted.
RESUMED = "resumed"
_FORMAT_VERSION = 1
#: Stop reasons after which nothing is missing.
_COMPLETE = frozenset({"target", "plateau", "rounds", "budget"})
_FINAL = frozenset({"failed", "unavailable", "unsupported"})
#: What both halves of a run must share: a name, and section and key of the environment.
_ENVIRONMENT = (
    ("processor", "cpu", "model"),
    ("python", "system", "python"),
    *((name, "libraries", name) for name in (*libraries(), "numpy", "rexbench")),
)
#: The packages whose code takes part in a measurement. Their source is compared, not a version or commit: a checkout
#: keeps its version from commit to commit, may have changes in no commit, and many commits leave these packages alone.
_PACKAGES = ("bench", "rexnet_core")
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """An interrupted run, read from its store, with the differences of its environment that were accepted."""

    run: RunInfo
    plan: Plan
    stored: tuple[Measurement, ...]
    differences: tuple[str, ...] = ()

    def finished(self) -> tuple[Measurement, ...]:
        """The measurements of all groups that are complete."""
        known = {measurement.case: measurement for measurement in self.stored}
        return tuple(known[case] for group in self.plan.matches() if _is_complete(group, known) for case in group)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return len(self.finished()) == len(self.plan.cases)


def describe_plan(plan: Plan) -> dict[str, Any]:
    """What a store must hold of a plan in addition to the settings of its run, as plain values.

    Raises:
        InputError: The checkpoint can't be read.
    """
    return {
        "format_version": _FORMAT_VERSION,
        "cases": [case.as_dict() for case in plan.cases],
        "weights": str(plan.weights.resolve()) if plan.weights else None,
        "weights_sha256": _digest(plan.weights) if plan.weights else None,
        "weights_entry": plan.weights_entry,
        "calibration": plan.calibration.as_message() if plan.quantizes else None,
        "pictures": plan.pictures.as_message() if plan.shows_pictures else None,
        "code_sha256": _digest_code(),
    }


def read_resumption(
    store: Store,
    name: str,
    environment: Mapping[str, Any],
    threads: int,
    *,
    force: bool = False,
    trust: bool = False,
) -> Resumption:
    """The run of that name, with its plan and what was measured of it.

    ``latest`` is the newest run that is not finished, else the newest with a plan. With `force` the environment may
    differ, and models from elsewhere may be others than they were. A store is data from anybody: a plan whose models
    are code is only read on with `trust`.

    Raises:
        InputError: The run can't be resumed.
        StoreError: There is no such run.
    """
    run = _find_run(store, name)
    document = store.plan(run.id)
    if document is None:
        raise InputError(f"run {run.id} was stored without a plan (a study, or an earlier rexbench); start a new one")
    try:
        plan = _read_plan(run, document)
    except (SchemaError, UnknownNameError) as error:
        problem = f"this rexbench can't read it ({error})"
        raise InputError(f"run {run.id} must have a plan that rexbench wrote; {problem}, start a new run") from None
    resumption = Resumption(run=run, plan=plan, stored=store.measurements(run.id))
    if resumption.whole:
        return resumption
    _check_weights(run, document)
    _check_calibration(run, plan.calibration, trust=trust)
    _check_pictures(run, plan.pictures)
    foreign = [case for case in plan.cases if case.source != REGISTERED]
    _check_models(run, foreign, trust=trust)
    limits = Limits(
        threads=min(threads, plan.cases[0].threads),
        limit_s=plan.settings.limit_s,
        memory_bytes=plan.settings.memory_limit_bytes,
    )
    subjects = describe_again(foreign, limits)
    differences = tuple(find_differences(run.environment, environment, plan, threads))
    differences += tuple(dict.fromkeys(_find_changed(foreign, subjects)))
    if document.get("code_sha256") not in {None, _digest_code()}:
        old, new = (str(each.get("git", {}).get("commit") or "none")[:10] for each in (run.environment, environment))
        commits = f" (commit {old}, now {new})" if old != new else ""
        differences += (f"the code of rexbench has changed{commits}",)
    if differences and not force:
        raise InputError(
            f"run {run.id} began under different conditions ({'; '.join(differences)}), so times would not compare; "
            "restore them, start a new run, or resume all the same with --force"
        )
    return replace(resumption, plan=replace(plan, subjects=tuple(subjects)), differences=differences)


def _find_run(store: Store, name: str) -> RunInfo:
    if name != "latest":
        return store.find_run(name)
    planned = store.runs_with_plan()
    unfinished = {run.id for run in store.runs() if run.id in planned and run.status != "done"}
    return store.find_run(name, among=unfinished or planned)


def find_differences(before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan, threads: int) -> Iterator[str]:
    """How the environment has changed, in words."""
    for name, section, key in _ENVIRONMENT:
        old, new = (environment.get(section, {}).get(key) for environment in (before, now))
        if old != new:
            yield f"{name} {old or 'none'}, now {new or 'none'}"
    needed = max(case.threads for case in plan.cases)
    if needed > threads:
        yield f"{needed} threads, now at most {threads}"


def _read_plan(run: RunInfo, document: Mapping[str, Any]) -> Plan:
    stored = read_as(StoredPlan, document)
    if stored["format_version"] > _FORMAT_VERSION:
        raise InputError(f"the plan of run {run.id} was written by a later rexbench; upgrade rexbench")
    for one in stored["cases"]:
        if one.source not in SOURCES:
            raise UnknownNameError("source of models", one.source, SOURCES)
        if one.source == REGISTERED:
            model_info(one.model)
    return Plan(
        cases=tuple(Case(**asdict(one)) for one in stored["cases"]),
        settings=check_settings(read_as(Settings, run.settings), {}),
        preset=run.preset,
        weights=Path(stored["weights"]) if stored["weights"] else None,
        weights_entry=stored.get("weights_entry"),
        calibration=read_set(stored["calibration"]) if stored.get("calibration") else CalibrationSet(),
        pictures=read_picture_set(stored["pictures"]) if stored.get("pictures") else PictureSet(),
        rivals=read_model_pairs(run.settings),
    )


def _check_models(run: RunInfo, cases: Sequence[Case], *, trust: bool) -> None:
    """Check that the models from elsewhere can be looked for, and are no code that nobody here has vouched for.

    Raises:
        InputError: They can't, or are.
    """
    for model, kind in {case.model: case.source for case in cases}.items():
        if runs_code(kind) and not trust:
            raise InputError(
                f"run {run.id} measures {model}, which is code, and a store may come from anybody; "
                "add --trust if the run is yours"
            )
        if resolve(Request(name=model, trust=trust)) != (kind, model):
            raise InputError(
                f"run {run.id} must name models as rexbench does; it has {model} of {kind}; start a new run"
            )


def _find_changed(cases: Sequence[Case], subjects: Sequence[Subject]) -> Iterator[str]:
    """How the models from elsewhere have changed, in words."""
    now = {(subject.model, subject.shapes): subject for subject in subjects}
    faulty = {subject.model: subject for subject in subjects if subject.fault}
    for case in cases:
        subject = now.get((case.model, case.input_shapes)) or faulty[case.model]
        if subject.fingerprint == case.fingerprint:
            continue
        if subject.fault:
            yield f"{case.model} can't be opened now: {subject.fault[1]}"
        else:
            yield f"{case.model} was {case.fingerprint or 'not opened'}, now {subject.fingerprint}"


def _check_weights(run: RunInfo, document: Mapping[str, Any]) -> None:
    if not document["weights"]:
        return
    path = Path(document["weights"])
    if not os.path.isfile(path):  # noqa: PTH113 - False also in a folder that can't be read
        raise InputError(f"run {run.id} measures the checkpoint {path}, which is gone; restore it")
    if _digest(path) != document["weights_sha256"]:
        raise InputError(f"run {run.id} measures the checkpoint {path}, which has changed since; restore it")


def _check_calibration(run: RunInfo, calibration: CalibrationSet, *, trust: bool) -> None:
    """Check that the calibration set is what it was, and no code that nobody here has vouched for.

    Raises:
        InputError: It is not, or it is such code.
    """
    if calibration.loader and not trust:
        raise InputError(
            f"run {run.id} calibrates on {calibration.name}, which is code, and a store may come from anybody; "
            "add --trust if the run is yours"
        )
    if calibration.source and not calibration.loader and read_calibration(calibration.source) != calibration:
        raise InputError(f"run {run.id} calibrates on {calibration.source}, which has changed since; restore it")


def _check_pictures(run: RunInfo, pictures: PictureSet) -> None:
    if pictures.source and read_pictures(pictures.source) != pictures:
        raise InputError(f"run {run.id} shows pictures of {pictures.source}, which has changed since; restore it")


def _digest(path: Path) -> str:
    try:
        return digest_file(path)
    except (OSError, ValueError) as error:
        raise InputError(f"the checkpoint must be a file that can be read; {path}: {first_line(error)}") from None


def _digest_code(root: Path = _ROOT) -> str:
    """Digest of all source files that can be read."""
    digest = hashlib.sha256()
    for path in sorted(path for name in _PACKAGES for path in (root / name).rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode())
        with contextlib.suppress(OSError):  # an editor may just be replacing it
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _is_complete(group: Sequence[Case], known: Mapping[Case, Measurement]) -> bool:
    measurements = [known.get(case) for case in group]
    return all(
        measured and (measured.status in _FINAL or measured.stop_reason in _COMPLETE) for measured in measurements
    )
