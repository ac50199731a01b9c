"""The minimum detectable effect of a machine: the smallest slow-down that its newest self-test could see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, NotRequired, TypedDict

from msgspec import Meta

from analysis.schema import Count, Moment, Name, NotNegative, SchemaError, read_as
from bench.selftest.power import detectable_effect
from rexnet_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.records.run import RunInfo
    from bench.store.store import Store

#: Kind of a self-test's document, and preset of its run.
SELFTEST = "selftest"
FORMAT_VERSION = 1
#: Pairs of processes from which a spread gives a usable effect: from five it is known to a factor of two.
LEAST_PAIRS = 5
_DAY_S = 86_400
_IDENTITY = (("cpu", "model"), ("cpu", "arch"), ("cpu", "logical"), ("limits", "threads"))


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectableEffect:
    """The smallest slow-downs that a comparison finds in 95 % of repetitions, from a self-test.

    Args:
        age_s: Time since it ended [s].
        by_backend: Smallest detectable slow-down of each backend, as a share.
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
        """The effect of a backend, or the largest of all where that backend was not tested."""
        return self.by_backend.get(backend, max(self.by_backend.values()))

    def describe(self) -> str:
        """Such as ``changes under 1.8 % (eager), 0.9 % (openvino) can't be detected here (self-test of 2 h ago)``."""
        shares = ", ".join(f"{100 * share:.2g} % ({name})" for name, share in self.by_backend.items())
        beside = ", beside a neighbour" if self.neighbour else ""
        doubt = ": older than a day, run `rexbench selftest` again" if self.old else ""
        today = "" if self.old else " today"
        age = self._describe_age()
        return f"changes under {shares} can't be detected here{today} (self-test of {age}{beside}{doubt})"

    def _describe_age(self) -> str:
        if self.age_s > 2 * _DAY_S:
            return f"{self.age_s / _DAY_S:.0f} days ago"
        return f"{self.age_s / 60:.0f} min ago" if self.age_s < 2 * 3600 else f"{self.age_s / 3600:.0f} h ago"


def identify_machine(environment: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes two environments the same kind of machine: processor, cores and thread budget."""
    return tuple(environment.get(section, {}).get(key) for section, key in _IDENTITY)


def find_detectable_effect(
    store: Store,
    environment: Mapping[str, Any],
    *,
    rounds: int | None = None,
    threads: int | None = None,
    now: datetime | None = None,
) -> DetectableEffect | None:
    """The newest minimum detectable effect of this machine; None where it was never tested.

    For a backend missing in the newest self-test, the self-tests of the day before count. Tests beside a neighbour that
    rexbench started count only if there is no other test. By default the comparison in question has as many rounds
    as the test was made for, and as many threads as the machine's budget.
    """
    machine, now = identify_machine(environment), now or datetime.now(UTC)
    wanted = threads or environment.get("limits", {}).get("threads")
    runs = [run for run in store.runs() if run.preset == SELFTEST and identify_machine(run.environment) == machine]
    newest_first = sorted(runs, key=lambda run: (run.started_at, run.id), reverse=True)
    effects = [effect for run in newest_first if (effect := _find_effect(store, run, rounds, wanted, now))]
    effects = [effect for effect in effects if not effect.neighbour] or effects
    if not effects:
        return None
    by_backend: dict[str, float] = {}
    for effect in effects:
        if effect.age_s <= effects[0].age_s + _DAY_S:
            by_backend = effect.by_backend | by_backend
    return replace(effects[0], by_backend=dict(sorted(by_backend.items())))


class Spread(TypedDict):
    """What is read of a case of a self-test."""

    backend: Name
    spread: NotNegative | None
    pairs: Count
    threads: Count


class Spreads(TypedDict):
    """What is read of a self-test."""

    rounds: Annotated[int, Meta(ge=2)]
    neighbour: NotRequired[bool]
    cases: list[Spread]


def _find_effect(
    store: Store, run: RunInfo, rounds: int | None, threads: int | None, now: datetime
) -> DetectableEffect | None:
    """The effect from a self-test with this number of threads; None if the test gives no effect, or can't be read.

    What asks is about another run, and stays right without this one: `rexbench report` says what is wrong with it.
    """
    try:
        study = store.study(run.id)
        if study is None or (study.kind, study.format_version) != (SELFTEST, FORMAT_VERSION):
            return None
        age_s = (now - read_as(Moment, run.finished_at or run.started_at)).total_seconds()
        return _read_effect(run, read_as(Spreads, study.payload), rounds, threads, age_s)
    except (StoreError, SchemaError):
        return None


def _read_effect(
    run: RunInfo, spreads: Spreads, rounds: int | None, threads: int | None, age_s: float
) -> DetectableEffect | None:
    by_backend = {
        row["backend"]: detectable_effect(row["spread"], rounds or spreads["rounds"])
        for row in spreads["cases"]
        if row["spread"] is not None and row["pairs"] >= LEAST_PAIRS and row["threads"] == threads
    }
    if not by_backend:
        return None
    neighbour = spreads.get("neighbour", False)
    return DetectableEffect(run=run.id, age_s=age_s, by_backend=by_backend, neighbour=neighbour)
