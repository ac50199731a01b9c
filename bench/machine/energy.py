"""The processors' own counters of energy (RAPL), as the kernel's powercap interface shows them.

A zone is a folder with a counter: ``intel-rapl:0`` is a processor package, on AMD's processors too, and
``intel-rapl:0:1`` a part of it. Packages are summed, and so are the zones of memory. Left out are cores and graphics,
which are within a package; ``psys``, which is the whole platform; and ``intel-rapl-mmio``, the same packages again.

Source: Documentation/power/powercap/powercap.rst and drivers/powercap/ in Linux.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.records.energy import DOMAINS, DRAM, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

POWERCAP = Path("/sys/class/powercap")
_ZONE = re.compile(r"intel-rapl:\d+(:\d+)?")
#: No package or its memory takes more [W]; a counter that rises faster is not to be believed.
_MOST_W = 2000.0
#: Counters are brought up to date about as often, so that a shorter time may see the energy of a longer one [s].
_UPDATE_S = 0.01
#: A counter has no more digits, and no file more bytes.
_DIGITS, _BYTES = 20, 64
NO_POWERCAP = "the system shows no counters of energy in {}, as in most virtual machines and containers and on macOS"
NOT_ALLOWED = "{} can be read by root alone; sudo chmod a+r {}/intel-rapl:*/energy_uj opens it until the next start"


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter at one moment, and the value after which it begins anew [uJ]."""

    energy_uj: int
    range_uj: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All counters at one moment.

    Args:
        at_s: When they were read, on a clock that never goes back [s].
        zones: By domain, the counters of its zones by their names.
        reasons: Why a domain has none, in one line.
    """

    at_s: float
    zones: Mapping[str, Mapping[str, Counter]] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumed:
    """The energy of each domain between two readings [J], or why it is not known."""

    elapsed_s: float
    joules: Mapping[str, float]
    reasons: Mapping[str, str]


class _UnreadableError(Exception):
    """Why a counter can't be read."""


def read_energy() -> Reading:
    """The counters now; a domain of which a zone can't be read has a reason in their place."""
    zones: dict[str, dict[str, Counter]] = {}
    reasons: dict[str, str] = {}
    for domain, folders in _find_zones().items():
        try:
            zones[domain] = {folder.name: _read_counter(folder) for folder in folders}
        except _UnreadableError as error:
            reasons[domain] = str(error)
    for domain in DOMAINS:
        if domain not in zones:
            reasons.setdefault(domain, _explain_missing(domain))
    return Reading(at_s=time.monotonic(), zones=zones, reasons=reasons)


def _find_zones() -> dict[str, list[Path]]:
    """The folders of zones by domain; domains without any are left out."""
    found: dict[str, list[Path]] = {}
    for folder in _list_zones():
        try:
            name = _read(folder / "name")
        except _UnreadableError:  # hidden from a container, or gone
            continue
        whole = folder.name.count(":") == 1
        if domain := DRAM if name == DRAM else PACKAGE if whole and name.startswith(PACKAGE) else "":
            found.setdefault(domain, []).append(folder)
    return found


def _list_zones() -> list[Path]:
    try:
        return sorted(folder for folder in POWERCAP.iterdir() if _ZONE.fullmatch(folder.name))
    except OSError:
        return []


def _explain_missing(domain: str) -> str:
    if domain != PACKAGE:
        return "the processor shows no counter of its memory's energy"
    if not POWERCAP.is_dir():
        return NO_POWERCAP.format(POWERCAP)
    if _list_zones():
        return f"the zones in {POWERCAP} are hidden, as from most containers; measure outside of the container"
    return f"{POWERCAP} has no zone intel-rapl:0; the kernel hides it, or has no driver (intel_rapl_msr)"


def _read_counter(folder: Path) -> Counter:
    return Counter(_read_number(folder / "energy_uj"), _read_number(folder / "max_energy_range_uj"))


def _read_number(path: Path) -> int:
    text = _read(path)
    if not (text.isascii() and text.isdecimal() and len(text) <= _DIGITS):
        raise _UnreadableError(f"{path} must hold a whole number, and holds {text[:_DIGITS]!r}")
    return int(text)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_BYTES).decode(errors="replace").strip()
    except PermissionError:
        raise _UnreadableError(NOT_ALLOWED.format(path, POWERCAP)) from None
    except OSError as error:
        raise _UnreadableError(f"{path} can't be read: {error.strerror or type(error).__name__}") from None


def measure_between(before: Reading, after: Reading) -> Consumed:
    """The energy that the machine used between two readings."""
    elapsed_s = after.at_s - before.at_s
    joules: dict[str, float] = {}
    reasons = {**before.reasons, **after.reasons}
    for domain in before.zones:
        if domain in reasons:
            continue
        found = _subtract(before.zones[domain], after.zones.get(domain, {}), elapsed_s)
        if isinstance(found, str):
            reasons[domain] = found
        else:
            joules[domain] = found
    return Consumed(elapsed_s=elapsed_s, joules=joules, reasons=reasons)


def _subtract(before: Mapping[str, Counter], after: Mapping[str, Counter], elapsed_s: float) -> float | str:
    """The energy of all zones of a domain [J], or why it is not known."""
    if changed := sorted(before.keys() ^ after.keys()):
        return f"{changed[0]} came or went while energy was measured"
    total_uj = 0
    for name, counter in before.items():
        rise_uj = after[name].energy_uj - counter.energy_uj
        if rise_uj < 0:  # it went beyond its range, and began anew at 0
            rise_uj += counter.range_uj
        if counter.range_uj < _MOST_W * elapsed_s * 1e6:
            return f"{name} may have begun anew more than once in {elapsed_s:.0f} s; its range is {counter.range_uj} uJ"
        if not 0 <= rise_uj <= _MOST_W * max(elapsed_s, _UPDATE_S) * 1e6:
            return f"the counter of {name} jumped"
        total_uj += rise_uj
    return total_uj / 1e6


def find_still(before: Reading, after: Reading, domain: str) -> str:
    """Why the counters of a domain can't be believed: one that stands still, as in some virtual machines."""
    for name, counter in before.zones.get(domain, {}).items():
        if after.zones.get(domain, {}).get(name) == counter:
            return f"the counter of {name} does not move; the processor, or the virtual machine, does not keep it"
    return ""


def describe_counters() -> str:
    """What can be read, in words: ``package and dram``, or why nothing can."""
    reading = read_energy()
    return " and ".join(reading.zones) if PACKAGE in reading.zones else f"not available: {reading.reasons[PACKAGE]}"
