"""The store returns what was saved, in SQLite and in PostgreSQL, and names in one line what it can't open."""

from __future__ import annotations

import math
import sqlite3
import threading
from dataclasses import replace

import pytest

from analysis.study import Study
from bench.records.case import Case
from bench.records.measurement import Effective, Measurement, Parity, Round
from bench.records.run import RunInfo
from bench.store import database
from bench.store.store import Store
from rexnet_core.errors import StoreError


@pytest.fixture
def store(url):
    store = Store(url)
    yield store
    store.close()


#: Tests that look into the file itself.
SQLITE = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def make_run(name="20260101T000000-aaaa", started="2026-01-01T00:00:00+00:00", **changes):
    return RunInfo(id=name, started_at=started, **{"environment": {"cpu": {"model": "x"}}, "planned": 2, **changes})


def make_measurement(backend="eager", rounds=2, **changes):
    one = Round(
        turns_s=((0.1, 0.2), (0.15,)),
        phases_s={"import": 1.5},
        compile_cache="cold",
        warmup_calls=10,
        steady=False,
        peak_rss_bytes=2**31 + 1,
        base_rss_bytes=5,
        interference={"steal_percent": None, "load_1m": 0.5},
    )
    case = Case(model="rexnet_1.0", resolution=224, batch=1, backend=backend, threads=2)
    parity = Parity(cosine=0.5, relative_error=0.1, top1_agreement=1.0, inputs=8, passed=False)
    known = {
        "status": "ok",
        "rounds": (one,) * rounds,
        "parity": parity,
        "effective": Effective(threads=2, details={"a": [1]}),
    }
    return Measurement(case=case, **{**known, "stop_reason": "target", "notes": ("a doubt",), **changes})


def test_a_run_comes_back_as_it_went_in(store):
    store.save_run(make_run())
    assert store.find_run() == make_run()


def test_measurements_come_back_with_every_raw_sample(store):
    store.save_run(make_run())
    measurement = make_measurement()
    store.save_measurement(make_run().id, measurement)
    assert store.measurements(make_run().id) == (measurement,)


def test_saving_a_case_again_replaces_it(store):
    store.save_run(make_run())
    store.save_measurement(make_run().id, make_measurement(rounds=1))
    store.save_measurement(make_run().id, make_measurement(rounds=3))
    [kept] = store.measurements(make_run().id)
    assert len(kept.rounds) == 3


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


def test_a_case_without_a_round_comes_back(store):
    store.save_run(make_run())
    failed = make_measurement(rounds=0, status="failed", reason="it died")
    store.save_measurement(make_run().id, failed)
    assert store.measurements(make_run().id) == (failed,)


def test_values_json_lacks_survive(store):
    store.save_run(make_run())
    parity = Parity(cosine=0.0, relative_error=math.inf, top1_agreement=0.0, inputs=1, passed=False)
    store.save_measurement(make_run().id, make_measurement(parity=parity, status="mismatch"))
    assert store.measurements(make_run().id)[0].parity == parity


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


def test_runs_with_cases_are_told_from_those_without(store):
    assert store.runs_with_cases() == set()
    for name in ("20260101T000000-aaaa", "20260102T000000-bbbb"):
        store.save_run(make_run(name))
    for backend in ("eager", "compile"):
        store.save_measurement("20260101T000000-aaaa", make_measurement(backend))
    assert store.runs_with_cases() == {"20260101T000000-aaaa"}


def test_an_empty_store_says_how_to_fill_it(store):
    with pytest.raises(StoreError, match="holds no run yet; make one with `rexbench run`"):
        store.find_run()


def test_a_file_that_is_no_database_is_named(tmp_path):
    path = tmp_path / "notes.db"
    path.write_text("these are my notes, not a database\n" * 100)
    with pytest.raises(StoreError, match=r"can't open the store .*file is not a database"):
        Store(f"sqlite:///{path}")
    assert path.read_text().startswith("these are my notes")


@pytest.mark.parametrize("wrong", ["results.db", "nosuchdb:///x", ""])
def test_a_url_that_is_none_is_named(wrong):
    with pytest.raises(StoreError, match=r"a store must be a SQLAlchemy URL such as sqlite:///results/rexbench\.db"):
        Store(wrong)


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


def test_rounds_that_were_measured_again_come_back_apart(store):
    store.save_run(make_run())
    again = make_measurement(repeated=(Round(turns_s=((0.3,),), phases_s={"import": 1.0}),))
    store.save_measurement(make_run().id, again)
    assert store.measurements(make_run().id) == (again,)


def test_cases_stay_in_the_order_in_which_they_were_first_written(store):
    store.save_run(make_run())
    for backend in ("eager", "compile", "eager"):
        store.save_measurement(make_run().id, make_measurement(backend))
    assert [one.case.backend for one in store.measurements(make_run().id)] == ["eager", "compile"]


@SQLITE
def test_cases_that_are_saved_together_are_all_there_or_none_is(store, tmp_path):
    store.save_run(make_run())
    store.save_measurements(make_run().id, [make_measurement("eager", 1), make_measurement("compile", 1)])
    with sqlite3.connect(tmp_path / "sub/results.db") as connection:
        full = "begin select raise(fail, 'full'); end"
        connection.execute(f"create trigger full before insert on cases when new.backend = 'compile' {full}")
    connection.close()
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


def test_latest_may_be_meant_of_some_runs_alone(store):
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
def test_what_others_have_written_into_a_store_is_one_line(store, tmp_path, statement):
    store.save_run(make_run())
    store.save_plan(make_run().id, {"cases": []})
    store.save_measurement(make_run().id, make_measurement())
    with sqlite3.connect(tmp_path / "sub/results.db") as connection:
        connection.execute(statement)
    connection.close()
    with pytest.raises(
        StoreError, match=r"^can't read the store .*: this rexbench does not know what it holds .*\([^\n]*$"
    ):
        store.find_run(), store.measurements(make_run().id), store.plan(make_run().id)


@SQLITE
def test_what_a_later_version_tells_of_a_runtime_is_left_out(store, tmp_path):
    store.save_run(make_run())
    store.save_measurement(make_run().id, make_measurement())
    with sqlite3.connect(tmp_path / "sub/results.db") as connection:
        connection.execute("update cases set effective = json_set(effective, '$.hat', 'red')")
    connection.close()
    assert store.measurements(make_run().id) == (make_measurement(),)


@pytest.mark.parametrize(
    "url",
    [
        "nosuchdb://user:secret@host/x",
        "nosuchdb://user:se:cr@et@host/x",
        "postgresql+nodriver://user:secret@host/x?password=secret",
        "postgresql://user:secret@host:port/x",
    ],
)
def test_a_password_is_not_shown(url):
    with pytest.raises(StoreError, match="a store must be a SQLAlchemy URL") as caught:
        Store(url)
    assert "***" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "cr@et" not in str(caught.value)


def test_a_store_in_a_folder_that_we_cannot_look_into_is_one_line(tmp_path, monkeypatch):
    def refuse(_path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.exists", refuse)
    with pytest.raises(StoreError, match=r"the folder of the store must be readable; .*: Permission denied"):
        Store(f"sqlite:///{tmp_path}/results.db", create=False)
