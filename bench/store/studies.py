"""A study as a run: its environment is recorded at the beginning, its result as soon as there is one."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from bench.machine.environment import read_environment
from bench.records.run import RunInfo, make_run_id, read_clock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.study import Study
    from bench.store.store import Store


@dataclass(slots=True)
class StudyRecord:
    """A study that runs: its run, and the newest result, None until there is one."""

    run: RunInfo
    store: Store
    study: Study | None = None

    def keep(self, study: Study) -> None:
        """Store the newest result: however the process ends, this result is not lost."""
        self.study = study
        self.store.save_study(self.run.id, study)


@contextmanager
def record_study(
    store: Store, name: str, settings: Mapping[str, Any], resumed: StudyRecord | None = None
) -> Iterator[StudyRecord]:
    """Record a study as a run; the run's state is stored when the context is left, also after Ctrl-C.

    Args:
        store: Receives it.
        name: Of the kind of study.
        settings: All that determines the study.
        resumed: What `find_study` found, to continue it.
    """
    if resumed is not None:
        record = replace(resumed, run=replace(resumed.run, status="running", finished_at=""))
    else:
        run = RunInfo(id=make_run_id(), started_at=read_clock(), preset=name, settings=dict(settings))
        record = StudyRecord(replace(run, environment=read_environment()), store)
    store.save_run(record.run)
    try:
        yield record
    finally:
        complete = record.study is not None and not record.study.stopped
        record.run = replace(record.run, status="done" if complete else "interrupted", finished_at=read_clock())
        store.save_run(record.run)


def find_study(store: Store, name: str, settings: Mapping[str, Any]) -> StudyRecord | None:
    """The newest study of a name and these settings; None where none has stored a result."""
    plain = make_plain(dict(settings))
    for run in reversed(store.runs()):
        if run.preset == name and run.settings == plain and (study := store.study(run.id)) is not None:
            return StudyRecord(run, store, study)
    return None
