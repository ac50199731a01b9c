"""The machine: its environment, its limits, and the one thread budget that follows from them."""

from __future__ import annotations

import contextlib
import math
import os
import platform
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from bench.backends.registry import libraries, read_registry
from bench.machine.energy import describe_counters
from bench.machine.variables import find_dropped, find_kept

#: Distributions beside those of the backends whose versions decide a number: the sources of models, and the reference
#: of files, among them.
_LIBRARIES = (
    "timm",
    "torchvision",
    "onnx",
    "fvcore",
    "numpy",
    "pandas",
    "matplotlib",
    "pytest-benchmark",
    "sqlalchemy",
    "rexbench",
)

_CGROUP = Path("/sys/fs/cgroup")
PROC = Path("/proc")
CPUS = Path("/sys/devices/system/cpu")
_DEV = Path("/dev")


def read_thread_budget() -> int:
    """The number of threads every runtime gets: min(affinity, cgroup quota, physical cores), at least 1."""
    quota = read_quota()
    limits = [_affinity(), _cores()] + ([math.floor(quota)] if quota else [])
    return max(1, min(limits))


def usable_cores() -> frozenset[int]:
    """Numbers of the cores that this process, and so its workers, may run on."""
    if hasattr(os, "sched_getaffinity"):
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def _affinity() -> int:
    return len(usable_cores())


def _cores() -> int:
    return psutil.cpu_count(logical=False) or _affinity()


def cgroup_folders() -> list[Path]:
    """The cgroup folders that may limit this process, innermost first."""
    folders = []
    for line in read_text(PROC / "self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "" or "cpu" in controllers.split(","):
            base = _CGROUP if controllers == "" else _CGROUP / "cpu"
            inner = base / path.lstrip("/")
            folders += [folder for folder in (inner, *inner.parents) if folder.is_relative_to(base)]
    return [*folders, _CGROUP]


def read_quota() -> float | None:
    """CPU quota of the control group [cores], or None where there is no limit or no control group."""
    quotas = []
    for folder in cgroup_folders():
        limit = read_text(folder / "cpu.max").split()
        if not limit:
            limit = [read_text(folder / f"cpu.cfs_{kind}_us").strip() for kind in ("quota", "period")]
        with contextlib.suppress(ValueError, ZeroDivisionError, IndexError):
            quota = float(limit[0]) / float(limit[1])
            if quota > 0:
                quotas.append(quota)
    return min(quotas, default=None)


def read_environment() -> dict[str, Any]:
    """What a reader must know to repeat a run, as nested plain values."""
    return {
        "cpu": _read_cpu(),
        "limits": read_limits(),
        "system": {
            "os": platform.platform(),
            "python": platform.python_version(),
            "governor": read_governor(),
            "hypervisor": is_virtual(),
            "load_1m": read_load(),
            "energy": describe_counters(),
            **{tool.name: tool.read_version() for info in read_registry().infos.values() for tool in info.tools},
            "ignored_variables": find_dropped(),
            "kept_variables": find_kept(),
        },
        "libraries": {name: version for name in (*libraries(), *_LIBRARIES) if (version := read_version(name))},
        "git": _read_git(Path(__file__).resolve()),
    }


def read_limits() -> dict[str, Any]:
    """What bounds the work: threads, and where that number comes from, and memory."""
    return {
        "threads": read_thread_budget(),
        "affinity": _affinity(),
        "physical_cores": _cores(),
        "cgroup_quota_cores": read_quota(),
        "memory_bytes": psutil.virtual_memory().total,
        "available_bytes": read_available_bytes(),
    }


def read_available_bytes() -> int:
    """Memory that can still be taken [bytes]: what the system has, or less where a control group has a limit."""
    left = [int(psutil.virtual_memory().available)]
    for folder in cgroup_folders():
        with contextlib.suppress(ValueError):
            limit, used = (int(read_text(folder / f"memory.{name}")) for name in ("max", "current"))
            left.append(max(0, limit - used))
    return min(left)


def _read_cpu() -> dict[str, Any]:
    import cpuinfo  # noqa: PLC0415 - a second to import, needed once a run

    info = cpuinfo.get_cpu_info()
    return {
        "model": info.get("brand_raw") or platform.processor() or "unknown",
        "arch": platform.machine(),
        "logical": os.cpu_count(),
        "flags": " ".join(info.get("flags", [])),
    }


def has_nvidia_gpu() -> bool:
    """Whether this process could use a GPU, checked without a runtime that would make a context on it.

    The driver's own file is not enough: a container sees it whether or not it was handed a device.
    """
    hidden = os.environ.get("CUDA_VISIBLE_DEVICES", "0").strip() in {"", "-1"}
    driver = read_text(PROC / "driver/nvidia/version")
    return bool(driver) and not hidden and any(_DEV.glob("nvidia[0-9]*"))


def is_virtual() -> bool:
    """Whether the processor says that it is a virtual one."""
    lines = read_text(PROC / "cpuinfo").splitlines()
    return "hypervisor" in next((line for line in lines if line.startswith(("flags", "Features"))), "")


def read_governor() -> str | None:
    """Frequency governor of the first core, None where it can't be read (most virtual machines)."""
    return read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")).strip() or None


def read_load() -> float | None:
    """Load average over the last minute, None where the system has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def read_version(distribution: str) -> str | None:
    """Installed version of a distribution, None if it is not there."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _read_git(file: Path) -> dict[str, Any]:
    """Commit of the checkout that `file` belongs to, and whether the tree was changed since; empty without one."""

    def ask(*words: str) -> str:
        done = subprocess.run(
            [shutil.which("git") or "git", "-C", str(file.parent), *words],
            capture_output=True,
            text=True,
            timeout=20,
            check=True,
        )
        return done.stdout.strip()

    try:
        # A wheel may be installed below somebody else's checkout, whose commit says nothing of us.
        ask("ls-files", "--error-unmatch", file.name)
        return {"commit": ask("rev-parse", "HEAD"), "dirty": bool(ask("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return {}


def volunteer_for_oom_killer() -> None:
    """Should memory run out, the kernel ends this process and not the parent with everyone's results."""
    with contextlib.suppress(OSError):
        (PROC / "self/oom_score_adj").write_text("1000")


def read_text(path: Path) -> str:
    """The text of a system file, empty where it can't be read."""
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):
        return ""
