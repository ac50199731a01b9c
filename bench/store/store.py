"""The results store: a SQLite file by default, or a PostgreSQL database. Only this folder speaks SQL."""

from __future__ import annotations

import weakref
from contextlib import contextmanager, suppress
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SAWarning, SQLAlchemyError

from analysis.json_values import make_plain
from analysis.schema import SchemaError
from analysis.study import Study
from bench.store import schema
from bench.store.database import make_engine, one_line, outlast_restarts
from bench.store.serialization import (
    dump_rounds,
    dump_values,
    read_cost,
    read_measurement,
    read_round,
    read_run,
    read_table,
)
from bench.store.upgrade import prepare
from rexnet_core.errors import InputError, StoreError
from rexnet_core.printable import hide_passwords

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bench.records.case import Case
    from bench.records.measurement import Measurement, Round
    from bench.records.run import RunInfo

DEFAULT_URL = "sqlite:///results/rexbench.db"


class Store:
    """Runs, cases with their raw samples, costs, plans and studies; every `save_*` is one transaction."""

    def __init__(self, url: str = DEFAULT_URL, *, create: bool = True) -> None:
        """Open a store, making its tables where it is new; without `create`, a missing SQLite file is an error.

        Raises:
            StoreError: The URL can't be read, the database can't be reached, or its tables are not ours or of a later
                version.
        """
        try:
            self._engine = make_engine(url, create=create)
        except (
            ArgumentError,
            NoSuchModuleError,
            SAWarning,
            ImportError,
            ValueError,
        ) as error:
            # ValueError: of the port, or of a name that no file can have.
            given = f"{hide_passwords(url)!r}: {one_line(error)}"
            raise StoreError(f"a store must be a SQLAlchemy URL such as {DEFAULT_URL}, got {given}") from None
        self.url = hide_passwords(url)
        # Connections are closed with the store, also where nobody closes it.
        self._close = weakref.finalize(self, self._engine.dispose)
        try:
            with self._guard("open"):
                prepare(self._engine, self.url)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"can't {what} the store {self.url}: {one_line(error.orig)}") from error
        except UnicodeDecodeError as error:  # SQLite quotes the bytes that it stumbles over
            raise StoreError(f"can't {what} the store {self.url}: the file is damaged") from error
        except SQLAlchemyError as error:
            raise StoreError(f"can't {what} the store {self.url}: {one_line(error)}") from error

    @outlast_restarts
    def save_run(self, run: RunInfo) -> None:
        """Write a run, in place of an earlier state of it."""
        values = asdict(run)
        with self._guard("write to"), self._engine.begin() as connection:
            if not connection.execute(schema.runs.update().where(schema.runs.c.id == run.id).values(values)).rowcount:
                connection.execute(schema.runs.insert().values(values))

    @outlast_restarts
    def save_plan(self, run: str, document: Mapping[str, Any]) -> None:
        """Write what a run will measure, once."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(schema.plans.delete().where(schema.plans.c.run == run))
            connection.execute(schema.plans.insert().values(run=run, data=make_plain(dict(document))))

    def plan(self, run: str) -> dict[str, Any] | None:
        """What a run was to measure; None where no plan was stored."""
        return self._read_document(schema.plans, run)

    def save_measurement(self, run: str, measurement: Measurement) -> None:
        """Write a case with its rounds, in place of an earlier state of it."""
        self.save_measurements(run, [measurement])

    @outlast_restarts
    def save_measurements(self, run: str, measurements: Sequence[Measurement]) -> None:
        """Write cases with their rounds, in place of earlier states of them: all, or none where the process is killed.

        The rounds of an interleaved group pair by their position, so a store must not hold one of its cases as it is
        after a round and another as it was before.
        """
        with self._guard("write to"), self._engine.begin() as connection:
            for measurement in measurements:
                _write(connection, run, measurement)

    @outlast_restarts
    def save_cost(self, run: str, cost: Mapping[str, Any]) -> None:
        """Write what a model costs at a resolution, once per run."""
        key = {"run": run, "model": cost["model"], "resolution": cost["resolution"]}
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(
                schema.costs.delete().where(sa.and_(*[schema.costs.c[name] == value for name, value in key.items()]))
            )
            connection.execute(schema.costs.insert().values(**key, data=make_plain(dict(cost))))

    @outlast_restarts
    def save_study(self, run: str, study: Study) -> None:
        """Write a study, in place of an earlier result of the same run."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(schema.studies.delete().where(schema.studies.c.run == run))
            connection.execute(schema.studies.insert().values(run=run, data=make_plain(study.as_dict())))

    def study(self, run: str) -> Study | None:
        """The study of a run, its payload as it is stored; None where the run is not a study."""
        document = self._read_document(schema.studies, run)
        if document is None:
            return None
        with self._name(run):
            return Study.from_dict(document)

    @outlast_restarts
    def _read_document(self, table: sa.Table, run: str) -> dict[str, Any] | None:
        with self._read(run) as connection:
            data = connection.scalar(sa.select(table.c.data).where(table.c.run == run))
            return None if data is None else read_table(data)

    @contextmanager
    def _read(self, run: str) -> Iterator[sa.Connection]:
        """A connection to read what is stored of a run; what does not fit its schema is an error in one line, too."""
        with self._guard("read"), self._engine.connect() as connection, self._name(run):
            yield connection

    @contextmanager
    def _name(self, run: str) -> Iterator[None]:
        """Name the store and the run in whose contents something does not fit."""
        try:
            yield
        except (SchemaError, InputError) as error:
            raise self._describe_damage(run, str(error)) from None

    def _describe_damage(self, run: str, why: str) -> StoreError:
        return StoreError(
            f"can't read the store {self.url}: this version of rexbench can't read its contents of run {run} ({why}); "
            "other runs of this store can be read"
        )

    def runs(self) -> list[RunInfo]:
        """All runs that can be read, the oldest first."""
        return self._scan_runs()[0]

    @outlast_restarts
    def _scan_runs(self) -> tuple[list[RunInfo], dict[str, str]]:
        """The runs that can be read, the oldest first; and by id why others can't."""
        runs: list[RunInfo] = []
        damaged: dict[str, str] = {}
        with self._guard("read"), self._engine.connect() as connection:
            for row in connection.execute(sa.select(schema.runs).order_by(schema.runs.c.id)).mappings():
                try:
                    runs.append(read_run(row))
                except SchemaError as error:
                    damaged[str(row["id"])] = str(error)
        return runs, damaged

    def runs_with_cases(self) -> set[str]:
        """Ids of the runs that have at least one case; a study has none."""
        return self._runs_in(schema.cases)

    def runs_with_plan(self) -> set[str]:
        """Ids of the runs that can be resumed."""
        return self._runs_in(schema.plans)

    def runs_to_report(self) -> set[str]:
        """Ids of the runs that have stored more than their start."""
        return self._runs_in(schema.cases, schema.plans, schema.studies)

    @outlast_restarts
    def _runs_in(self, *tables: sa.Table) -> set[str]:
        with self._guard("read"), self._engine.connect() as connection:
            return {run for table in tables for run in connection.scalars(sa.select(table.c.run).distinct())}

    def find_run(self, name: str = "latest", among: Collection[str] | None = None) -> RunInfo:
        """The run with this id, or the only one with this part of it; ``latest`` is the last that began, of `among`.

        Raises:
            StoreError: No run fits, several do, or the one that fits can't be read.
        """
        runs, damaged = self._scan_runs()
        if not runs and not damaged:
            raise StoreError(f"the store {self.url} holds no run yet; make one with `rexbench run`")
        if name == "latest":
            return self._find_latest(runs, damaged, among)
        known: dict[str, RunInfo | str] = {**{run.id: run for run in runs}, **damaged}
        fitting = [one for one in known if one == name] or [one for one in known if name and name in one]
        if len(fitting) != 1:
            offer = ", ".join((fitting or list(known))[-3:])
            raise StoreError(
                f"{'several runs fit' if fitting else 'no run fits'} {name!r} in {self.url}; there is {offer}"
            )
        found = known[fitting[0]]
        if isinstance(found, str):
            raise self._describe_damage(fitting[0], found)
        return found

    def _find_latest(
        self, runs: Sequence[RunInfo], damaged: Mapping[str, str], among: Collection[str] | None
    ) -> RunInfo:
        """The last run that began; one that can't be read is not passed over without a word."""
        candidates = [run for run in runs if among is None or run.id in among]
        newest = max(candidates, key=lambda run: (run.started_at, run.id), default=None)
        later = [one for one in sorted(damaged) if (among is None or one in among) and (not newest or one > newest.id)]
        if later:
            raise self._describe_damage(later[-1], damaged[later[-1]])
        if newest is None:
            raise StoreError(f"the store {self.url} holds no run of this kind yet; make one with `rexbench run`")
        return newest

    @outlast_restarts
    def measurements(self, run: str) -> tuple[Measurement, ...]:
        """The cases of a run with their raw samples, in the order they were first written.

        This is one query: between two, a run that is under way could write a case again.
        """
        query = (
            sa.select(schema.cases, schema.rounds.c.data.label("round"))
            .outerjoin(schema.rounds)
            .where(schema.cases.c.run == run)
            .order_by(schema.cases.c.id, schema.rounds.c.position)
        )
        with self._read(run) as connection:
            rows = connection.execute(query).mappings()
            return tuple(read_measurement(list(case)) for _, case in groupby(rows, key=itemgetter("id")))

    @outlast_restarts
    def past_rounds(self, case: Case, runs: Sequence[str], most: int = 12) -> list[tuple[str, Round]]:
        """The newest rounds of a case whose status is ok, each with the id of its run."""
        same_case = [schema.cases.c[name] == value for name, value in case.as_dict().items()]
        query = (
            sa.select(schema.cases.c.run, schema.rounds.c.data)
            .join(schema.rounds)
            .where(schema.cases.c.run.in_(runs), schema.cases.c.status == "ok", *same_case)
            .order_by(schema.cases.c.run.desc(), schema.rounds.c.position)
            .limit(most)
        )
        past: list[tuple[str, Round]] = []
        with self._guard("read"), self._engine.connect() as connection:
            for run, data in connection.execute(query):
                with suppress(SchemaError):  # it says nothing about how long a call takes
                    past.append((run, read_round(data)))
        return past

    @outlast_restarts
    def costs(self, run: str) -> tuple[dict[str, Any], ...]:
        """The costs of a run."""
        columns = schema.costs.c
        query = sa.select(columns.data).where(columns.run == run).order_by(columns.model, columns.resolution)
        with self._read(run) as connection:
            return tuple(map(read_cost, connection.scalars(query)))

    def close(self) -> None:
        """Close all connections to the database."""
        self._close()


def _write(connection: sa.Connection, run: str, measurement: Measurement) -> None:
    case = measurement.case.as_dict()
    same_case = sa.and_(schema.cases.c.run == run, *[schema.cases.c[name] == value for name, value in case.items()])
    # The number of a case is its position among the cases of the run, and stays.
    number = connection.scalar(sa.select(schema.cases.c.id).where(same_case))
    if number is not None:
        connection.execute(schema.rounds.delete().where(schema.rounds.c.case_id == number))
        connection.execute(schema.cases.delete().where(schema.cases.c.id == number))
    known_id = {} if number is None else {"id": number}
    values = dump_values(measurement)
    key = connection.execute(schema.cases.insert().values(**known_id, run=run, **case, **values)).inserted_primary_key
    assert key
    rows = [
        {"case_id": key[0], "position": position, "data": data}
        for position, data in enumerate(dump_rounds(measurement))
    ]
    if rows:
        connection.execute(schema.rounds.insert(), rows)
