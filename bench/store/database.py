"""How the database of a store is opened, and the messages of its driver in one line without passwords."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rexnet_core.errors import StoreError
from rexnet_core.printable import hide_passwords

#: Two runs may write to one SQLite file; each waits this long for the other's commit [s].
_BUSY_S = 60


def make_engine(url: str, *, create: bool) -> sa.Engine:
    """An engine; SQLite makes the folder of its file, where asked its file, and waits for another run that is writing.

    Raises:
        StoreError: The file is not there or can't be made. SQLAlchemy's errors about the URL pass through.
        ValueError: The password holds an @.
    """
    parsed = sa.make_url(url)
    if parsed.password is not None and "@" in f"{parsed.host}{parsed.database}":
        # What follows the first @ is a host to the driver, whose messages name it.
        raise ValueError("its password must have no @; write %40 for @, %2F for / and %25 for %")
    if parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")  # SQLAlchemy 2.0 would ask for psycopg2
    options: dict[str, Any] = {"json_deserializer": _read_json}
    if parsed.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": _BUSY_S}
        if parsed.database and not parsed.database.startswith((":memory:", "file:")):
            _check_file(Path(parsed.database), create=create)
    engine = sa.create_engine(parsed, **options)
    if parsed.get_backend_name() == "sqlite":
        sa.event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _check_file(path: Path, *, create: bool) -> None:
    try:
        if not create and not path.exists():
            raise StoreError(f"there is no store {path} yet; make one with `rexbench run`, or name it with --store")
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
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
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def one_line(error: object) -> str:
    """An error of a driver, whose message may have several lines."""
    return " ".join(hide_passwords(str(error)).split())
