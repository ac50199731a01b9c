"""Empty databases: a SQLite file, and a database of a PostgreSQL server that runs for the tests alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

_NUMBERS = count()


def _find_server():
    """The folder of the newest server's programs; None where there is no server."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return installed[-1].parent if installed else Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgresql(server):
    """The URL of a running server, without a database."""
    return server[0]


@pytest.fixture
def restart(server):
    """Restart the server, which ends all its connections."""
    return server[1]


@pytest.fixture(scope="session")
def server():
    """The URL of a running server, without a database, and what restarts the server."""
    programs = _find_server()
    if programs is None:
        pytest.skip("PostgreSQL's server is not installed")
    # The path of a socket has about 100 characters, and the server does not run as root.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        prefix = []
        if os.geteuid() == 0:
            shutil.chown(folder, "postgres")
            prefix = ["runuser", "-u", "postgres", "--"]

        def call(program, *options):
            command = [*prefix, programs / program, "-D", f"{folder}/data", *options]
            subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)

        call("initdb", "-U", "postgres", "--auth=trust", "--no-sync")
        call("pg_ctl", "-w", "-o", f"-k {folder} -c listen_addresses= -c fsync=off", "-l", f"{folder}/log", "start")
        try:
            options = ("-w", "-m", "immediate", "-o", f"-k {folder} -c listen_addresses= -c fsync=off")
            restart = lambda: call("pg_ctl", *options, "-l", f"{folder}/log", "restart")  # noqa: E731
            yield f"postgresql://postgres@/{{}}?host={folder}", restart
        finally:
            call("pg_ctl", "-w", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/sub/results.db"
        return
    server, name = request.getfixturevalue("postgresql"), f"store{next(_NUMBERS)}"
    main = server.format("postgres").replace("postgresql:", "postgresql+psycopg:")
    engine = sa.create_engine(main, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    yield server.format(name)
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    engine.dispose()
