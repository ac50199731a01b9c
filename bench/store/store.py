"""The results store; it, `bench.store.database`, `bench.store.schema` and `bench.store.migrations` alone speak SQL.

Any SQLAlchemy URL will do; the default is a SQLite file.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import asdict
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, NoSuchModuleError, SQLAlchemyError

from analysis.json_values import make_plain
from analysis.study import Study
from bench.store import schema
from bench.store.database import hide_password, make_engine, one_line
from bench.store.migrations import upgrade
from bench.store.serialization import dump_rounds, dump_values, read_measurement, read_round, read_run, read_table
from rexnet_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from bench.records.case import Case
    from bench.records.measurement import Measurement, Round
    from bench.records.run import RunInfo

DEFAULT_URL = "sqlite:///results/rexbench.db"
_RETRIES_S = (0.05, 0.2, 0.5)


class Store:
    """Runs, cases with their raw samples, and costs; every `save_*` is one transaction."""

    def __init__(self, url: str = DEFAULT_URL, *, create: bool = True) -> None:
        """Open a store, making its tables where it is new.

        Args:
            url: A SQLAlchemy URL.
            create: Whether a SQLite file that is not there is made; without, it is an error.

        Raises:
            StoreError: The URL is none, the database can't be reached, is no database, or is of a later version.
        """
        try:
            self._engine = make_engine(url, create=create)
        except (ArgumentError, NoSuchModuleError, ImportError, ValueError) as error:  # a port that is none is the last
            told = f"{hide_password(url)!r} is none: {one_line(error)}"
            raise StoreError(f"a store is a SQLAlchemy URL such as {DEFAULT_URL}; {told}") from None
        self.url = hide_password(self._engine.url.render_as_string(hide_password=True))
        with self._guard("open"):
            self._make_ready()

    def _make_ready(self) -> None:
        """Have the tables, also where another run is just making those that we found missing."""
        for wait_s in _RETRIES_S:
            try:
                self._check_version()
            except DBAPIError as error:
                if not isinstance(error, IntegrityError) and "already exists" not in str(error):
                    raise
                time.sleep(wait_s)
            else:
                return
        self._check_version()

    def _check_version(self) -> None:
        """Make the tables of a new store; refuse those of a later one."""
        with self._engine.begin() as connection:
            self._check_tables(connection)

    def _check_tables(self, connection: sa.Connection) -> None:
        names = sa.inspect(connection).get_table_names()
        if names and schema.schema.name not in names:
            raise StoreError(
                f"{self.url} is a database of something else (tables {', '.join(names[:3])}); name another"
            )
        schema.metadata.create_all(connection)

        def read_version() -> int | None:
            return connection.scalar(sa.select(schema.schema.c.version))

        version = read_version()
        if version is None:
            connection.execute(schema.schema.insert().values(version=schema.SCHEMA_VERSION))
        elif version < schema.SCHEMA_VERSION:
            upgrade(connection, schema.cases, read_version, schema.SCHEMA_VERSION)
        elif version > schema.SCHEMA_VERSION:
            raise StoreError(
                f"{self.url} has format {version}, this rexbench reads up to {schema.SCHEMA_VERSION}; upgrade rexbench"
            )

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        """Turn what a database can throw into one line."""
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"can't {what} the store {self.url}: {one_line(error.orig)}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"can't {what} the store {self.url}: {one_line(error)}") from error

    def save_run(self, run: RunInfo) -> None:
        """Write a run, or bring it up to date."""
        values = asdict(run)
        with self._guard("write to"), self._engine.begin() as connection:
            if not connection.execute(schema.runs.update().where(schema.runs.c.id == run.id).values(values)).rowcount:
                connection.execute(schema.runs.insert().values(values))

    def save_plan(self, run: str, document: Mapping[str, Any]) -> None:
        """Write what a run will measure, once."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(schema.plans.insert().values(run=run, data=make_plain(dict(document))))

    def plan(self, run: str) -> dict[str, Any] | None:
        """What a run was to measure; None where that was not stored."""
        return self._read_document(schema.plans, run)

    def save_measurement(self, run: str, measurement: Measurement) -> None:
        """Write a case with its rounds, in place of what was there of it."""
        self.save_measurements(run, [measurement])

    def save_measurements(self, run: str, measurements: Sequence[Measurement]) -> None:
        """Write cases with their rounds, in place of what was there of them: all or, where we are killed, none.

        Rounds of a match pair by their place, so a store must not hold one case as it is after a round and another as
        it was before.
        """
        with self._guard("write to"), self._engine.begin() as connection:
            for measurement in measurements:
                _write(connection, run, measurement)

    def save_cost(self, run: str, cost: Mapping[str, Any]) -> None:
        """Write what a model costs at a resolution, once per run."""
        key = {"run": run, "model": cost["model"], "resolution": cost["resolution"]}
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(
                schema.costs.delete().where(sa.and_(*[schema.costs.c[name] == value for name, value in key.items()]))
            )
            connection.execute(schema.costs.insert().values(**key, data=make_plain(dict(cost))))

    def save_study(self, run: str, study: Study) -> None:
        """Write a study, in place of an earlier result of the same run."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(schema.studies.delete().where(schema.studies.c.run == run))
            connection.execute(schema.studies.insert().values(run=run, data=make_plain(study.as_dict())))

    def study(self, run: str) -> Study | None:
        """The study of a run; None where the run is not a study."""
        document = self._read_document(schema.studies, run)
        return None if document is None else Study.from_dict(document)

    def _read_document(self, table: sa.Table, run: str) -> dict[str, Any] | None:
        with self._read() as connection:
            found = connection.scalar(sa.select(table.c.data).where(table.c.run == run))
            return None if found is None else read_table(found)

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        """A connection to read from; what another version or a hand has written there is an error in one line, too."""
        try:
            with self._guard("read"), self._engine.connect() as connection:
                yield connection
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            told = f"it holds what this rexbench does not know ({type(error).__name__}: {one_line(error)[:200]})"
            raise StoreError(f"can't read the store {self.url}: {told}") from error

    def runs(self) -> list[RunInfo]:
        """All runs, the oldest first."""
        with self._read() as connection:
            return [
                read_run(row)
                for row in connection.execute(sa.select(schema.runs).order_by(schema.runs.c.id)).mappings()
            ]

    def runs_with_cases(self) -> set[str]:
        """Ids of the runs that have at least one case; a study has none."""
        return self._runs_in(schema.cases)

    def runs_with_plan(self) -> set[str]:
        """Ids of the runs that can be gone on with."""
        return self._runs_in(schema.plans)

    def runs_to_report(self) -> set[str]:
        """Ids of the runs of which there is more than that they began."""
        return self._runs_in(schema.cases, schema.plans, schema.studies)

    def _runs_in(self, *which: sa.Table) -> set[str]:
        with self._read() as connection:
            return {run for table in which for run in connection.scalars(sa.select(table.c.run).distinct())}

    def find_run(self, name: str = "latest", among: Collection[str] | None = None) -> RunInfo:
        """The run of that id, or of a part of it that fits one run alone; ``latest`` is the one that began last.

        Args:
            name: What is looked for.
            among: Ids of the runs that may be meant by ``latest``; None for all.

        Raises:
            StoreError: None fits, or several do.
        """
        runs = self.runs()
        if not runs:
            raise StoreError(f"the store {self.url} holds no run yet; make one with `rexbench run`")
        if name == "latest":
            chosen = runs if among is None else [run for run in runs if run.id in among]
            if not chosen:
                raise StoreError(f"the store {self.url} holds no run of this kind yet; make one with `rexbench run`")
            return max(chosen, key=lambda run: (run.started_at, run.id))
        found = [run for run in runs if run.id == name] or [run for run in runs if name and name in run.id]
        if len(found) != 1:
            told = ", ".join(run.id for run in (found or runs)[-3:])
            raise StoreError(
                f"{'several runs fit' if found else 'no run fits'} {name!r} in {self.url}; there is {told}"
            )
        return found[0]

    def measurements(self, run: str) -> tuple[Measurement, ...]:
        """The cases of a run with their raw samples, in the order they were first written.

        It is one question to the database: between two, a run that is under way may write a case anew.
        """
        query = (
            sa.select(schema.cases, schema.rounds.c.data.label("round"))
            .outerjoin(schema.rounds)
            .where(schema.cases.c.run == run)
            .order_by(schema.cases.c.id, schema.rounds.c.position)
        )
        with self._read() as connection:
            rows = connection.execute(query).mappings()
            return tuple(read_measurement(list(case)) for _, case in groupby(rows, key=itemgetter("id")))

    def past_rounds(self, case: Case, runs: Sequence[str], most: int = 12) -> list[tuple[str, Round]]:
        """The newest rounds of a case that was measured as asked, each with its run.

        Args:
            case: The identity.
            runs: Ids of the runs to look into.
            most: Rounds at most.
        """
        mine = [schema.cases.c[name] == value for name, value in case.as_dict().items()]
        query = (
            sa.select(schema.cases.c.run, schema.rounds.c.data)
            .join(schema.rounds)
            .where(schema.cases.c.run.in_(runs), schema.cases.c.status == "ok", *mine)
            .order_by(schema.cases.c.run.desc(), schema.rounds.c.position)
            .limit(most)
        )
        with self._read() as connection:
            return [(run, read_round(read_table(data))) for run, data in connection.execute(query)]

    def costs(self, run: str) -> tuple[dict[str, Any], ...]:
        """The costs of a run."""
        columns = schema.costs.c
        query = sa.select(columns.data).where(columns.run == run).order_by(columns.model, columns.resolution)
        with self._read() as connection:
            return tuple(map(read_table, connection.scalars(query)))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _write(connection: sa.Connection, run: str, measurement: Measurement) -> None:
    """Put a case with its rounds in place of what is there of it."""
    case = measurement.case.as_dict()
    mine = sa.and_(schema.cases.c.run == run, *[schema.cases.c[name] == value for name, value in case.items()])
    # Its number stays, for that is its place among the cases of the run.
    number = connection.scalar(sa.select(schema.cases.c.id).where(mine))
    if number is not None:
        connection.execute(schema.rounds.delete().where(schema.rounds.c.case_id == number))
        connection.execute(schema.cases.delete().where(schema.cases.c.id == number))
    place = {} if number is None else {"id": number}
    values = dump_values(measurement)
    made = connection.execute(schema.cases.insert().values(**place, run=run, **case, **values)).inserted_primary_key
    assert made
    rows = [
        {"case_id": made[0], "position": position, "data": data}
        for position, data in enumerate(dump_rounds(measurement))
    ]
    if rows:
        connection.execute(schema.rounds.insert(), rows)
