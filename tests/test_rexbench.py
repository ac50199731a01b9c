"""The front door: exit codes, one line per error, and answers that other programs can read."""

from __future__ import annotations

import csv
import io
import json

import pytest

from bench.store import Store
from rexbench import main


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
        (["run", "--target", "nan"], "a number is needed, not 'nan'"),
        (["run", "--store", "results.db"], "a store is a SQLAlchemy URL"),
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
