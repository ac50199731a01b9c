"""Stores that a disk, a person or another version has changed: every reader answers, or says in one line what is wrong.

Of the same kind, and held here: bytes of a file that are flipped anywhere (texts, numbers, JSON, the tables' own
words); every field of every stored study, run, case, round, cost and plan that is missing, of another type, NaN,
infinite or negative; a run's id that is a path; a self-test that can't be read beside a run that can.
"""

from __future__ import annotations

import copy
import importlib.util
import json
import math
import random
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from made_up import make_measurement, make_round

from analysis.json_values import make_plain
from analysis.study import Study
from bench.comparison.compare import compare_stored
from bench.comparison.document import make_document as compare_runs
from bench.planning.plan import Plan
from bench.records.case import Case
from bench.records.measurement import Effective, Parity
from bench.records.pair import Pair
from bench.records.run import RunInfo
from bench.records.settings import Settings
from bench.running.resume import describe_plan
from bench.selftest.document import make_document as describe_selftest
from bench.store.store import Store
from reports.report import build_frames, check_study
from rexnet_core.errors import RexbenchError

CASE = Case(model="rexnet_1.0", resolution=224, batch=1, backend="eager", threads=2)
HERE = {"cpu": {"model": "EPYC", "arch": "x86_64", "logical": 2}, "limits": {"threads": 2}, "libraries": {"torch": "2"}}
RUNS = ("20260101T000000-aaaa", "20260102T000000-bbbb", "20260103T000000-cccc", "20260104T000000-dddd")
SETTINGS = {
    **Settings().as_dict(),
    "time": {"expected_s": 9.0, "taken_s": 8.0, "above_target": [{"case": "x", "half_width": None}]},
    "resumed": [{"at": "2026-01-01T00:00:00+00:00", "differences": ["torch 1, now 2"]}],
    "rivals": [["rexnet_1.0", "rexnet_1.3"]],
}


def measurement(case, factor=1.0):
    draw = np.random.default_rng(len(case.model))
    rounds = [
        make_round(
            0.01 * factor * draw.normal(1, 0.01, (6, 3)),
            phases_s={"import": 1.0, "compile": 2.0},
            warmup_calls=9,
            peak_rss_bytes=10**8,
            base_rss_bytes=10**7,
            interference={"others_percent": 1.0, "steal_percent": None},
        )
        for _ in range(5)
    ]
    parity = Parity(cosine=1.0, relative_error=0.0, top1_agreement=1.0, inputs=8, passed=True)
    effective = Effective(precision="fp32", threads=2, streams=1, memory_format="contiguous", device="cpu")
    return make_measurement(rounds, case, parity=parity, effective=effective, stop_reason="target", notes=("a doubt",))


def selftest():
    draw = np.random.default_rng(1)

    def calls(scale):
        return tuple(map(tuple, 0.02 * scale * draw.normal(1, 0.005, (6, 3))))

    pairs = [
        Pair(base_s=(calls(1), calls(1)), head_s=(calls(1), calls(1.05)), machine={"others_percent": 1.0})
        for _ in range(9)
    ]
    return describe_selftest({CASE: pairs}, levels=(0.0, 0.05), rounds=4, margin=0.03, neighbour=None, stopped=False)


def comparison():
    pairs = compare_stored([measurement(CASE)], [measurement(CASE, 1.2)])
    return compare_runs(pairs, builds=("old", "new"), live=True, margin=0.03, detectable=None)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """The file of a store with two runs, a comparison and a self-test."""
    path = tmp_path_factory.mktemp("stores") / "made.db"
    with Store(f"sqlite:///{path}") as store:
        for name, preset in zip(RUNS, ("quick", "quick", "compare", "selftest"), strict=True):
            started = f"{name[:4]}-{name[4:6]}-{name[6:8]}T00:00:00+00:00"
            known = {"environment": HERE, "settings": SETTINGS, "status": "done", "planned": 2}
            store.save_run(RunInfo(id=name, started_at=started, finished_at=started, preset=preset, **known))
        cases = (CASE, Case(**{**CASE.as_dict(), "model": "rexnet_1.3"}))
        for name in RUNS[:2]:
            store.save_plan(name, describe_plan(Plan(cases=cases, settings=Settings())))
            store.save_measurements(name, [measurement(case) for case in cases])
            store.save_cost(
                name,
                {
                    "model": "rexnet_1.0",
                    "resolution": 224,
                    "params": 9,
                    "params_folded": 8,
                    "macs": 7,
                    "activations": 6,
                    "layers": [{"layer": "a", "kind": "b", "params": 1, "macs": 2, "out_shape": [1, 2]}],
                },
            )
        store.save_study(RUNS[2], comparison())
        store.save_study(RUNS[3], selftest())
    return path


@pytest.fixture
def quick(monkeypatch):
    """Reports whose tables and texts are made, but neither figures nor pages, which read only these."""
    monkeypatch.setattr("reports.drawing.figure.draw", lambda _figures: [])


def fails_in_one_line(answer):
    assert answer.code in {0, 1, 2, 3, 4}
    assert "Traceback" not in answer.err
    if answer.code == 2:
        assert answer.err.startswith("rexbench: "), answer.err
        assert answer.err.count("\n") == 1, answer.err
    return answer


def read_all(call, path):
    """All commands that read a store, in this process."""
    store = f"sqlite:///{path}"
    for name in RUNS:
        fails_in_one_line(call("report", "--run", name, "--store", store, "--out", path.parent / "out"))
    fails_in_one_line(call("report", "--store", store, "--out", path.parent / "out"))
    fails_in_one_line(call("compare", *RUNS[:2], "--force", "--store", store))
    fails_in_one_line(call("run", "--resume", RUNS[0], "--store", store, "--out", path.parent / "out"))


def flip(path, seed, count):
    """Change some bits of the file, as a disk does."""
    draw, data = random.Random(seed), bytearray(path.read_bytes())
    for _ in range(count):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    path.write_bytes(data)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("seed", range(8))
def test_a_store_with_flipped_bits_is_read_or_refused_in_one_line(call, made, tmp_path, seed):
    path = tmp_path / "flipped.db"
    shutil.copyfile(made, path)
    flip(path, seed, 1 + seed % 4 * 8)
    read_all(call, path)


@pytest.mark.extra
@pytest.mark.usefixtures("quick")
def test_many_stores_with_flipped_bits_are_read_or_refused_in_one_line(call, made, tmp_path):
    for seed in range(100, 400):
        path = tmp_path / f"flipped{seed}.db"
        shutil.copyfile(made, path)
        flip(path, seed, 1 + seed % 8 * 5)
        read_all(call, path)


#: In place of a stored value; the first means that its name is missing.
WRONG = ("missing", None, "x", "", -1, -0.5, 0, math.nan, math.inf, [], {}, [None], {"x": None}, True, 10**30)


def places(value, *path):
    """Every place in a document, of lists the first and the last entry alone."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from places(inner, *path, name)
    elif isinstance(value, list):
        for index in {0, len(value) - 1} if value else ():
            yield (*path, index)
            yield from places(value[index], *path, index)


def change(document, path, wrong):
    """The document with one value changed."""
    changed = copy.deepcopy(document)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    if wrong == "missing":
        del inner[path[-1]]
    else:
        inner[path[-1]] = wrong
    return changed


def changes(document, least=0, seed=0):
    """Every change of every place; or, drawn by a seed, a number of them."""
    every = [(path, wrong) for path in places(document) for wrong in WRONG]
    return random.Random(seed).sample(every, least) if least else every


def load_builders(folder):
    path = Path(__file__).parents[1] / "reports" / folder / "conftest.py"
    spec = importlib.util.spec_from_file_location(f"made_up_{folder}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def documents():
    """A whole stored study of each kind."""
    rank, published = load_builders("rank"), load_builders("published")
    made = [rank.made_layers(), rank.made_network(), rank.made_trained(), published.made_document()]
    made += [comparison().as_dict(), selftest().as_dict()]
    return {one["kind"]: json.loads(json.dumps(make_plain(one))) for one in made}


def show(document):
    """All that a report makes of a stored document, but no figure."""
    study = Study.from_dict(document)
    report = check_study(study.kind, study)
    frames = build_frames(study.kind, study)
    report.text(study)
    list(report.figures(study, frames))
    if report.page:
        report.page(study, frames, [])


KINDS = ("layers", "network", "trained", "published", "compare", "selftest")


def judge(document, path, wrong):
    line = ""
    try:
        show(change(document, path, wrong))
    except RexbenchError as error:
        line = str(error)
    except Exception as error:
        raise AssertionError(f"{'.'.join(map(str, path))} = {wrong!r}: {type(error).__name__}: {error}") from error
    assert "\n" not in line


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_study_is_shown_or_refused_in_one_line(documents, kind):
    show(documents[kind])
    for path, wrong in changes(documents[kind], least=25):
        judge(documents[kind], path, wrong)


@pytest.mark.extra
@pytest.mark.parametrize("kind", KINDS)
def test_a_study_with_any_field_changed_is_shown_or_refused_in_one_line(documents, kind):
    for path, wrong in changes(documents[kind]):
        judge(documents[kind], path, wrong)


def test_a_self_test_that_can_not_be_read_breaks_no_other_report(call, made, tmp_path, quick):  # noqa: ARG001
    store = shutil.copyfile(made, tmp_path / "changed.db")
    with sqlite3.connect(store) as connection:
        connection.execute("update studies set data = json_remove(data, '$.cases[0].spread') where run = ?", RUNS[3:])
    connection.close()
    url = f"sqlite:///{store}"
    code, _, err = call("report", "--run", RUNS[3], "--store", url)
    assert (code, "cases[0]: object missing required field spread" in err, RUNS[3] in err) == (2, True, True)
    assert call("report", "--run", RUNS[0], "--store", url).code == 0


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "..", "a/b", "a\x00b", "x" * 65, "a\nb", ""])
def test_an_id_that_is_no_plain_name_is_refused_and_other_runs_are_read(call, made, tmp_path, quick, name):  # noqa: ARG001
    store = shutil.copyfile(made, tmp_path / "changed.db")
    with sqlite3.connect(store) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        for table, column in (("runs", "id"), ("cases", "run"), ("plans", "run"), ("costs", "run")):
            connection.execute(f"update {table} set {column} = ? where {column} = ?", (name, RUNS[1]))
    connection.close()
    with Store(f"sqlite:///{store}") as opened:
        assert [run.id for run in opened.runs()] == [RUNS[0], *RUNS[2:]]
        if name:
            with pytest.raises(RexbenchError, match="id: expected str"):
                opened.find_run(name)
    assert call("report", "--run", RUNS[0], "--store", f"sqlite:///{store}").code == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changed.db", "results"]
