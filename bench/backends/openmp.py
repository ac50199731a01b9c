"""Which OpenMP runtimes a process has loaded: each has threads of its own, and two of them compete for the cores."""

from __future__ import annotations

import re
from pathlib import Path

from bench.backends.info import Finding

_LIBRARY = re.compile(r"\S*/lib(?:gomp|iomp5|omp)[-.\w]*\.so\S*")


def list_openmp(maps: str | None = None) -> list[str]:
    """Paths of the OpenMP runtimes in this process; empty where the system does not tell.

    Args:
        maps: What ``/proc/self/maps`` holds; None to read it.
    """
    if maps is None:
        try:
            maps = Path("/proc/self/maps").read_text()
        except (OSError, UnicodeDecodeError):
            return []
    return sorted(set(_LIBRARY.findall(maps)))


def find_mixed_openmp(maps: str | None = None) -> list[Finding]:
    """A finding where this process has more than one OpenMP runtime; `maps` as in `list_openmp`."""
    found = list_openmp(maps)
    if len(found) < len(("one", "another")):
        return []
    names = " and ".join(Path(path).name for path in found)
    remedy = "install packages that share one, or none; else their threads compete for the cores"
    return [Finding(check="threads", level="warn", found=f"{len(found)} OpenMP runtimes: {names}", remedy=remedy)]
