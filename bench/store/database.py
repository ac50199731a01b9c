"""How the database of a store is opened, and the messages of its driver in one line without passwords."""

from __future__ import annotations

import json
import time
import warnings
from contextlib import closing
from functools import partial, wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, SAWarning

from rexnet_core.errors import StoreError
from rexnet_core.printable import hide_passwords

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")
#: How long a server may be away while it is restarted, and the pause between looks [s].
_AWAY_S, _PAUSE_S = 60.0, 0.5
#: States of SQL: connections that are broken or refused, and servers that shut down or start; and for drivers without.
_AWAY_STATES = ("08", "57P")
_NO_SERVER = "none"
#: Two runs may write to one SQLite file; each waits this long for the other's commit [s].
_BUSY_S = 60


def make_engine(url: str, *, create: bool) -> sa.Engine:
    """An engine; SQLite makes the folder of its file, where asked its file, and waits for another run that is writing.

    Raises:
        StoreError: The file is not there or can't be made. SQLAlchemy's errors about the URL pass through.
        ValueError: The URL of a server has a second @, as when a password holds one.
    """
    if not url.startswith("sqlite") and url.count("@") > 1:
        # What follows the first @ is a host to the driver, whose messages name it. The remedy has no such sign: all
        # that stands before one is masked.
        raise ValueError("a single at sign is allowed; in a password write %40 for it, %2F for / and %25 for %")
    parsed = sa.make_url(url)
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")  # SQLAlchemy 2.0 would ask for psycopg2
    options: dict[str, Any] = {"json_deserializer": _read_json}
    # A server that was restarted has closed the connections that are kept.
    options["pool_pre_ping"] = parsed.get_backend_name() != "sqlite"
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_S}
        if parsed.database and not parsed.database.startswith((":memory:", "file:")):
            _check_file(Path(parsed.database), create=create)
    with warnings.catch_warnings():  # of a part of the URL that means nothing
        warnings.simplefilter("error", SAWarning)
        engine = sa.create_engine(parsed, **options)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _check_file(path: Path, *, create: bool) -> None:
    try:
        if not create and not path.exists():
            raise StoreError(f"there is no store {path} yet; make one with `rexbench run`, or name it with --store")
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            raise StoreError(f"a store must be a file; {path} is a folder")
    except OSError as error:
        needed = "writable" if create else "readable"
        raise StoreError(f"the folder of the store must be {needed}; {path.parent}: {error.strerror}") from None


def _read_json(text: str | bytes) -> Any:
    """A stored document; what is no JSON comes back as the text it is, which fits no schema."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return str(text)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # Bytes that are no UTF-8 are damage in one value, which its schema names, and no error of the whole query.
    connection.text_factory = partial(str, encoding="utf-8", errors="backslashreplace")
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA foreign_keys=ON")
    except BaseException:
        connection.close()  # the pool does not have it yet
        raise


def outlast_restarts(method: Callable[P, T]) -> Callable[P, T]:
    """The method of a store, repeated while the server of its database is away, as when it is restarted.

    The method reads, or writes what it can write again: where the answer to a commit is lost, it may be in the store.
    """

    @wraps(method)
    def repeat(*args: P.args, **options: P.kwargs) -> T:
        end = time.monotonic() + _AWAY_S
        while True:
            try:
                return method(*args, **options)
            except StoreError as error:
                if not _is_away(error.__cause__) or time.monotonic() > end:
                    raise
            time.sleep(_PAUSE_S)

    return repeat


def _is_away(error: BaseException | None) -> bool:
    """Whether a server closed the connection, refuses a new one, or is just starting; SQLite has none."""
    if not isinstance(error, DBAPIError):
        return False
    state = getattr(error.orig, "sqlstate", _NO_SERVER)
    return error.connection_invalidated or state is None or str(state).startswith(_AWAY_STATES)


def one_line(error: object) -> str:
    """An error of a driver, whose message may have several lines."""
    return " ".join(hide_passwords(str(error)).split())
