"""The results store; it, `bench.tables` and `bench.store_upgrade` alone speak SQL.

Any SQLAlchemy URL will do; the default is a SQLite file.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import asdict, fields
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from analysis.plain import make_plain
from bench import tables
from bench.case import Case
from bench.records import Effective, Measurement, Parity, Round, RunInfo
from bench.store_upgrade import upgrade
from rexnet_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

DEFAULT_URL = "sqlite:///results/rexbench.db"

#: Mark of a dirty round that a clean one stands for.
_REPEATED = "repeated"
#: Two runs may write to one SQLite file; each waits this long for the other's commit [s].
_BUSY_S = 60


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
            self._engine = _make_engine(url, create=create)
        except (ArgumentError, NoSuchModuleError, ImportError) as error:
            raise StoreError(f"a store is a SQLAlchemy URL such as {DEFAULT_URL}; {url!r} is none: {error}") from None
        self.url = self._engine.url.render_as_string(hide_password=True)
        with self._guard("open"):
            try:
                self._check_version()
            except DBAPIError:
                # Another run may just have made the tables that we found missing; what is wrong for good stays so.
                self._check_version()

    def _check_version(self) -> None:
        """Make the tables of a new store; refuse those of a later one."""
        with self._engine.begin() as connection:
            self._check_tables(connection)

    def _check_tables(self, connection: sa.Connection) -> None:
        names = sa.inspect(connection).get_table_names()
        if names and tables.schema.name not in names:
            raise StoreError(
                f"{self.url} is a database of something else (tables {', '.join(names[:3])}); name another"
            )
        tables.metadata.create_all(connection)

        def read_version() -> int | None:
            return connection.scalar(sa.select(tables.schema.c.version))

        version = read_version()
        if version is None:
            connection.execute(tables.schema.insert().values(version=tables.SCHEMA_VERSION))
        elif version < tables.SCHEMA_VERSION:
            upgrade(connection, tables.cases, read_version, tables.SCHEMA_VERSION)
        elif version > tables.SCHEMA_VERSION:
            raise StoreError(
                f"{self.url} has format {version}, this rexbench reads up to {tables.SCHEMA_VERSION}; upgrade rexbench"
            )

    @contextmanager
    def _guard(self, what: str) -> Iterator[None]:
        """Turn what a database can throw into one line."""
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"can't {what} the store {self.url}: {error.orig}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"can't {what} the store {self.url}: {error}") from error

    def save_run(self, run: RunInfo) -> None:
        """Write a run, or bring it up to date."""
        values = asdict(run)
        with self._guard("write to"), self._engine.begin() as connection:
            if not connection.execute(tables.runs.update().where(tables.runs.c.id == run.id).values(values)).rowcount:
                connection.execute(tables.runs.insert().values(values))

    def save_plan(self, run: str, document: Mapping[str, Any]) -> None:
        """Write what a run will measure, once."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(tables.plans.insert().values(run=run, data=make_plain(dict(document))))

    def plan(self, run: str) -> dict[str, Any] | None:
        """What a run was to measure; None where that was not stored."""
        with self._guard("read"), self._engine.connect() as connection:
            found: dict[str, Any] | None = connection.scalar(
                sa.select(tables.plans.c.data).where(tables.plans.c.run == run)
            )
        return found

    def save_measurement(self, run: str, measurement: Measurement) -> None:
        """Write a case with its rounds, in place of what was there of it."""
        case = measurement.case.as_dict()
        mine = sa.and_(tables.cases.c.run == run, *[tables.cases.c[name] == value for name, value in case.items()])
        with self._guard("write to"), self._engine.begin() as connection:
            # Its number stays, for that is its place among the cases of the run.
            number = connection.scalar(sa.select(tables.cases.c.id).where(mine))
            if number is not None:
                connection.execute(tables.rounds.delete().where(tables.rounds.c.case_id == number))
                connection.execute(tables.cases.delete().where(tables.cases.c.id == number))
            values = {
                "status": measurement.status,
                "reason": measurement.reason,
                "stop_reason": measurement.stop_reason,
                "parity": make_plain(asdict(measurement.parity)) if measurement.parity else None,
                "effective": make_plain(asdict(measurement.effective)),
                "notes": list(measurement.notes),
            }
            place = {} if number is None else {"id": number}
            made = connection.execute(
                tables.cases.insert().values(**place, run=run, **case, **values)
            ).inserted_primary_key
            assert made
            rows = [
                {"case_id": made[0], "position": position, "data": data}
                for position, data in enumerate(_dump_rounds(measurement))
            ]
            if rows:
                connection.execute(tables.rounds.insert(), rows)

    def save_cost(self, run: str, cost: Mapping[str, Any]) -> None:
        """Write what a model costs at a resolution, once per run."""
        key = {"run": run, "model": cost["model"], "resolution": cost["resolution"]}
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(
                tables.costs.delete().where(sa.and_(*[tables.costs.c[name] == value for name, value in key.items()]))
            )
            connection.execute(tables.costs.insert().values(**key, data=make_plain(dict(cost))))

    def save_study(self, run: str, document: Mapping[str, Any]) -> None:
        """Write the document of a study, in place of an earlier one."""
        with self._guard("write to"), self._engine.begin() as connection:
            connection.execute(tables.studies.delete().where(tables.studies.c.run == run))
            connection.execute(tables.studies.insert().values(run=run, data=make_plain(dict(document))))

    def study(self, run: str) -> dict[str, Any] | None:
        """The document of a study; None where the run is none."""
        return self._read_document(tables.studies, run)

    def _read_document(self, table: sa.Table, run: str) -> dict[str, Any] | None:
        with self._guard("read"), self._engine.connect() as connection:
            found: dict[str, Any] | None = connection.scalar(sa.select(table.c.data).where(table.c.run == run))
        return found

    def runs(self) -> list[RunInfo]:
        """All runs, the oldest first."""
        with self._guard("read"), self._engine.connect() as connection:
            return [
                RunInfo(**row)
                for row in connection.execute(sa.select(tables.runs).order_by(tables.runs.c.id)).mappings()
            ]

    def runs_with_cases(self) -> set[str]:
        """Ids of the runs that have at least one case; a study has none."""
        with self._guard("read"), self._engine.connect() as connection:
            return set(connection.scalars(sa.select(tables.cases.c.run).distinct()))

    def find_run(self, name: str = "latest") -> RunInfo:
        """The run of that id, or of a part of it that fits one run alone; ``latest`` is the one that began last.

        Raises:
            StoreError: None fits, or several do.
        """
        runs = self.runs()
        if not runs:
            raise StoreError(f"the store {self.url} holds no run yet; make one with `rexbench run`")
        if name == "latest":
            return max(runs, key=lambda run: (run.started_at, run.id))
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
            sa.select(tables.cases, tables.rounds.c.data.label("round"))
            .outerjoin(tables.rounds)
            .where(tables.cases.c.run == run)
            .order_by(tables.cases.c.id, tables.rounds.c.position)
        )
        with self._guard("read"), self._engine.connect() as connection:
            rows = connection.execute(query).mappings()
            return tuple(_read_measurement(list(case)) for _, case in groupby(rows, key=itemgetter("id")))

    def past_rounds(self, case: Case, runs: Sequence[str], most: int = 12) -> list[tuple[str, Round]]:
        """The newest rounds of a case that was measured as asked, each with its run.

        Args:
            case: The identity.
            runs: Ids of the runs to look into.
            most: Rounds at most.
        """
        mine = [tables.cases.c[name] == value for name, value in case.as_dict().items()]
        query = (
            sa.select(tables.cases.c.run, tables.rounds.c.data)
            .join(tables.rounds)
            .where(tables.cases.c.run.in_(runs), tables.cases.c.status == "ok", *mine)
            .order_by(tables.cases.c.run.desc(), tables.rounds.c.position)
            .limit(most)
        )
        with self._guard("read"), self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [(run, _read_round({name: data[name] for name in data if name != _REPEATED})) for run, data in rows]

    def costs(self, run: str) -> tuple[dict[str, Any], ...]:
        """The costs of a run."""
        columns = tables.costs.c
        query = sa.select(columns.data).where(columns.run == run).order_by(columns.model, columns.resolution)
        with self._guard("read"), self._engine.connect() as connection:
            return tuple(connection.scalars(query))

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()


def _make_engine(url: str, *, create: bool) -> sa.Engine:
    """An engine; a SQLite file gets its folder, and patience with another run that is writing."""
    parsed = sa.make_url(url)
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_S}
        if parsed.database and parsed.database != ":memory:":
            folder = Path(parsed.database).resolve().parent
            if not create and not Path(parsed.database).exists():
                raise StoreError(
                    f"there is no store {parsed.database} yet; make one with `rexbench run`, or name it with --store"
                )
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"the folder of the store must be writable; {folder}: {error.strerror}") from None
    engine = sa.create_engine(parsed, **options)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _dump_rounds(measurement: Measurement) -> list[dict[str, Any]]:
    """All rounds as plain values; those that were measured again are marked."""
    again = [{**make_plain(asdict(part)), _REPEATED: True} for part in measurement.repeated]
    return [*(make_plain(asdict(part)) for part in measurement.rounds), *again]


def _read_round(data: Mapping[str, Any]) -> Round:
    turns = {name: tuple(map(tuple, data.get(name, ()))) for name in ("turns_s", "requests_s")}
    return Round(**{**data, **turns})


def _read_measurement(rows: Sequence[sa.RowMapping]) -> Measurement:
    """A case from its rows, one for each round; a case without a round has one, with none in it."""
    row = rows[0]
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for data in (dict(row["round"]) for row in rows if row["round"] is not None):
        rounds[bool(data.pop(_REPEATED, False))].append(_read_round(data))
    parity = row["parity"]
    if parity:
        parity = {name: math.inf if value is None else value for name, value in parity.items()}
    return Measurement(
        case=Case(**{spec.name: row[spec.name] for spec in fields(Case)}),
        status=row["status"],
        reason=row["reason"],
        rounds=tuple(rounds[False]),
        repeated=tuple(rounds[True]),
        parity=Parity(**parity) if parity else None,
        effective=Effective(**row["effective"]),
        stop_reason=row["stop_reason"],
        notes=tuple(row["notes"]),
    )
