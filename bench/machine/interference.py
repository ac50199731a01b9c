"""What else the machine did while samples were taken, and when that disturbs a round.

The best evidence is the share of our cores' time that other processes used: the busy time of the cores minus the CPU
time of our own processes. Our own threads can't raise this share. Pressure and involuntary switches also rise when our
own threads wait for one another.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.machine import environment
from bench.machine.environment import cgroup_folders, read_load, read_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

#: With fewer clock ticks (hundredths of a second, over all cores) shares are too coarse: a window may be wrong by four
#: ticks, which must be less than half of the limit that makes a round disturbed.
_LEAST_TICKS = 200
#: Our own CPU time may exceed the busy time of the cores by this much, in percent of the cores' time: a tick counts in
#: full for whatever runs at that moment, and the two times are read one after the other. A larger difference means that
#: one of the two times is wrong (we run on other cores, or a sandbox counts differently), and it could hide neighbours.
#: The limit is half of what makes a round disturbed.
_MOST_OWN_EXCESS = 2.5
#: Columns of a ``cpu`` line in proc(5) stat: user, nice, system, idle, iowait, irq, softirq, steal; those of guests are
#: within user. Time in interrupts is nobody's, so not ours.
_BUSY, _STEAL, _COLUMNS = (0, 1, 2, 5, 6), 7, 8


@dataclass(frozen=True, slots=True)
class Rule:
    """A round is disturbed if the counter of that name is above `limit`; `text` is the message with the value."""

    name: str
    limit: float
    text: str


#: When a round is disturbed: one rule is enough, and a counter that could not be read never breaks a rule.
#: Others: on two cores, a twentieth of the cores' time keeps one of our two threads off its core a tenth of the time,
#: five times the usual target of the interval; clock ticks err by 2 % in the shortest window and 0.2 % in a usual one.
#: Steal: half the usual target, for nothing of it can be ours. Throttling: a period is cut by up to 100 ms, so
#: one is too many, whoever used the quota up. Frequency: its steps are 3 %, and instruction sets differ by 5 to 8.
RULES = (
    Rule("others_percent", 5.0, "neighbours used {:.0f} % of the cores"),
    Rule("steal_percent", 1.0, "the hypervisor took {:.1f} % of the cores"),
    Rule("throttled_periods", 0.0, "the control group was throttled {:.0f} times"),
    Rule("frequency_drop_percent", 10.0, "the frequency fell by {:.0f} %"),
)
#: Without the first counter nothing is known about neighbours. Pressure and involuntary switches are shown as evidence
#: and decide nothing: three threads of our own on two cores raised pressure to 53 %.
_DECISIVE = RULES[0].name


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counters of the machine at one moment; the difference of two readings shows what happened between them.

    Args:
        pressure_us: Time in which some task waited for a core [us].
        steal_ticks: Time of the cores we may use that the hypervisor gave to others [ticks].
        total_ticks: All their time, idle included [ticks].
        throttled: For each control group around us, periods in which it ran out of quota.
        busy_ticks: Time in which the cores ran anything [ticks].
        own_ticks: CPU time of this process and all below it, those that have ended included [ticks].
        frequency_hz: Frequency of the fastest of the cores.
        clock_ticks: Time of the cores by the clock [ticks]. Busy time is sampled once a tick and misses what falls
            between; beside a neighbour 2 % of all time was in no column, while idle time is exact.
    """

    at_s: float
    pressure_us: float | None
    steal_ticks: float | None
    total_ticks: float | None
    throttled: Mapping[Path, float] | None
    busy_ticks: float | None = None
    own_ticks: float | None = None
    frequency_hz: float | None = None
    clock_ticks: float | None = None


def read_usage() -> Usage:
    """The machine's counters now, each None where it can't be read."""
    stall = read_text(environment.PROC / "pressure/cpu").partition("total=")[2].split()
    ticks = _read_core_ticks()
    now = time.monotonic()
    return Usage(
        at_s=now,
        pressure_us=float(stall[0]) if stall else None,
        steal_ticks=ticks[_STEAL] if ticks else None,
        total_ticks=sum(ticks) if ticks else None,
        busy_ticks=sum(ticks[column] for column in _BUSY) if ticks else None,
        throttled=_read_throttled(),
        own_ticks=read_own_ticks(os.getpid()),
        frequency_hz=_read_frequency(),
        clock_ticks=now * len(environment.usable_cores()) * os.sysconf("SC_CLK_TCK"),
    )


def _read_throttled() -> dict[Path, float] | None:
    """Periods in which each control group around us ran out of quota; None where none reports it."""
    return {
        folder: float(line.split()[1])
        for folder in cgroup_folders()
        for line in read_text(folder / "cpu.stat").splitlines()
        if line.startswith("nr_throttled")
    } or None


def _read_core_ticks() -> list[float]:
    """Ticks by column, summed over the cores we may use; empty where they can't be read, or not of every core."""
    if _is_own_view():
        return []
    ours = {f"cpu{core}" for core in environment.usable_cores()}
    lines = [line.split() for line in read_text(environment.PROC / "stat").splitlines()]
    cores = [line[1 : _COLUMNS + 1] for line in lines if line and line[0] in ours and len(line) > _COLUMNS]
    if len(cores) < len(ours):  # numbered anew, say: then those found are not ours either
        return []
    return [sum(map(float, column)) for column in zip(*cores, strict=True)]


def _is_own_view() -> bool:
    """Whether the file of the cores' time is lxcfs's, which shows a container its own time and no neighbour's."""
    lines = (line.split() for line in read_text(environment.PROC / "mounts").splitlines())
    return any("/proc/stat" in words[1:2] and "lxcfs" in " ".join(words[:3]) for words in lines)


def read_own_ticks(root: int) -> float | None:
    """CPU time of a process and all below it [ticks]; None where it can't be read.

    With the time of children that have ended, which their parents inherit, the sum never falls.
    """
    parents, times = {}, {}
    for process, fields in _read_processes():
        parents[process] = int(fields[1])
        times[process] = sum(map(float, fields[11:15]))  # utime, stime, cutime, cstime
    if root not in times:
        return None
    children: dict[int, list[int]] = {}
    for process, parent in parents.items():
        children.setdefault(parent, []).append(process)
    waiting, total = [root], 0.0
    while waiting:
        process = waiting.pop()
        total += times[process]
        waiting += children.get(process, [])
    return total


def _read_processes() -> Iterator[tuple[int, list[str]]]:
    """Each process with what follows its name in proc(5) stat: state, parent and so on."""
    for folder in environment.PROC.glob("[0-9]*"):
        # The name stands in brackets and may hold anything, brackets included.
        fields = read_text(folder / "stat").rpartition(")")[2].split()
        if len(fields) > 14:  # noqa: PLR2004 - up to cstime
            yield int(folder.name), fields


def _read_frequency() -> float | None:
    files = (environment.CPUS / f"cpu{core}/cpufreq/scaling_cur_freq" for core in environment.usable_cores())
    frequencies = [float(text) for file in files if (text := read_text(file).strip()).isdecimal()]
    return max(frequencies) * 1e3 if frequencies else None


def interference(before: Usage, after: Usage) -> dict[str, float | None]:
    """What the machine did between two readings.

    Returns:
        ``others_percent``: share of our cores' time that processes of others, and interrupts, used;
        ``cpu_pressure_percent``: share of the time in which some task waited for a core (it counts our own, too);
        ``steal_percent``: share of core time the hypervisor gave to others; ``throttled_periods`` of the control
        group, or of that around it which had the most; ``frequency_drop_percent``: by how much the fastest core got
        slower; ``load_1m``. None where the system does not report it; shares of core time also where the window was too
        short for its clock.
    """
    elapsed_s = max(after.at_s - before.at_s, 1e-9)
    pressure, steal, ticks, busy, own = (
        None if (a := getattr(after, name)) is None or (b := getattr(before, name)) is None else a - b
        for name in ("pressure_us", "steal_ticks", "total_ticks", "busy_ticks", "own_ticks")
    )
    judged = ticks if ticks is not None and ticks >= _LEAST_TICKS else None
    if busy is not None and ticks is not None and before.clock_ticks is not None and after.clock_ticks is not None:
        # Time that is in no column counts as busy.
        busy += max(0.0, after.clock_ticks - before.clock_ticks - ticks)
    return {
        "others_percent": _others(busy, own, judged),
        "cpu_pressure_percent": None if pressure is None else pressure / elapsed_s / 1e4,
        "steal_percent": None if steal is None or judged is None else 100 * steal / judged,
        "throttled_periods": _throttled(before.throttled, after.throttled),
        "frequency_drop_percent": _drop(before.frequency_hz, after.frequency_hz),
        "load_1m": read_load(),
    }


def find_causes(measured: Mapping[str, float | None]) -> dict[str, float]:
    """Why a round is disturbed: the counters beyond their limits in `RULES`, empty for none."""
    values = {rule.name: (measured.get(rule.name), rule.limit) for rule in RULES}
    return {name: value for name, (value, limit) in values.items() if value is not None and value > limit}


def can_judge(measured: Mapping[str, float | None]) -> bool:
    """Whether a round without a broken rule may be called undisturbed: neighbours could be observed."""
    return measured.get(_DECISIVE) is not None


def _others(busy: float | None, own: float | None, ticks: float | None) -> float | None:
    if busy is None or own is None or ticks is None or own - busy > ticks * _MOST_OWN_EXCESS / 100:
        return None
    return 100 * max(0.0, busy - own) / ticks


def _throttled(before: Mapping[Path, float] | None, after: Mapping[Path, float] | None) -> float | None:
    """The largest increase of one group: an old count of an outer group must not hide a new one of ours."""
    if not before or not after:
        return None
    return max((after[folder] - before[folder] for folder in after.keys() & before.keys()), default=None)


def _drop(before: float | None, after: float | None) -> float | None:
    return None if not before or after is None else max(0.0, 100 * (1 - after / before))
