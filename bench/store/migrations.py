"""Stores of earlier formats brought up to date, in place and in one transaction.

Format 2 added ``cases.streams``, which takes part in what makes a case unique.
"""

from __future__ import annotations

from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

#: Before streams were asked for, the throughput scenario had as many as threads.
_STREAMS_OF_OLD = "CASE WHEN scenario = 'throughput' THEN threads ELSE 0 END"


def upgrade(connection: sa.Connection, cases: sa.Table, read_version: Callable[[], int | None], wanted: int) -> None:
    """Bring the tables of format 1 to format 2.

    Args:
        connection: On which nothing has been written yet.
        cases: The table as it is to be.
        read_version: Asks the store for its format again, once nobody else can change it.
        wanted: The format that is written down at the end.
    """
    sqlite = connection.dialect.name == "sqlite"
    with _alone(connection) if sqlite else nullcontext():
        if read_version() == 1:
            (_rebuild_cases if sqlite else _alter_cases)(connection, cases)
            connection.execute(sa.table("rexbench_schema", sa.column("version")).update().values(version=wanted))


@contextmanager
def _alone(connection: sa.Connection) -> Iterator[None]:
    """A transaction of SQLite that begins at once, so that only one opener upgrades, with foreign keys switched off.

    Without them, dropping a table leaves alone what refers to it; inside a transaction they can't be switched off.
    """
    driver: Any = connection.connection.dbapi_connection
    driver.commit()
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        driver.execute("BEGIN IMMEDIATE")
        yield
        driver.commit()
    finally:
        driver.rollback()
        driver.execute("PRAGMA foreign_keys=ON")


def _rebuild_cases(connection: sa.Connection, cases: sa.Table) -> None:
    """SQLite can't change what is unique: the rows move to a new table, which takes the name of the old one."""
    kept = [column.name for column in cases.columns if column.name != "streams"]
    fresh = cases.to_metadata(_beside(cases), name="cases_new")
    fresh.indexes.clear()  # their names are still taken by those of the old table
    fresh.create(connection)
    names = ", ".join(kept)
    connection.exec_driver_sql(
        f"INSERT INTO cases_new ({names}, streams) SELECT {names}, {_STREAMS_OF_OLD} FROM cases"  # noqa: S608 - our own names
    )
    connection.exec_driver_sql("DROP TABLE cases")
    connection.exec_driver_sql("ALTER TABLE cases_new RENAME TO cases")
    for index in cases.indexes:
        index.create(connection)


def _beside(cases: sa.Table) -> sa.MetaData:
    """Metadata that knows the tables which `cases` refers to."""
    known = sa.MetaData()
    for key in cases.foreign_keys:
        key.column.table.to_metadata(known)
    return known


def _alter_cases(connection: sa.Connection, cases: sa.Table) -> None:
    """Other databases take the column, and another rule of what is unique."""
    [unique] = [one for one in cases.constraints if isinstance(one, sa.UniqueConstraint)]
    before = sa.inspect(connection).get_unique_constraints("cases")
    connection.exec_driver_sql("ALTER TABLE cases ADD COLUMN streams INTEGER DEFAULT 0 NOT NULL")
    connection.exec_driver_sql(f"UPDATE cases SET streams = {_STREAMS_OF_OLD}")  # noqa: S608 - our own words
    for statement in _swap(connection, [str(one["name"]) for one in before], unique):
        connection.exec_driver_sql(statement)


def _swap(connection: sa.Connection, old: Sequence[str], unique: sa.UniqueConstraint) -> list[str]:
    quote = connection.dialect.identifier_preparer.quote
    columns = ", ".join(quote(column.name) for column in unique.columns)
    return [
        *(f"ALTER TABLE cases DROP CONSTRAINT {quote(name)}" for name in old),
        f"ALTER TABLE cases ADD UNIQUE ({columns})",
    ]
