"""The tables of a store made and brought up to date, by one process at a time and in one transaction."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from bench.store.schema import REVISION
from rexnet_core.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSIONS = sa.table("alembic_version", sa.column("version_num", sa.String))
#: A store of commit 38dcf3d has its version in this table, and the tables of the first revision.
_UNMANAGED = sa.table("rexbench_schema", sa.column("version", sa.Integer))
_UNMANAGED_VERSION = 2
_FIRST = "rexbench_0001"
#: All openers of a PostgreSQL database wait for one another by this number.
_LOCK = 0x7265786E


def prepare(engine: sa.Engine, url: str) -> None:
    """Have the tables of this rexbench in a database; nothing is written where they are up to date."""
    with engine.connect() as connection:
        if _read_revision(connection) == REVISION:
            return
    with _hold_alone(engine) as connection:
        revision = _read_revision(connection)
        if revision is None:
            revision = _judge_unmanaged(connection, url)
        elif not revision.startswith("rexbench_"):
            raise _make_foreign_error(connection, url)
        if revision != REVISION:
            _migrate(connection, revision, url)


def _read_revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table(_VERSIONS.name):
        return None
    return connection.scalar(sa.select(_VERSIONS.c.version_num))


def _judge_unmanaged(connection: sa.Connection, url: str) -> str | None:
    """The revision whose tables a database has that Alembic never saw; None where it is empty."""
    names = sa.inspect(connection).get_table_names()
    if not names:
        return None
    if _UNMANAGED.name not in names:
        raise _make_foreign_error(connection, url)
    version = connection.scalar(sa.select(_UNMANAGED.c.version))
    if version != _UNMANAGED_VERSION:
        raise StoreError(
            f"{url} has format {version}, which only versions before the first release could read; "
            "name another store with --store"
        )
    return _FIRST


def _make_foreign_error(connection: sa.Connection, url: str) -> StoreError:
    names = sa.inspect(connection).get_table_names()
    return StoreError(
        f"{url} is a database of another program (tables {', '.join(sorted(names)[:3])}); "
        "name another store with --store"
    )


@contextmanager
def _hold_alone(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only one opener can be in; it is undone where the process ends inside.

    SQLite checks no foreign keys meanwhile: a revision may rebuild ``cases``, and ``rounds`` must stay.
    """
    with engine.connect() as connection:
        if sqlite := engine.dialect.name == "sqlite":
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        elif engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
        yield connection
        connection.commit()
        if sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _migrate(connection: sa.Connection, revision: str | None, url: str) -> None:
    """Run all revisions that are missing; Alembic is imported here alone, as most openers need none of it."""
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config(attributes={"connection": connection})
    folder = Path(__file__).parent / "migrations"
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    try:
        if revision == _FIRST:
            command.stamp(config, _FIRST)
        command.upgrade(config, "head")
    except CommandError:
        raise StoreError(
            f"{url} has revision {revision}, this rexbench reads up to {REVISION}; upgrade rexbench"
        ) from None
