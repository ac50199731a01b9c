"""Going on with an interrupted run: what was planned, what is there of it, and what has changed since."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.registry import libraries
from bench.planning.plan import Plan
from bench.records.case import Case
from bench.records.settings import Settings
from bench.statistics.model_ratios import read_model_pairs
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.records.measurement import Measurement
    from bench.records.run import RunInfo
    from bench.store.store import Store

#: Under this name the settings of a run hold each time it was gone on with: ``at``, and ``differences`` then forced.
RESUMED = "resumed"
_FORMAT_VERSION = 1
#: Reasons to stop that mean that nothing is missing.
_WHOLE = frozenset({"target", "plateau", "rounds", "budget"})
_FINAL = frozenset({"failed", "unavailable", "unsupported"})
#: What two halves of a run must share, each as its name, and the part of the environment and the key that hold it.
_ENVIRONMENT = (
    ("processor", "cpu", "model"),
    ("python", "system", "python"),
    *((name, "libraries", name) for name in (*libraries(), "numpy", "rexbench")),
)
#: The packages whose code is measured with. A checkout keeps its version from commit to commit, may be changed without
#: one, and many a commit changes none of it: so the code itself is compared.
_PACKAGES = ("bench", "rexnet_core")
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumption:
    """An interrupted run, read from its store.

    Args:
        run: Its record.
        plan: What was planned, all of it.
        stored: What is there of it.
        differences: What the environment was and is, in words, where that was forced.
    """

    run: RunInfo
    plan: Plan
    stored: tuple[Measurement, ...]
    differences: tuple[str, ...] = ()

    def finished(self) -> tuple[Measurement, ...]:
        """The cases of all matches that are whole."""
        found = {one.case: one for one in self.stored}
        return tuple(found[case] for match in self.plan.matches() if _is_whole(match, found) for case in match)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing."""
        return len(self.finished()) == len(self.plan.cases)


def describe_plan(plan: Plan) -> dict[str, Any]:
    """What a store must hold of a plan beside the settings of its run, as plain values.

    Raises:
        InputError: Its checkpoint can't be read.
    """
    return {
        "format_version": _FORMAT_VERSION,
        "cases": [case.as_dict() for case in plan.cases],
        "weights": str(plan.weights.resolve()) if plan.weights else None,
        "weights_sha256": _digest(plan.weights) if plan.weights else None,
        "code_sha256": _digest_code(),
    }


def read_resumption(
    store: Store, name: str, environment: Mapping[str, Any], threads: int, *, force: bool = False
) -> Resumption:
    """The run of that name with what is missing.

    Args:
        store: Where it lies.
        name: Its id, a part of it, or ``latest``: the newest that was not brought to its end, else the newest planned.
        environment: That of now, as `bench.machine.environment.read_environment` has it.
        threads: The thread budget of now.
        force: Whether to go on in another environment.

    Raises:
        InputError: It can't be gone on with.
        StoreError: It isn't there.
    """
    run = _find_run(store, name)
    document = store.plan(run.id)
    if document is None:
        raise InputError(f"run {run.id} was stored without a plan (a study, or an earlier rexbench); begin a new one")
    try:
        plan = _read_plan(run, document)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        told = f"this rexbench can't read it ({type(error).__name__}: {error})"
        raise InputError(f"the plan of run {run.id} must be one that we wrote; {told}, begin a new run") from None
    found = Resumption(run=run, plan=plan, stored=store.measurements(run.id))
    if found.whole:
        return found
    _check_weights(run, document)
    differences = tuple(find_differences(run.environment, environment, plan, threads))
    if document.get("code_sha256") not in {None, _digest_code()}:
        commits = [str(side.get("git", {}).get("commit") or "")[:10] for side in (run.environment, environment)]
        told = f" (commit {commits[0] or 'none'}, now {commits[1] or 'none'})" if commits[0] != commits[1] else ""
        differences += (f"the code of rexbench has been changed{told}",)
    if differences and not force:
        raise InputError(
            f"run {run.id} began under other conditions ({'; '.join(differences)}), whose times don't compare; "
            "restore them, begin a new run, or go on all the same with --force"
        )
    return Resumption(run=run, plan=plan, stored=found.stored, differences=differences)


def _find_run(store: Store, name: str) -> RunInfo:
    if name != "latest":
        return store.find_run(name)
    planned = store.runs_with_plan()
    waiting = {run.id for run in store.runs() if run.id in planned and run.status != "done"}
    return store.find_run(name, among=waiting or planned)


def find_differences(before: Mapping[str, Any], now: Mapping[str, Any], plan: Plan, threads: int) -> Iterator[str]:
    """What of the environment is another than it was, in words."""
    for name, part, key in _ENVIRONMENT:
        was, is_now = (side.get(part, {}).get(key) for side in (before, now))
        if was != is_now:
            yield f"{name} {was or 'none'}, now {is_now or 'none'}"
    most = max(case.threads for case in plan.cases)
    if most > threads:
        yield f"{most} threads, now at most {threads}"


def _read_plan(run: RunInfo, document: Mapping[str, Any]) -> Plan:
    if document["format_version"] > _FORMAT_VERSION:
        raise InputError(f"the plan of run {run.id} is of a later rexbench; upgrade rexbench")
    known = {spec.name for spec in fields(Settings)}
    return Plan(
        cases=tuple(Case(**case) for case in document["cases"]),
        settings=Settings(**{name: value for name, value in run.settings.items() if name in known}),
        preset=run.preset,
        weights=Path(document["weights"]) if document["weights"] else None,
        rivals=read_model_pairs(run.settings),
    )


def _check_weights(run: RunInfo, document: Mapping[str, Any]) -> None:
    """Refuse a checkpoint that is gone or another."""
    if not document["weights"]:
        return
    path = Path(document["weights"])
    if not os.path.isfile(path):  # noqa: PTH113 - which is False, too, in a folder that we can't look into
        raise InputError(f"run {run.id} measures the checkpoint {path}, which is gone; put it back")
    if _digest(path) != document["weights_sha256"]:
        raise InputError(f"run {run.id} measures the checkpoint {path}, which has changed since; put the old one back")


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"the checkpoint must be a file that can be read; {path}: {error.strerror}") from None


def _digest_code(root: Path = _ROOT) -> str:
    """Of all source files that are there to be read."""
    found = hashlib.sha256()
    for path in sorted(path for name in _PACKAGES for path in (root / name).rglob("*.py")):
        found.update(str(path.relative_to(root)).encode())
        with contextlib.suppress(OSError):  # an editor may just be about it
            found.update(path.read_bytes())
    return found.hexdigest()


def _is_whole(match: Sequence[Case], found: Mapping[Case, Measurement]) -> bool:
    return all(
        (one := found.get(case)) is not None and (one.status in _FINAL or one.stop_reason in _WHOLE) for case in match
    )
