"""The machine: its environment, the one thread budget, and what else it did while a sample was taken."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import shutil
import subprocess
import time
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

#: Distributions whose versions decide a number.
LIBRARIES = (
    "torch",
    "openvino",
    "fvcore",
    "numpy",
    "pandas",
    "matplotlib",
    "pytest-benchmark",
    "sqlalchemy",
    "rexbench",
)

_CGROUP = Path("/sys/fs/cgroup")
_PROC = Path("/proc")


def read_thread_budget() -> int:
    """The number of threads every runtime gets: min(affinity, cgroup quota, physical cores), at least 1."""
    quota = read_quota()
    limits = [_affinity(), _cores()] + ([math.floor(quota)] if quota else [])
    return max(1, min(limits))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cores() -> int:
    return psutil.cpu_count(logical=False) or _affinity()


def _cgroup_folders() -> list[Path]:
    """The cgroup folders that may limit this process, innermost first."""
    folders = []
    for line in _read_text(_PROC / "self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "cpu" in controllers.split(","):
            base = _CGROUP if controllers == "" else _CGROUP / "cpu"
            inner = base / path.lstrip("/")
            folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(base)]
    return [*folders, _CGROUP]


def read_quota() -> float | None:
    """CPU quota of the control group [cores], or None where there is no limit or no control group."""
    quotas = []
    for folder in _cgroup_folders():
        limit = _read_text(folder / "cpu.max").split()
        if not limit:
            limit = [_read_text(folder / f"cpu.cfs_{kind}_us").strip() for kind in ("quota", "period")]
        with contextlib.suppress(ValueError, ZeroDivisionError, IndexError):
            quota = float(limit[0]) / float(limit[1])
            if quota > 0:
                quotas.append(quota)
    return min(quotas, default=None)


def read_environment(folder: Path | None = None) -> dict[str, Any]:
    """What a reader must know to repeat a run, as nested plain values.

    Args:
        folder: Where to look for a git checkout; default is the one this file lies in.
    """
    return {
        "cpu": _read_cpu(),
        "limits": {
            "threads": read_thread_budget(),
            "affinity": _affinity(),
            "physical_cores": _cores(),
            "cgroup_quota_cores": read_quota(),
            "memory_bytes": psutil.virtual_memory().total,
        },
        "system": {
            "os": platform.platform(),
            "python": platform.python_version(),
            "governor": read_governor(),
            "hypervisor": "hypervisor" in _cpu_flags(),
            "load_1m": read_load(),
            "compiler": read_compiler(),
        },
        "libraries": {name: version for name in LIBRARIES if (version := read_version(name))},
        "git": _read_git(folder or Path(__file__).resolve().parent),
    }


def _read_cpu() -> dict[str, Any]:
    import cpuinfo  # noqa: PLC0415 - a second to import, needed once a run

    info = cpuinfo.get_cpu_info()
    return {
        "model": info.get("brand_raw") or platform.processor() or "unknown",
        "arch": platform.machine(),
        "logical": os.cpu_count(),
        "flags": " ".join(info.get("flags", [])),
    }


def _cpu_flags() -> str:
    lines = _read_text(_PROC / "cpuinfo").splitlines()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def read_governor() -> str | None:
    """Frequency governor of the first core, None where it can't be read (most virtual machines)."""
    return _read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")).strip() or None


def read_load() -> float | None:
    """Load average over the last minute, None where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def read_compiler() -> str | None:
    """First line of the C++ compiler's version, None without one; `CXX` is honoured as inductor does."""
    for name in (os.environ.get("CXX"), "g++", "clang++", "c++"):
        if name:
            with contextlib.suppress(OSError, subprocess.SubprocessError):
                done = subprocess.run([name, "--version"], capture_output=True, text=True, timeout=20, check=True)
                return done.stdout.splitlines()[0]
    return None


def read_version(distribution: str) -> str | None:
    """Installed version of a distribution, None if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _read_git(folder: Path) -> dict[str, Any]:
    """Commit and whether the tree was changed since; empty outside a checkout."""

    def ask(*words: str) -> str:
        done = subprocess.run(
            [shutil.which("git") or "git", "-C", str(folder), *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout.strip()

    try:
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counters of the machine at one moment; two of them tell what happened between."""

    at_s: float
    pressure_us: float | None
    steal_ticks: float | None
    total_ticks: float | None
    throttled: float | None


def read_usage() -> Usage:
    """The machine's counters now: pressure stall, steal and throttling, each None where it can't be read."""
    stall = _read_text(_PROC / "pressure/cpu").partition("total=")[2].split()
    ticks = _read_text(_PROC / "stat").split("\n", 1)[0].split()[1:]
    throttled = [
        float(line.split()[1])
        for folder in _cgroup_folders()[:1]
        for line in _read_text(folder / "cpu.stat").splitlines()
        if line.startswith("nr_throttled")
    ]
    return Usage(
        at_s=time.monotonic(),
        pressure_us=float(stall[0]) if stall else None,
        steal_ticks=float(ticks[7]) if len(ticks) > 7 else None,  # noqa: PLR2004 - column 8 of proc(5) stat
        total_ticks=sum(map(float, ticks[:8])) if ticks else None,
        throttled=throttled[0] if throttled else None,
    )


def contamination(before: Usage, after: Usage) -> dict[str, float | None]:
    """What the machine did between two readings.

    Returns:
        ``cpu_pressure_percent``: share of the time in which some task waited for a core (it counts our own, too);
        ``steal_percent``: share of core time the hypervisor gave to others; ``throttled_periods`` of the control
        group; ``load_1m``. None where the system does not tell.
    """
    elapsed_s = max(after.at_s - before.at_s, 1e-9)
    pressure, steal, ticks, throttled = (
        None if (a := getattr(after, name)) is None or (b := getattr(before, name)) is None else a - b
        for name in ("pressure_us", "steal_ticks", "total_ticks", "throttled")
    )
    return {
        "cpu_pressure_percent": None if pressure is None else pressure / elapsed_s / 1e4,
        "steal_percent": None if steal is None or not ticks else 100 * steal / ticks,
        "throttled_periods": throttled,
        "load_1m": read_load(),
    }


def _read_text(path: Path) -> str:
    """The text of a system file, empty where it can't be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
