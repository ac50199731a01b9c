"""A store gets the tables of today, whoever made it and however many open it at once; any other is one line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from bench.store import schema
from bench.store.database import make_engine
from bench.store.store import Store
from rexnet_core.errors import StoreError

#: What commit 38dcf3d made, in its own statements.
UNMANAGED = """
CREATE TABLE rexbench_schema (version INTEGER NOT NULL, PRIMARY KEY (version));
CREATE TABLE runs (id VARCHAR(64) NOT NULL, started_at VARCHAR(40) NOT NULL, finished_at VARCHAR(40) NOT NULL,
    status VARCHAR(20) NOT NULL, preset VARCHAR(40) NOT NULL, planned INTEGER NOT NULL, environment JSON NOT NULL,
    settings JSON NOT NULL, PRIMARY KEY (id));
CREATE TABLE cases (id SERIAL NOT NULL, run VARCHAR(64) NOT NULL, model VARCHAR(80) NOT NULL,
    resolution INTEGER NOT NULL, batch INTEGER NOT NULL, backend VARCHAR(80) NOT NULL, precision VARCHAR(80) NOT NULL,
    threads INTEGER NOT NULL, memory_format VARCHAR(80) NOT NULL, device VARCHAR(80) NOT NULL,
    scenario VARCHAR(80) NOT NULL, streams INTEGER NOT NULL, status VARCHAR(20) NOT NULL, reason TEXT NOT NULL,
    stop_reason VARCHAR(20) NOT NULL, parity JSON, effective JSON NOT NULL, notes JSON NOT NULL, PRIMARY KEY (id),
    UNIQUE (run, model, resolution, batch, backend, precision, threads, memory_format, device, scenario, streams),
    FOREIGN KEY(run) REFERENCES runs (id));
CREATE INDEX ix_cases_run ON cases (run);
CREATE TABLE costs (run VARCHAR(64) NOT NULL, model VARCHAR(80) NOT NULL, resolution INTEGER NOT NULL,
    data JSON NOT NULL, PRIMARY KEY (run, model, resolution), FOREIGN KEY(run) REFERENCES runs (id));
CREATE TABLE studies (run VARCHAR(64) NOT NULL, data JSON NOT NULL, PRIMARY KEY (run),
    FOREIGN KEY(run) REFERENCES runs (id));
CREATE TABLE plans (run VARCHAR(64) NOT NULL, data JSON NOT NULL, PRIMARY KEY (run),
    FOREIGN KEY(run) REFERENCES runs (id));
CREATE TABLE rounds (case_id INTEGER NOT NULL, position INTEGER NOT NULL, data JSON NOT NULL,
    PRIMARY KEY (case_id, position), FOREIGN KEY(case_id) REFERENCES cases (id) ON DELETE CASCADE);
INSERT INTO rexbench_schema VALUES (2);
INSERT INTO runs VALUES ('r1', '2026-01-01T00:00:00+00:00', '', 'done', 'quick', 1, '{}', '{"a": "contamination"}');
INSERT INTO cases (run, model, resolution, batch, backend, precision, threads, memory_format, device, scenario, streams,
    status, reason, stop_reason, parity, effective, notes) VALUES ('r1', 'rexnet_1.0', 224, 1, 'openvino', 'fp32', 2,
    'contiguous', 'cpu', 'throughput', 2, 'ok', '', 'target', NULL, '{"jobs": 16}', '[]')
"""
ROUND = {"turns_s": [[0.1, 1e-9]], "phases_s": {}, "contamination": {"steal_percent": None, "load_1m": 0.1}}
STUDY = {
    "kind": "compare",
    "format_version": 1,
    "note": 'the text "contamination": stays',
    "rounds": [{"contamination": {"x": 1}}],
}


def change(url, *statements):
    engine = make_engine(url, create=True)
    try:
        with engine.begin() as connection:
            for statement, *values in statements:
                connection.execute(sa.text(statement), *values)
    finally:
        engine.dispose()


@pytest.fixture
def unmanaged(url):
    """The URL of a store as commit 38dcf3d left it."""
    made = UNMANAGED if url.startswith("postgresql") else UNMANAGED.replace("SERIAL", "INTEGER")
    change(
        url,
        *[(statement.replace(":", r"\:"),) for statement in made.split(";")],
        ("INSERT INTO rounds VALUES (1, 0, :data)", {"data": json.dumps(ROUND)}),
        ("INSERT INTO studies VALUES ('r1', :data)", {"data": json.dumps(STUDY)}),
    )
    return url


def test_the_revisions_make_the_tables_that_the_store_uses(url):
    Store(url).close()
    engine = make_engine(url, create=False)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.metadata) == []
    engine.dispose()


def test_a_store_of_38dcf3d_reads_on_with_every_value(unmanaged):
    for _ in range(2):
        with Store(unmanaged) as store:
            [measurement] = store.measurements("r1")
            [measured] = measurement.rounds
            assert measured.turns_s == ((0.1, 1e-9),)
            assert measured.interference == {"steal_percent": None, "load_1m": 0.1}
            assert store.find_run().settings == {"a": "contamination"}
            assert store.study("r1").as_dict() == {**STUDY, "stopped": False, "rounds": [{"interference": {"x": 1}}]}
            store.save_measurement("r1", measurement)
    with pytest.raises(sa.exc.DBAPIError):
        change(unmanaged, ("SELECT version FROM rexbench_schema",))


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_foreign_keys_hold_again_after_an_upgrade(unmanaged):
    with Store(unmanaged) as store, pytest.raises(StoreError, match="FOREIGN KEY constraint failed"):
        store.save_plan("no such run", {})


def test_a_store_that_several_open_at_once_is_made_ready_once(unmanaged):
    def read(_):
        with Store(unmanaged) as store:
            return len(store.measurements("r1"))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(8))) == [1] * 8


def test_a_new_store_that_several_open_at_once_has_its_tables_once(url):
    code = f"from bench.store.store import Store; Store({url!r}).close()"
    openers = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    assert [(opener.communicate()[1], opener.returncode) for opener in openers] == [(b"", 0)] * 3
    Store(url, create=False).close()


def test_an_upgrade_that_was_killed_leaves_a_store_that_opens(unmanaged):
    code = (
        "import os; from alembic import command; from bench.store.store import Store; upgrade = command.upgrade\n"
        "command.upgrade = lambda *given: (upgrade(*given), os.kill(os.getpid(), 9))\n"
        f"Store({unmanaged!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    with Store(unmanaged) as store:
        assert len(store.measurements("r1")) == 1


@pytest.mark.parametrize("version", ["1", "3", "NULL"])
def test_a_store_from_before_the_first_release_is_refused(url, version):
    change(url, ("CREATE TABLE rexbench_schema (version INTEGER)",))
    change(url, (f"INSERT INTO rexbench_schema VALUES ({version})",))
    with pytest.raises(StoreError, match=r"has format \w+, which only versions before the first release could read"):
        Store(url)


def test_a_store_of_a_later_version_is_refused(url):
    Store(url).close()
    change(url, ("UPDATE alembic_version SET version_num = 'rexbench_9999'",))
    with pytest.raises(StoreError, match=f"has revision rexbench_9999, this rexbench reads up to {schema.REVISION}"):
        Store(url)


@pytest.mark.parametrize("others", ["", "another_1"])
def test_a_database_of_another_program_is_left_alone(url, others):
    change(url, ("CREATE TABLE customers (name TEXT)",))
    if others:
        change(url, ("CREATE TABLE alembic_version (version_num VARCHAR(32))",))
        change(url, (f"INSERT INTO alembic_version VALUES ('{others}')",))
    message = r"is a database of another program \(tables .*customers\); name another store"
    with pytest.raises(StoreError, match=message):
        Store(url)
    engine = make_engine(url, create=False)
    assert set(sa.inspect(engine).get_table_names()) <= {"customers", "alembic_version"}
    engine.dispose()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_that_may_not_be_written_can_be_read_when_it_is_up_to_date(unmanaged):
    read_only = unmanaged.replace("sqlite:///", "sqlite:///file:") + "?mode=ro&uri=true"
    with pytest.raises(StoreError, match=r"can't open the store .* readonly database"):
        Store(read_only)
    Store(unmanaged).close()
    with Store(read_only) as store:
        assert len(store.measurements("r1")) == 1


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_a_store_that_is_up_to_date_opens_without_alembic(url):
    Store(url).close()
    code = f"import sys; sys.modules['alembic'] = None; from bench.store.store import Store; Store({url!r}).close()"
    subprocess.run([sys.executable, "-c", code], check=True)
