"""What on this machine will bend the numbers, each finding with its remedy. Asks and looks; changes nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from bench.machine.environment import (
    TUNING_VARIABLES,
    is_virtual,
    read_available_bytes,
    read_compiler,
    read_governor,
    read_limits,
    read_quota,
    read_thread_budget,
)
from bench.machine.interference import interference, read_usage
from bench.planning.config import load_config
from bench.records.case import BACKENDS
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

_ROOT = Path(__file__).resolve().parent.parent
_GIB = 2**30
_PROBE_S = 120
#: A neighbour that keeps a fifth of a core busy already moves medians by more than the interval we aim at.
_BUSY_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing looked at.

    Args:
        check: What was looked at.
        level: ``ok``, ``warn`` (numbers are affected) or ``fail`` (something can't run).
        found: What is the case.
        remedy: What to do; empty where all is well.
    """

    check: str
    level: str
    found: str
    remedy: str = ""


def examine() -> list[Finding]:
    """All findings, in the order a reader should act on them."""
    checks: tuple[Callable[[], list[Finding]], ...] = (
        _check_config,
        _check_threads,
        _check_quota,
        _check_compiler,
        _check_backends,
        _check_load,
        _check_frequency,
        _check_room,
    )
    return [finding for check in checks for finding in check()]


def _check_config() -> list[Finding]:
    """Which configuration file a run here would use."""
    try:
        found = load_config()
    except InputError as error:
        return [Finding(check="config", level="fail", found=str(error), remedy="mend it; no run can begin here")]
    return [Finding(check="config", level="ok", found=str(found))]


def _check_threads() -> list[Finding]:
    budget = read_thread_budget()
    limits = read_limits()
    text = (
        f"{budget} threads for every runtime (affinity {limits['affinity']}, "
        f"physical cores {limits['physical_cores']}, "
        f"quota {limits['cgroup_quota_cores'] or 'none'})"
    )
    findings = [Finding(check="threads", level="ok", found=text)]
    variables = sorted(name for name in os.environ if name.startswith(TUNING_VARIABLES))
    if variables:
        findings.append(
            Finding(
                check="threads",
                level="warn",
                found=f"{', '.join(variables)} set: workers are started without, other tools you compare with obey",
                remedy=f"unset {' '.join(variables)}, and give threads with --threads",
            )
        )
    return findings


def _check_quota() -> list[Finding]:
    quota = read_quota()
    if quota is None:
        return [Finding(check="quota", level="ok", found="no CPU quota in the control group")]
    if quota >= read_limits()["affinity"]:
        return [Finding(check="quota", level="ok", found=f"CPU quota {quota:g} cores, no less than there are")]
    remedy = "raise the container's CPU limit to a whole number of cores, or expect pauses when the quota is used up"
    return [Finding(check="quota", level="warn", found=f"CPU quota {quota:g} cores", remedy=remedy)]


def _check_compiler() -> list[Finding]:
    version = read_compiler()
    if version:
        return [Finding(check="compiler", level="ok", found=version)]
    remedy = "install one (Debian: apt-get install g++) or set CXX; until then the compile backend is unavailable"
    return [Finding(check="compiler", level="fail", found="no C++ compiler", remedy=remedy)]


def _ask_python(code: str) -> tuple[str, str]:
    """Standard output of a Python program, and the last line of its errors if it failed."""
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=_ROOT, capture_output=True, text=True, timeout=_PROBE_S, check=False
        )
    except subprocess.TimeoutExpired:
        return "", f"no answer within {_PROBE_S} s"
    lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return (done.stdout, "") if done.returncode == 0 else ("", lines[-1])


def _check_backends() -> list[Finding]:
    """Import each runtime in a process of its own, and ask OpenVINO what it would do if left alone."""
    findings = []
    version, error = _ask_python("import torch; print(torch.__version__, torch.cuda.is_available())")
    torch_backends = ", ".join(name for name in BACKENDS if name != "openvino")
    if error:
        remedy = "pip install torch"
        findings.append(Finding(check="backends", level="fail", found=f"{torch_backends}: {error}", remedy=remedy))
    else:
        number, cuda = version.split()
        devices = "cpu and cuda" if cuda == "True" else "cpu"
        findings.append(Finding(check="backends", level="ok", found=f"{torch_backends}: torch {number} on {devices}"))
    told, error = _ask_python(
        "import json; from bench.backends.openvino import read_defaults; print(json.dumps(read_defaults()))"
    )
    if error:
        findings.append(
            Finding(check="backends", level="fail", found=f"openvino: {error}", remedy="pip install openvino")
        )
        return findings
    defaults = json.loads(told)
    findings.append(Finding(check="backends", level="ok", found=f"openvino {defaults['version']}"))
    return [*findings, _judge_precision(defaults)]


def _judge_precision(defaults: dict[str, Any]) -> Finding:
    if defaults["precision"] == "fp32":
        return Finding(check="precision", level="ok", found="OpenVINO computes in fp32 by itself here")
    return Finding(
        check="precision",
        level="warn",
        found=f"left alone, OpenVINO computes in {defaults['precision']} on this processor; rexbench pins fp32",
        remedy='set INFERENCE_PRECISION_HINT="f32" in your own code, or compare with --precisions bf16 knowingly',
    )


def _check_load() -> list[Finding]:
    """What others do with the cores while we only watch for a second."""
    before = read_usage()
    busy = psutil.cpu_percent(interval=1.0) / 100 * (psutil.cpu_count() or 1)
    machine = interference(before, read_usage())
    told = ", ".join(f"{name.replace('_', ' ')} {value:.1f}" for name, value in machine.items() if value is not None)
    text = f"{busy:.2f} cores busy with other work ({told})"
    if busy <= _BUSY_SHARE:
        return [Finding(check="load", level="ok", found=text)]
    remedy = "stop the other work; if you can't, trust the paired speed-ups more than the absolute times"
    return [Finding(check="load", level="warn", found=text, remedy=remedy)]


def _check_frequency() -> list[Finding]:
    governor = read_governor()
    findings = []
    if governor not in {None, "performance"}:
        remedy = "sudo cpupower frequency-set -g performance"
        found = f"frequency governor {governor}"
        findings.append(Finding(check="frequency", level="warn", found=found, remedy=remedy))
    elif governor:
        findings.append(Finding(check="frequency", level="ok", found="frequency governor performance"))
    if is_virtual():
        remedy = "use a dedicated or bare-metal machine for absolute times; paired speed-ups hold here, too"
        found = "a virtual machine: neighbours and frequency can't be seen from inside"
        findings.append(Finding(check="frequency", level="warn", found=found, remedy=remedy))
    return findings


def _check_room() -> list[Finding]:
    free_memory, free_disk = read_available_bytes(), shutil.disk_usage(tempfile.gettempdir()).free
    text = f"{free_memory / _GIB:.1f} GiB of memory and {free_disk / _GIB:.1f} GiB in {tempfile.gettempdir()} are free"
    if free_memory > 2 * _GIB and free_disk > _GIB:
        return [Finding(check="room", level="ok", found=text)]
    remedy = "free some, set TMPDIR to a larger disk, or choose smaller batches"
    return [Finding(check="room", level="warn", found=text, remedy=remedy)]
