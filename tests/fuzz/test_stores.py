"""Stores with flipped bytes, and stored documents with a value that is gone or of another kind."""

import json
from dataclasses import replace
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from mutations import edit, spoil

from analysis.published import load
from analysis.study import Study
from bench.planning.plan import Plan
from bench.records.settings import Settings
from bench.running.resume import describe_plan
from bench.store.store import Store
from reports.report import build_frames, find_report
from reports.run.data import RunData
from reports.run.frames import frame_of
from reports.run.text import render_cases

_MADE = Path(__file__).parents[1] / "reports"


def _load_builders(folder):
    """The conftest of a folder, for its builders of made-up documents."""
    spec = spec_from_file_location(f"fuzz_{folder or 'run'}", _MADE / folder / "conftest.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_RUN, _RANK, _PUBLISHED = map(_load_builders, ("", "rank", "published"))
#: The larger a study, the longer it takes to show, and the rarer it is here.
_STUDIES = (
    *[_RANK.made_trained(), _PUBLISHED.made_document()] * 6,
    *[_RANK.made_network()] * 3,
    _RANK.made_layers(),
)


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """The bytes of a store with a run of a few cases, its plan and costs, and a study."""
    path = tmp_path_factory.mktemp("store") / "x.db"
    info = _RUN.made_info()
    measurements = [replace(one, rounds=one.rounds[:2]) for one in _RUN.made_measurements()[:4]]
    with Store(f"sqlite:///{path}") as store:
        store.save_run(info)
        plan = Plan(cases=tuple(one.case for one in measurements), settings=Settings())
        store.save_plan(info.id, describe_plan(plan))
        store.save_measurements(info.id, measurements)
        store.save_cost(info.id, {"model": "rexnet_1.0", "resolution": 224, "macs": 1})
        store.save_run(replace(info, id="20260101T000000-aaaa"))
        store.save_study("20260101T000000-aaaa", Study.from_dict(_RANK.made_trained()))
    return path.read_bytes()


def _read_all(store):
    for run in store.runs():
        store.plan(run.id)
        if study := store.study(run.id):
            _show(study)
        if measurements := store.measurements(run.id):
            data = RunData(info=run, measurements=measurements, costs=store.costs(run.id), printed=load())
            frame_of(data, "cases")
            render_cases(data.result.cases)


def _show(study):
    report = find_report(study.kind)
    build_frames(study.kind, study)
    report.text(study)


def test_any_store_is_refused_in_one_line_or_read(fuzz, tmp_path, content):
    def attempt(changed):
        path = tmp_path / "x.db"
        path.write_bytes(changed)
        for name in ("x.db-journal", "x.db-wal", "x.db-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        with Store(f"sqlite:///{path}", create=False) as store:
            _read_all(store)
        return "read"

    fuzz("stores", lambda chance: edit(chance, content), attempt)


def test_any_stored_study_is_refused_in_one_line_or_shown(fuzz):
    def attempt(document):
        # As it comes from a store.
        plain = json.loads(json.dumps(document, default=str))
        _show(Study.from_dict(plain if isinstance(plain, dict) else {}))
        return "shown"

    fuzz("studies", lambda chance: spoil(chance, chance.choice(_STUDIES)), attempt)
