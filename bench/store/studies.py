"""A study as a run: recorded with its environment when it begins, and its document stored when it ends."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bench.machine.environment import read_environment
from bench.records.run import RunInfo, make_run_id

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.store.store import Store


@dataclass(slots=True)
class Study:
    """What a study hands over to be stored.

    Args:
        run: Its record.
        store: Where it goes.
        document: What it found, plain values; empty until it is known.
    """

    run: RunInfo
    store: Store
    document: dict[str, Any] = field(default_factory=dict)

    def keep(self, document: dict[str, Any]) -> None:
        """Store what is known so far: nothing of it is lost, however the process ends."""
        self.document = document
        self.store.save_study(self.run.id, document)


@contextmanager
def record_study(store: Store, name: str, settings: Mapping[str, Any]) -> Iterator[Study]:
    """Record a study as a run; its document is stored when the context is left, also after Ctrl-C.

    Args:
        store: Where it goes.
        name: Such as ``rank layers``.
        settings: Everything that determines it.
    """
    started = datetime.now(UTC).isoformat(timespec="seconds")
    run = RunInfo(id=make_run_id(), started_at=started, preset=name, settings=dict(settings))
    study = Study(replace(run, environment=read_environment()), store)
    store.save_run(study.run)
    try:
        yield study
    finally:
        whole = bool(study.document) and not study.document.get("stopped")
        finished = datetime.now(UTC).isoformat(timespec="seconds")
        study.run = replace(study.run, status="done" if whole else "interrupted", finished_at=finished)
        store.save_run(study.run)
        if study.document:
            store.save_study(study.run.id, study.document)
