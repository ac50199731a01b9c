"""The noise floor of a machine: the smallest slow-down that its newest self-test could see, and how old that is."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench.selftest.power import least_visible

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.study import Study
    from bench.records.run import RunInfo
    from bench.store.store import Store

#: Kind of a self-test's document, and preset of its run.
SELFTEST = "selftest"
FORMAT_VERSION = 1
#: Pairs of processes from which a spread is worth a floor: from five it is known to a factor of two.
LEAST_PAIRS = 5
_DAY_S = 86_400
_IDENTITY = (("cpu", "model"), ("cpu", "arch"), ("cpu", "logical"), ("limits", "threads"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What a self-test found.

    Args:
        run: Its id.
        age_s: Time since it ended [s].
        by_backend: Smallest visible slow-down of each backend, as a share.
        neighbour: Whether it ran beside a process that kept a core busy.
    """

    run: str
    age_s: float
    by_backend: dict[str, float]
    neighbour: bool = False

    @property
    def old(self) -> bool:
        """Whether it is from another day: neighbours, temperature and kernels may have changed."""
        return self.age_s > _DAY_S

    def of(self, backend: str) -> float:
        """That of a backend, or the largest where it was not tested."""
        return self.by_backend.get(backend, max(self.by_backend.values()))

    def describe(self) -> str:
        """Such as ``changes under 1.8 % (eager), 0.9 % (openvino) can't be seen here (self-test of 2 h ago)``."""
        shares = ", ".join(f"{100 * share:.2g} % ({name})" for name, share in self.by_backend.items())
        age = f"{self.age_s / 60:.0f} min" if self.age_s < 2 * 3600 else f"{self.age_s / 3600:.0f} h"
        age = f"{self.age_s / _DAY_S:.0f} days" if self.age_s > 2 * _DAY_S else age
        beside = ", beside a neighbour" if self.neighbour else ""
        doubt = ": older than a day, run `rexbench selftest` again" if self.old else ""
        return f"changes under {shares} can't be seen here today (self-test of {age} ago{beside}{doubt})".replace(
            " today", "" if self.old else " today"
        )


def identify_machine(environment: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two environments one kind of machine: processor, cores and thread budget."""
    return tuple(environment.get(part, {}).get(key) for part, key in _IDENTITY)


def find_floor(
    store: Store,
    environment: Mapping[str, Any],
    *,
    rounds: int | None = None,
    threads: int | None = None,
    now: datetime | None = None,
) -> Floor | None:
    """The newest floor of this machine; None where it was never tested.

    Backends that the newest self-test left out come from those of the day before it. Tests beside a neighbour of our
    own making count only where there is no other.

    Args:
        store: Where self-tests are.
        environment: As `bench.machine.environment.read_environment` tells it.
        rounds: Process rounds that are to see something; default is the number the test was made for.
        threads: Of the cases that are to be seen; default is the machine's budget.
        now: The time; default is that of the clock.
    """
    own, now = identify_machine(environment), now or datetime.now(UTC)
    wanted = threads or environment.get("limits", {}).get("threads")
    runs = [run for run in store.runs() if run.preset == SELFTEST and identify_machine(run.environment) == own]
    tests = [
        found
        for run in sorted(runs, key=lambda run: (run.started_at, run.id), reverse=True)
        if (found := _read_floor(run, store.study(run.id), rounds, wanted, now))
    ]
    tests = [one for one in tests if not one.neighbour] or tests
    tests = [one for one in tests if one.age_s <= tests[0].age_s + _DAY_S]
    if not tests:
        return None
    floors: dict[str, float] = {}
    for one in tests:
        floors = one.by_backend | floors
    return replace(tests[0], by_backend=dict(sorted(floors.items())))


def _read_floor(
    run: RunInfo, study: Study | None, rounds: int | None, threads: int | None, now: datetime
) -> Floor | None:
    """The floor that a self-test found at that number of threads, if it found one."""
    if study is None or (study.kind, study.format_version) != (SELFTEST, FORMAT_VERSION):
        return None
    floors = {
        row["backend"]: least_visible(row["spread"], rounds or study.payload["rounds"])
        for row in study.payload["cases"]
        if _is_number(row["spread"]) and row["pairs"] >= LEAST_PAIRS and row["threads"] == threads
    }
    if not floors:
        return None
    age_s = (now - datetime.fromisoformat(run.finished_at or run.started_at)).total_seconds()
    return Floor(run=run.id, age_s=age_s, by_backend=floors, neighbour=bool(study.payload.get("neighbour")))


def _is_number(value: float | None) -> bool:
    return value is not None and math.isfinite(value)
