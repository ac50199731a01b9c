"""What on this machine will distort the numbers, each finding with its remedy. Nothing is changed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from bench.backends.arithmetic import examine_arithmetic
from bench.backends.info import Finding
from bench.backends.registry import read_registry
from bench.machine.energy import find_still, read_energy
from bench.machine.environment import (
    is_virtual,
    read_available_bytes,
    read_governor,
    read_limits,
    read_quota,
    read_thread_budget,
    read_version,
)
from bench.machine.interference import interference, read_usage
from bench.machine.variables import find_dropped, find_kept, without_dropped
from bench.planning.config import load_config
from bench.records.energy import PACKAGE
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bench.backends.info import BackendInfo

T = TypeVar("T")

_ROOT = Path(__file__).resolve().parent.parent
_GIB = 2**30
_PROBE_S = 120
#: Beginnings of dropped variables that concern drawing and installing alone.
_TIMELESS = ("MPL", "MATPLOTLIBRC", "PIP_")
#: Within so long a counter of energy that is kept has moved [s].
_MOVES_S = 0.2
#: A neighbour that keeps a fifth of a core busy already moves medians by more than the target interval.
_BUSY_SHARE = 0.2


def examine() -> list[Finding]:
    """All findings, in the order a reader should act on them."""
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _check_config,
        _check_threads,
        _check_quota,
        _check_tools,
        _check_obstacles,
        _check_backends,
        examine_arithmetic,
        _check_energy,
        _check_load,
        _check_frequency,
        _check_room,
    )
    return [finding for check in checks for finding in check()]


def _ok(check: str, found: str) -> Finding:
    return Finding(check=check, level="ok", found=found)


def _warn(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, level="warn", found=found, remedy=remedy)


def _fail(check: str, found: str, remedy: str) -> Finding:
    return Finding(check=check, level="fail", found=found, remedy=remedy)


def _check_config() -> list[Finding]:
    try:
        config = load_config()
    except InputError as error:
        return [_fail("config", str(error), "correct it; no run can begin here")]
    return [_ok("config", str(config))]


def _check_threads() -> list[Finding]:
    budget = read_thread_budget()
    limits = read_limits()
    text = (
        f"{budget} threads for every runtime (affinity {limits['affinity']}, "
        f"physical cores {limits['physical_cores']}, "
        f"quota {limits['cgroup_quota_cores'] or 'none'})"
    )
    findings = [_ok("threads", text)]
    dropped = find_dropped()
    if variables := [name for name in dropped if not name.startswith(_TIMELESS)]:
        text = f"{', '.join(variables)} set: rexbench workers ignore it, other benchmark tools do not"
        findings.append(_warn("threads", text, f"unset {' '.join(variables)}, and give threads with --threads"))
    if timeless := [name for name in dropped if name.startswith(_TIMELESS)]:
        findings.append(_ok("variables", f"{', '.join(timeless)} set: ignored, and no time depends on it"))
    if kept := find_kept():
        text = ", ".join(f"{name}={value}" for name, value in kept.items())
        findings.append(_ok("variables", f"passed on to workers, and stored with each run: {text}"))
    return findings


def _check_quota() -> list[Finding]:
    quota = read_quota()
    if quota is None:
        return [_ok("quota", "no CPU quota in the control group")]
    if quota >= read_limits()["affinity"]:
        return [_ok("quota", f"CPU quota {quota:g} cores, no less than there are")]
    remedy = "raise the container's CPU limit to a whole number of cores, or expect pauses when the quota is used up"
    return [_warn("quota", f"CPU quota {quota:g} cores", remedy)]


def _check_tools() -> list[Finding]:
    """Each tool once, whatever number of backends calls it."""
    users = _group((tool, info.name) for info in read_registry().infos.values() for tool in info.tools)
    return [
        _ok(tool.name, version)
        if (version := tool.read_version())
        else _fail(tool.name, f"no {tool.title}, without which {', '.join(names)} can't run", tool.remedy)
        for tool, names in users.items()
    ]


def _check_obstacles() -> list[Finding]:
    """What on this machine is in the way of backends."""
    infos = [info for info in read_registry().infos.values() if not _is_left_out(info)]
    found = _group((info.find_obstacle, info.name) for info in infos if info.find_obstacle)
    return [
        _fail("backends", f"{', '.join(names)}: {why}", remedy)
        for find_obstacle, names in found.items()
        if (obstacle := find_obstacle())
        for why, _, remedy in [obstacle.rpartition("; ")]
    ]


def _group(pairs: Iterable[tuple[T, str]]) -> dict[T, list[str]]:
    """The names that go with each value, in order."""
    groups: dict[T, list[str]] = {}
    for value, name in pairs:
        groups.setdefault(value, []).append(name)
    return groups


def _is_left_out(info: BackendInfo) -> bool:
    """Whether a backend's library belongs to an extra that was not asked for."""
    return bool(info.extra and info.library) and read_version(info.library) is None and not _can_find(info.library)


def _can_find(library: str) -> bool:
    """Whether a module of that name is there: another distribution, such as one for GPUs, may bring it."""
    return find_spec(re.sub(r"\W", "_", library)) is not None


def _ask_python(code: str) -> tuple[str, str]:
    """Standard output of a Python program, and the last line of its errors if it failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            timeout=_PROBE_S,
            check=False,
            env=without_dropped(),
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {_PROBE_S} s"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return (done.stdout, "") if done.returncode == 0 else ("", lines[-1])


def _check_backends() -> list[Finding]:
    """Ask each runtime about itself, in a process of its own."""
    registry = read_registry()
    sharing: dict[Callable[[], list[Finding]], list[BackendInfo]] = {}
    left_out = [info for info in registry.infos.values() if _is_left_out(info)]
    for info in registry.infos.values():
        if info.examine and info not in left_out:
            sharing.setdefault(info.examine, []).append(info)
    findings = [finding for examine, infos in sharing.items() for finding in _ask_runtime(examine, infos)]
    findings += [
        _ok("backends", f"{info.name}: optional, and not installed; {info.how_to_install}") for info in left_out
    ]
    findings += [
        _ok("backends", f"{info.name}: {info.deprecated}") for info in registry.infos.values() if info.deprecated
    ]
    remedy = "until then, runs can use every other backend"
    return findings + [_fail("backends", why, remedy) for why in registry.unusable.values()]


def _ask_runtime(examine: Callable[[], list[Finding]], infos: list[BackendInfo]) -> list[Finding]:
    """The findings of backends that share a runtime, under their names."""
    names = ", ".join(info.name for info in infos)
    module, function = examine.__module__, examine.__qualname__
    code = f"import json; from dataclasses import asdict; from {module} import {function} as examine; "
    answer, error = _ask_python(code + "print(json.dumps(list(map(asdict, examine()))))")
    if error:
        return [_fail("backends", f"{names}: {error}", infos[0].how_to_install)]
    findings = [Finding(**values) for values in json.loads(answer)]
    return [replace(finding, found=f"{names}: {finding.found}") for finding in findings]


def _check_energy() -> list[Finding]:
    """Whether energy can be read; that it can't be read alters no other number."""
    before = read_energy()
    if PACKAGE in before.zones:
        time.sleep(_MOVES_S)
    why = before.reasons.get(PACKAGE) or find_still(before, read_energy(), PACKAGE)
    return [_ok("energy", f"not available: {why}" if why else f"counters of {' and '.join(before.zones)}")]


def _check_load() -> list[Finding]:
    """The finding about other processes: how busy they keep the cores during one second."""
    before = read_usage()
    busy = psutil.cpu_percent(interval=1.0) / 100 * (psutil.cpu_count() or 1)
    machine = interference(before, read_usage())
    details = ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in machine.items() if value is not None)
    text = f"{busy:.2f} cores busy with other work ({details})"
    if busy <= _BUSY_SHARE:
        return [_ok("load", text)]
    remedy = "stop the other work; if you can't, trust the paired speed-ups more than the absolute times"
    return [_warn("load", text, remedy)]


def _check_frequency() -> list[Finding]:
    governor = read_governor()
    findings = []
    if governor == "performance":
        findings.append(_ok("frequency", "frequency governor performance"))
    elif governor:
        remedy = "sudo cpupower frequency-set -g performance"
        findings.append(_warn("frequency", f"frequency governor {governor}", remedy))
    if is_virtual():
        remedy = "use a dedicated or bare-metal machine for absolute times; paired speed-ups hold here, too"
        text = "a virtual machine: neighbours and frequency can't be seen from inside"
        findings.append(_warn("frequency", text, remedy))
    return findings


def _check_room() -> list[Finding]:
    free_memory, free_disk = read_available_bytes(), shutil.disk_usage(tempfile.gettempdir()).free
    text = f"{free_memory / _GIB:.1f} GiB of memory and {free_disk / _GIB:.1f} GiB in {tempfile.gettempdir()} are free"
    if free_memory > 2 * _GIB and free_disk > _GIB:
        return [_ok("room", text)]
    remedy = "free some, set TMPDIR to a larger disk, or choose smaller batches"
    return [_warn("room", text, remedy)]
