"""What else the machine did while samples were taken."""

from __future__ import annotations

import time
from dataclasses import dataclass

from bench import machine
from bench.machine import cgroup_folders, read_load, read_text


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
    stall = read_text(machine.PROC / "pressure/cpu").partition("total=")[2].split()
    ticks = read_text(machine.PROC / "stat").split("\n", 1)[0].split()[1:]
    throttled = [
        float(line.split()[1])
        for folder in cgroup_folders()
        for line in read_text(folder / "cpu.stat").splitlines()
        if line.startswith("nr_throttled")
    ]
    return Usage(
        at_s=time.monotonic(),
        pressure_us=float(stall[0]) if stall else None,
        steal_ticks=float(ticks[7]) if len(ticks) > 7 else None,  # noqa: PLR2004 - column 8 of proc(5) stat
        total_ticks=sum(map(float, ticks[:8])) if ticks else None,
        throttled=max(throttled) if throttled else None,
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
