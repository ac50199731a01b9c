"""The store returns what was saved, in SQLite and in PostgreSQL, and names in one line what it can't open."""

from __future__ import annotations

import math
import sqlite3
import threading
import time
from dataclasses import replace
from types import SimpleNamespace

import made_up
import pytest
import sqlalchemy

from analysis.study import Study
from bench.records.case import Case
from bench.records.measurement import Agreement, Effective, LayerRun, Parity
from bench.records.run import RunInfo
from bench.store import database
from bench.store.store import Store
from rexnet_core.errors import StoreError


@pytest.fixture
def store(url):
    with Store(url) as store:
        yield store


@pytest.fixture
def full(store):
    """A store with a run, a plan and a measurement."""
    store.save_run(make_run())
    store.save_plan(make_run().id, {"cases": []})
    store.save_measurement(make_run().id, make_measurement())
    return store


@pytest.fixture
def change(tmp_path):
    """Change the file of a store behind its back."""

    def run(statement):
        with sqlite3.connect(tmp_path / "sub/results.db") as connection:
            connection.execute(statement)
        connection.close()

    return run


#: Tests that look into the file itself.
SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)
FULL_ROUND = made_up.make_round(
    ((0.1, 0.2), (0.15,)),
    phases_s={"import": 1.5},
    compile_cache="cold",
    warmup_calls=10,
    steady=False,
    peak_rss_bytes=2**31 + 1,
    base_rss_bytes=5,
    interference={"steal_percent": None, "load_1m": 0.5},
)


def make_run(name="20260101T000000-aaaa", started="2026-01-01T00:00:00+00:00", **changes):
    return RunInfo(id=name, started_at=started, **{"environment": {"cpu": {"model": "x"}}, "planned": 2, **changes})


def make_measurement(backend="eager", rounds=2, **changes):
    case = Case(model="rexnet_1.0", resolution=224, batch=1, backend=backend, threads=2)
    parity = Parity(cosine=0.5, relative_error=0.1, top1_agreement=1.0, inputs=8, passed=False)
    effective = Effective(threads=2, details={"a": [1]})
    known = {"parity": parity, "effective": effective, "stop_reason": "target", "notes": ("a doubt",), **changes}
    return made_up.make_measurement([FULL_ROUND] * rounds, case, **known)


AGREEMENT = Agreement(
    images="2 others of photos",
    cosines=(1.0, 0.5),
    relative_errors=(0.0, 0.3),
    same_top1=(True, False),
    correct=(True, False),
    reference_correct=(True, True),
)
LAYERS = (
    LayerRun(layer="stem", kind="Convolution", precision="int8", macs=5, time_s=0.1, provider="cpu", snr_db=20.0),
    LayerRun(layer="head", kind="MatMul", precision="fp32", macs=6),
)
INFINITE = Parity(cosine=0.0, relative_error=math.inf, top1_agreement=0.0, inputs=1, passed=False)


@pytest.mark.parametrize(
    "measurement",
    [
        make_measurement(),
        make_measurement(rounds=0, status="failed", reason="it died"),
        make_measurement(parity=INFINITE, status="mismatch"),  # JSON has no infinity
        make_measurement(agreement=AGREEMENT, layers=LAYERS),
        make_measurement(repeated=(made_up.make_round([[0.3]], phases_s={"import": 1.0}),)),
    ],
)
def test_a_run_and_its_measurements_come_back_as_they_went_in(store, measurement):
    store.save_run(make_run())
    store.save_measurement(make_run().id, measurement)
    assert store.find_run() == make_run()
    assert store.measurements(make_run().id) == (measurement,)


def test_saving_a_case_again_replaces_it_at_its_place(store):
    store.save_run(make_run())
    for backend, rounds in (("eager", 1), ("compile", 2), ("eager", 3)):
        store.save_measurement(make_run().id, make_measurement(backend, rounds))
    measurements = store.measurements(make_run().id)
    assert [(one.case.backend, len(one.rounds)) for one in measurements] == [("eager", 3), ("compile", 2)]


def test_a_reader_sees_whole_cases_while_another_writes(store, url):
    store.save_run(make_run())
    first = make_measurement()

    def write():
        other = Store(url)
        for batch in range(1, 61):
            other.save_measurement(make_run().id, replace(first, case=replace(first.case, batch=batch)))
        other.close()

    writer = threading.Thread(target=write)
    writer.start()
    looks = 0
    while writer.is_alive():
        assert {len(one.rounds) for one in store.measurements(make_run().id)} <= {2}
        looks += 1
    writer.join()
    assert looks > 1
    assert len(store.measurements(make_run().id)) == 60


def test_costs_come_back(store):
    store.save_run(make_run())
    cost = {"model": "rexnet_1.0", "resolution": 224, "macs": 398_370_392, "layers": [{"layer": "stem"}]}
    store.save_cost(make_run().id, cost)
    store.save_cost(make_run().id, cost)
    assert store.costs(make_run().id) == (cost,)


def test_a_run_is_found_by_a_part_of_its_name_if_it_fits_one_alone(store):
    store.save_run(make_run("20260101T000000-aaaa"))
    store.save_run(make_run("20260102T000000-bbbb", started="2026-01-02T00:00:00+00:00"))
    assert store.find_run("bbbb").id == "20260102T000000-bbbb"
    assert store.find_run("latest").id == "20260102T000000-bbbb"
    with pytest.raises(StoreError, match="several runs fit '2026010'"):
        store.find_run("2026010")
    with pytest.raises(StoreError, match="no run fits 'cccc'"):
        store.find_run("cccc")


def test_an_empty_store_says_how_to_fill_it(store):
    with pytest.raises(StoreError, match="holds no run yet; make one with `rexbench run`"):
        store.find_run()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database\n" * 100)
    with pytest.raises(StoreError, match=r"can't open the store .*file is not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


@pytest.mark.parametrize(
    "wrong",
    [
        "results.db",
        "nosuchdb:///x",
        "",
        "nosuchdb://user:secret@host/x",
        "nosuchdb://user:se:cr@et@host/x",
        "postgresql+nodriver://user:secret@host/x?password=secret",
        "postgresql://user:secret@host:port/x",
        "postgresql://user:secret@cr@et/x@host/x",
        "postgresql://user:secret@cr@et?x=1@host/x",
    ],
)
def test_a_wrong_url_is_named_without_its_password(wrong):
    line = r"a store must be a SQLAlchemy URL such as sqlite:///results/rexbench\.db"
    with pytest.raises(StoreError, match=line) as caught:
        Store(wrong)
    assert ("***" in str(caught.value)) == ("user" in wrong)
    assert "secret" not in str(caught.value)
    assert "cr@et" not in str(caught.value)
    assert ("write %40 for it" in str(caught.value)) == (wrong.count("@") > 1)


@pytest.mark.parametrize("password", ["o", "er", "secret", "s%40cret", "se/cret", "se?cret"])
def test_what_a_driver_says_is_whole_and_tells_no_password(password):
    """A short password is in many words, which stay as they are."""
    with pytest.raises(StoreError, match=r'connection to server at "127\.0\.0\.1", port 1 failed') as caught:
        Store(f"postgresql://user:{password}@127.0.0.1:1/x", create=False)
    assert "user:***@127.0.0.1" in str(caught.value)
    assert len(password) < 3 or password not in str(caught.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the folder of the store must be writable"):
        Store(f"sqlite:///{tmp_path}/file/results.db")


def test_a_reader_does_not_make_a_store(tmp_path):
    with pytest.raises(StoreError, match=r"there is no store .* yet"):
        Store(f"sqlite:///{tmp_path}/none.db", create=False)
    assert not (tmp_path / "none.db").exists()


def test_two_runs_write_to_one_store_at_once(url):
    """Both wait for each other's commits; nothing is lost."""
    names = [f"20260101T00000{number}-aaaa" for number in range(2)]
    backends = [f"backend{number}" for number in range(25)]
    errors = []

    def write(name):
        try:
            store = Store(url)
            store.save_run(make_run(name))
            for backend in backends:
                store.save_measurement(name, make_measurement(backend))
            store.close()
        except StoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    reader = Store(url)
    assert [len(reader.measurements(name)) for name in names] == [len(backends)] * 2
    reader.close()


@SQLITE
def test_cases_that_are_saved_together_are_all_there_or_none_is(store, change):
    store.save_run(make_run())
    store.save_measurements(make_run().id, [make_measurement("eager", 1), make_measurement("compile", 1)])
    full = "begin select raise(fail, 'full'); end"
    change(f"create trigger full before insert on cases when new.backend = 'compile' {full}")
    with pytest.raises(StoreError, match="full"):
        store.save_measurements(make_run().id, [make_measurement("eager", 2), make_measurement("compile", 2)])
    assert [len(one.rounds) for one in store.measurements(make_run().id)] == [1, 1]


@SQLITE
def test_a_store_that_another_keeps_locked_is_one_line_and_one_that_is_let_go_is_waited_for(url, tmp_path, monkeypatch):
    monkeypatch.setattr(database, "_BUSY_S", 0.05)
    hasty = Store(url)
    hasty.save_run(make_run())
    monkeypatch.setattr(database, "_BUSY_S", 30)
    patient = Store(url)
    other = sqlite3.connect(tmp_path / "sub/results.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match=r"^can't write to the store .*: database is locked$"):
        hasty.save_measurement(make_run().id, make_measurement())
    release = threading.Timer(0.2, other.rollback)
    release.start()
    patient.save_measurement(make_run().id, make_measurement())
    release.join()
    other.close()
    assert hasty.measurements(make_run().id) == (make_measurement(),)
    hasty.close()
    patient.close()


def test_latest_may_mean_the_latest_of_some_runs_alone(store):
    names = [f"2026010{day}T000000-aaaa" for day in (1, 2, 3)]
    for name in names:
        store.save_run(make_run(name, started=name))
    store.save_plan(names[0], {"cases": []})
    store.save_study(names[1], Study(kind="layers", payload={}))
    assert store.runs_with_plan() == {names[0]}
    assert store.runs_to_report() == {names[0], names[1]}
    assert store.find_run("latest").id == names[2]
    assert store.find_run("latest", among=store.runs_to_report()).id == names[1]
    with pytest.raises(StoreError, match="holds no run of this kind yet"):
        store.find_run("latest", among=store.runs_with_cases())
    assert store.runs_with_cases() == set()
    for backend in ("eager", "compile"):
        store.save_measurement(names[0], make_measurement(backend))
    assert store.runs_with_cases() == {names[0]}


@SQLITE
@pytest.mark.parametrize(
    "statement",
    [
        "update runs set environment = '{broken'",
        "update runs set settings = '[]'",
        'update rounds set data = \'{"turns_s": [[1.0]], "phases_s": {}, "of_a_later_version": 1}\'',
        "update rounds set data = '3'",
        "update cases set effective = 'null'",
        "update cases set parity = '{\"cosine\": 1.0}'",
        "update plans set data = '[1]'",
    ],
)
def test_content_that_rexbench_did_not_write_is_one_line(full, change, statement):
    change(statement)
    message = r"^can't read the store .*: this version of rexbench can't read its contents .*\([^\n]*$"
    with pytest.raises(StoreError, match=message):
        full.find_run(), full.measurements(make_run().id), full.plan(make_run().id)


@SQLITE
def test_facts_about_a_runtime_that_only_a_later_version_stores_are_left_out(full, change):
    change("update cases set effective = json_set(effective, '$.hat', 'red')")
    assert full.measurements(make_run().id) == (make_measurement(),)


def test_a_store_in_a_folder_that_we_cannot_look_into_is_one_line(tmp_path, monkeypatch):
    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    with pytest.raises(StoreError, match=r"the folder of the store must be readable; .*: Permission denied"):
        Store(f"sqlite:///{tmp_path}/results.db", create=False)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_is_restarted_ends_no_run(store, restart):
    store.save_run(make_run())
    store.save_plan(make_run().id, {"cases": []})
    for backend in ("eager", "compile"):
        restart()
        store.save_measurement(make_run().id, make_measurement(backend))
        restart()
        store.save_plan(make_run().id, {"cases": []})
    restart()
    assert [one.case.backend for one in store.measurements(make_run().id)] == ["eager", "compile"]
    restarted = threading.Timer(0.5, restart)
    restarted.start()
    for number in range(20):  # whatever is under way when the server goes is written, once
        store.save_measurement(make_run().id, make_measurement(f"backend{number}"))
        time.sleep(0.1)
    restarted.join()
    assert len(store.measurements(make_run().id)) == 22
    assert store.find_run() == make_run()


def test_a_server_that_does_not_come_back_is_one_line(monkeypatch):
    monkeypatch.setattr(database, "_AWAY_S", 0.2)
    monkeypatch.setattr(database, "_PAUSE_S", 0.05)
    tried = []

    @database.outlast_restarts
    def read():
        tried.append(1)
        refused = sqlalchemy.exc.OperationalError("select 1", {}, SimpleNamespace(sqlstate=None))
        raise StoreError("can't read the store x: connection refused") from refused

    with pytest.raises(StoreError, match="connection refused"):
        read()
    assert len(tried) > 2


@pytest.mark.parametrize("state", ["53100", "23505", "42P01", "none"])
def test_what_a_server_says_when_it_is_there_is_not_waited_for(state):
    tried = []

    @database.outlast_restarts
    def write():
        tried.append(1)
        raise StoreError("x") from sqlalchemy.exc.OperationalError("insert", {}, SimpleNamespace(sqlstate=state))

    with pytest.raises(StoreError):
        write()
    assert len(tried) == 1


@pytest.mark.parametrize("password", ["p@tail", "a@b@tail", "p%40tail", "tail", "p:w@tail", "ta#il@tail"])
def test_no_part_of_a_password_is_in_the_message_of_a_driver(password):
    with pytest.raises(StoreError, match=r"^can't open the store |must be a SQLAlchemy URL") as caught:
        Store(f"postgresql://user:{password}@127.0.0.1:1/x")
    for part in ("tail", password, "p@", "a@b", "p:w"):
        assert part not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("create", [True, False])
@pytest.mark.parametrize(
    "path", ["x" * 300, "y/" * 3000 + "z", "a\0b", "", "file/x.db", "\ud800x.db"], ids=lambda path: ascii(path[:9])
)
def test_a_path_that_no_store_can_have_is_one_line(tmp_path, create, path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        Store(f"sqlite:///{tmp_path}/{path}", create=create)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_disk_that_refuses_is_one_line(tmp_path, monkeypatch, error):
    def refuse(*_args, **_options):
        raise error

    monkeypatch.setattr("pathlib.Path.mkdir", refuse)
    with pytest.raises(StoreError, match=error.strerror):
        Store(f"sqlite:///{tmp_path}/x/results.db")


def test_a_part_of_the_url_that_means_nothing_is_named():
    with pytest.raises(StoreError, match=r"must be a SQLAlchemy URL .* 'x' are not"):
        Store("sqlite:///?x=1")
