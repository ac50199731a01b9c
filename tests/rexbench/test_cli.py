"""The front door: exit codes, one line per error, and answers that other programs can read."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace

import pytest

from bench.planning.plan import Plan
from bench.records.case import Case
from bench.records.measurement import Measurement
from bench.records.run import RunInfo
from bench.records.settings import Settings
from bench.running.resume import describe_plan
from bench.store.store import Store
from rexbench.cli import main


def run(capsys, *words):
    """Exit code, standard output and standard error of a call."""
    code = main(words)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """No test writes into the checkout."""
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["rnu"], "unknown command 'rnu'; did you mean 'run'?"),
        (["complexity", "rexnt_1.3"], "did you mean 'rexnet_1.3'"),
        (["complexity", "rexnet_1.3", "--resolution", "7"], "resolution must be a whole number of pixels"),
        (["complexity", "rexnet_1.3", "--resolution", "big"], "see `rexbench complexity --help`"),
        (["run", "--preset", "quik"], "unknown preset 'quik'; did you mean 'quick'?"),
        (["run", "--batch-sizes", "0"], "a batch size must be at least 1, not 0"),
        (["run", "--batch-sizes", "1000000000"], "batch 1000000000 of rexnet_1.0 at 224 needs at least"),
        (["run", "--batch-sizes", "two"], "a whole number is needed, not 'two'"),
        (["run", "--models"], "--models"),
        (["run", "--force"], "--force is about going on with a run"),
        (["run", "--limit", "1e300"], "limit_s must be at most 2592000"),
        (["run", "--batch-sizes", "9" * 330], "a whole number below 2147483648 is needed"),
        (["run", "--target", "nan"], "a number is needed, not 'nan'"),
        (["run", "--store", "results.db"], "a store must be a SQLAlchemy URL"),
        (["run", "--weights", "none.pth", "--models", "rexnet_1.0"], "--weights must be a file, none.pth is none"),
        (["report"], "there is no store results/rexbench.db yet; make one with `rexbench run`"),
        (["report", "--store", "sqlite:///none.db"], "there is no store none.db yet"),
        ([], "see `rexbench --help`"),
    ],
)
def test_a_wrong_call_is_one_line_and_exit_code_2(capsys, words, line):
    code, out, err = run(capsys, *words)
    assert (code, out) == (2, "")
    assert line in err
    assert err.startswith("rexbench: ")
    assert err.count("\n") == 1


def test_a_report_folder_that_cannot_be_made_is_found_before_measuring(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, err = run(capsys, "run", "--out", str(tmp_path / "file" / "report"))
    assert code == 2
    assert "the report needs a folder it can write to" in err
    assert Store(f"sqlite:///{tmp_path}/results/rexbench.db").runs() == []


def test_complexity_answers_with_the_keys_others_rely_on(capsys):
    code, out, _ = run(capsys, "complexity", "rexnet_1.0", "--per-layer", "--json")
    document = json.loads(out)
    assert code == 0
    assert {"model", "resolution", "params", "params_folded", "macs", "layers"} <= set(document)
    assert {"layer", "kind", "params", "macs", "out_shape"} <= set(document["layers"][0])
    assert (document["macs"], document["params"]) == (398_370_392, 4_796_873)
    assert sum(layer["macs"] for layer in document["layers"]) == document["macs"]


def test_traced_complexity_is_the_same_document(capsys):
    words = ["complexity", "rexnet_1.0", "--resolution", "96", "--per-layer", "--json"]
    counted = json.loads(run(capsys, *words)[1])
    traced = json.loads(run(capsys, *words, "--trace")[1])
    assert {**counted, "uncounted": None} == {**traced, "uncounted": None}


def test_complexity_as_csv_has_one_row_a_layer(capsys):
    _, out, _ = run(capsys, "complexity", "rexnet_1.0", "--per-layer", "--csv", "-")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert sum(int(row["macs"]) for row in rows) == 398_370_392


def test_csv_without_a_file_goes_to_standard_output(capsys):
    words = ["complexity", "rexnet_1.0", "--csv"]
    assert run(capsys, *words) == run(capsys, *words, "-")


def test_json_and_csv_do_not_share_standard_output(capsys):
    code, out, err = run(capsys, "complexity", "rexnet_1.0", "--json", "--csv")
    assert (code, out) == (2, "")
    assert "give --csv a file" in err


def test_csv_into_a_folder_that_is_none_is_one_line(capsys):
    code, _, err = run(capsys, "complexity", "rexnet_1.0", "--csv", "none/rows.csv")
    assert (code, err.count("\n")) == (2, 1)
    assert "--csv needs a file it can write; none/rows.csv" in err


def test_models_lists_every_family_with_cost_and_source(capsys):
    code, out, _ = run(capsys, "models", "--json")
    rows = {row["model"]: row for row in json.loads(out)}
    assert code == 0
    assert {"rexnet_1.0", "rexnetr_1.3", "rexnet_lite_1.5", "rexnet_plain", "regnetx_3.2gf", "mobilenet_v2_1.0"} <= set(
        rows
    )
    assert rows["rexnet_1.0"]["macs_at_224"] == 398_370_392
    assert rows["rexnet_1.0"]["published_top1_percent"] == 77.9
    assert all(row["source"] for row in rows.values())


@pytest.mark.parametrize("command", ["models", "complexity", "run", "report", "doctor"])
def test_help_says_what_a_command_answers(capsys, command):
    with pytest.raises(SystemExit) as left:
        main([command, "--help"])
    assert left.value.code == 0
    assert len(capsys.readouterr().out.splitlines()) > 5


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_knows_the_commands_and_options(capsys, shell):
    with pytest.raises(SystemExit):
        main(["--print-completion", shell])
    script = capsys.readouterr().out
    assert "complexity" in script
    assert "batch-sizes" in script


def test_a_call_that_is_refused_leaves_no_store(capsys, tmp_path):
    assert run(capsys, "run", "--force")[0] == 2
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def store(tmp_path):
    store = Store(f"sqlite:///{tmp_path}/results/rexbench.db")
    yield store
    store.close()


def test_a_run_that_was_ended_before_it_stored_anything_is_not_the_latest_and_has_no_report(capsys, store):
    store.save_run(RunInfo(id="20260101T000000-aaaa", started_at="2026-01-01T00:00:00+00:00", preset="selftest"))
    code, out, err = run(capsys, "report")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "holds no run of this kind yet" in err
    code, out, err = run(capsys, "report", "--run", "aaaa")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "run 20260101T000000-aaaa (selftest) was ended before it stored anything" in err


@pytest.fixture
def planned(store):
    """A run of one case that failed, which is whole."""
    case = Case(model="rexnet_0.5", resolution=32, batch=1, backend="eager")
    info = RunInfo(id="20260101T000000-aaaa", started_at="2026-01-01T00:00:00+00:00", preset="quick", planned=1)
    store.save_run(replace(info, status="done", settings=Settings().as_dict()))
    store.save_plan(info.id, describe_plan(Plan(cases=(case,), settings=Settings())))
    store.save_measurement(info.id, Measurement(case=case, status="failed", reason="it broke"))
    return info


@pytest.mark.usefixtures("planned")
def test_a_whole_run_that_is_gone_on_with_has_the_exit_code_of_its_cases(capsys):
    code, _, err = run(capsys, "run", "--resume", "latest")
    assert code == 1
    assert "run 20260101T000000-aaaa is whole: its 1 cases are there, nothing was measured" in err


def test_a_run_that_is_stopped_before_it_begins_is_one_line(capsys, monkeypatch, tmp_path):
    def stop():
        raise KeyboardInterrupt

    monkeypatch.setattr("bench.running.session.read_environment", stop)
    code, out, err = run(capsys, "run", "--models", "rexnet_0.5", "--batch-sizes", "1")
    assert (code, out, err) == (1, "", "rexbench: stopped before it began\n")
    assert Store(f"sqlite:///{tmp_path}/results/rexbench.db").runs() == []
