"""Base and head of one case as an interleaved group: `rexbench compare --live` and `rexbench selftest` both measure it.

The self-test passes the same build twice, so it tests exactly the code that a comparison runs.
"""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from bench.records.files import IMAGES, REFERENCE, WEIGHTS
from bench.records.inputs import MOST_INPUTS, name_input
from bench.running.interleaved_group import InterleavedGroup
from bench.workers.executor import ProcessExecutor, WorkerError
from rexnet_core.errors import InputError
from rexnet_core.sources.registry import REGISTERED

if TYPE_CHECKING:
    from bench.records.case import Case
    from bench.records.measurement import Measurement
    from bench.records.settings import Settings
    from bench.workers.child_process import Build
    from bench.workers.executor import Executor

BASE, HEAD = "base", "head"
#: Whether glibc returns freed memory depends on heap layout, so page faults differ between processes: eager ReXNet 1.0
#: had 0 to 3500 in a call, the same number throughout a process, and 23 to 41 ms of processor time with them. Workers
#: that are compared keep what they have allocated: 22.6 to 24.5 ms. 32 MiB is the most that every glibc takes for the
#: second variable.
STEADY_HEAP = (("MALLOC_TRIM_THRESHOLD_", str(2**40)), ("MALLOC_MMAP_THRESHOLD_", str(2**25)))
#: Statuses of a case that a build can't run.
_LOST = frozenset({"unavailable", "unsupported"})


def open_executors(builds: tuple[Build, Build], settings: Settings) -> tuple[Executor, Executor]:
    """What starts the processes of base and head."""
    base, head = (ProcessExecutor(build, memory_limit_bytes=settings.memory_limit_bytes) for build in builds)
    return base, head


def pair_builds(cases: tuple[Case, Case], executors: tuple[Executor, Executor], **options: Any) -> InterleavedGroup:
    """The group in which a case of the base and one of the head take turns; `options` go to `InterleavedGroup`.

    A build that can't run its case ends the group, for the other build then has nothing to be compared with.
    """
    base, head = executors
    builds = [(BASE, base, partial(prepare_base, base)), (HEAD, head, partial(prepare_head, head))]
    return InterleavedGroup(cases, executor=base, builds=builds, all_or_none=True, shuffle_opening=True, **options)


def find_obstacle(base: Measurement, head: Measurement) -> tuple[str, str]:
    """Status and reason of two measurements that can't be compared; ``ok`` and no reason where they can."""
    if base.case.lineage == head.case.lineage and base.status == "ok" and head.status in _LOST:
        return "failed", f"{HEAD} is {head.status} where {BASE} is not: {head.reason}"
    # A build that was ended because the other failed is ok itself; the other gives the reason.
    for label, measurement in ((BASE, base), (HEAD, head)):
        if measurement.status != "ok":
            return measurement.status, f"{label}: {measurement.reason}"
    return "ok", ""


def prepare_base(inner: Executor, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Make the base's files.

    Raises:
        InputError: The checkpoint can't be used, or the build takes an entry of its own choice.
    """
    if not task["weights"]:
        return _prepare(inner, task, limit_s)
    prepared = inner.prepare(task, limit_s)
    if task["weights_entry"] and "weights_entry" not in prepared:
        raise InputError(
            f"the base is of a version that can't choose entry {task['weights_entry']!r} of a checkpoint; give "
            "--weights a file that holds nothing but that entry"
        )
    return prepared


def prepare_head(inner: Executor, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Make the head's files, and take over the base's weights, inputs and reference logits.

    So both builds compute the same function of the same inputs, and the head's logits are compared with the eager ones
    of the base. Only OpenVINO's representation is the head's own, for converting is part of what a build does.
    """
    folder = Path(task["folder"])
    # The base's folder has another name where the batch sizes differ; each group has folders of its own.
    [shared] = (folder.parent.parent / BASE).iterdir()
    _copy(shared, folder, WEIGHTS)
    prepared = _prepare(inner, task, limit_s)
    # Inputs of another batch size are different ones, and so are pictures; then each build is compared with its own
    # reference.
    pictures = (task.get("calibration") or {}).get("source") and task.get("compares")
    if not pictures and _shape(shared / IMAGES) == _shape(folder / IMAGES):
        _copy(shared, folder, *map(name_input, range(MOST_INPUTS)), REFERENCE)
    return prepared


def _prepare(inner: Executor, task: dict[str, Any], limit_s: float) -> dict[str, Any]:
    """Make files; what the build refuses is a result of the comparison and not a wrong call."""
    try:
        return inner.prepare(task, limit_s)
    except InputError as error:
        early = task.get("source", REGISTERED) != REGISTERED and str(error).startswith("unknown model")
        told = "the build is of a version that knows models of ours alone; compare with a later one"
        raise WorkerError("failed", told if early else str(error)) from None


def _shape(images: Path) -> tuple[int, ...] | None:
    return np.load(images, mmap_mode="r").shape if images.exists() else None


def _copy(source: Path, target: Path, *names: str) -> None:
    for name in names:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
