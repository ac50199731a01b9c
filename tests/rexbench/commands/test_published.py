"""`rexbench published` as a user calls it; counts come from a book that the tests fill with few models."""

from __future__ import annotations

import csv
import io
import json

import pytest

from analysis.published import table
from rexbench import cli
from rexbench.commands import published

HEADER = "source,locator,model,metric,value,unit,convention,conditions,note\n"
ROWS = (
    "A paper,Table 1,rexnet_1.0,flops,0.40,G,multiply-adds,224x224,\n"
    "A paper,Table 1,rexnet_1.0,params,4.9,M,,,\n"
    "A paper,Table 1,rexnet_1.0,top1,77.9,%,,,\n"
    'A paper,Table 1,rexnet_1.0,latency,47,ms,,"A processor, batch 1, 224x224",\n'
    'A paper,Table 1,rexnet_2.0,latency,69,ms,,"A processor, batch 1, 224x224",\n'
)


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A folder to call from, where the bundled list is five rows."""
    monkeypatch.chdir(tmp_path)
    bundled = tmp_path / "bundled.csv"
    bundled.write_text(HEADER + ROWS)
    monkeypatch.setattr(table, "_BUNDLED", bundled)
    return tmp_path


def call(*words):
    return cli.main(["published", "--explore", "none", "--jobs", "1", *words])


def test_every_row_is_judged_and_the_answer_ends_with_the_path_of_the_report(few, capsys):
    assert call() == 0
    lines = capsys.readouterr().out.splitlines()
    assert any("contradicted" in line and "1" in line for line in lines)
    assert any("ours is 4,796,873" in line for line in lines)
    report = few / lines[-1].removeprefix("report: ")
    assert report.is_file()
    assert report.name == "report.html"


def test_json_is_one_document_with_the_run_and_every_row(few, capsys):
    assert call("--json") == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert (few / document["report"]).is_file()
    assert document["report"] in err
    assert [row["verdict"] for row in document["rows"]] == [
        "reproduced",
        "contradicted",
        "needs data",
        "needs hardware",
        "needs hardware",
    ]
    assert document["counts"]["open"] == 0
    assert document["rows"][4]["printed_ratio"] == pytest.approx(69 / 47)


@pytest.mark.usefixtures("few")
def test_csv_has_the_rows(capsys):
    assert call("--csv") == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["printed"] for row in rows] == ["0.40", "4.9", "77.9", "47", "69"]


def test_rows_of_ones_own_are_judged_with_the_rest(few, capsys):
    mine = few / "mine.csv"
    mine.write_text(HEADER + "My blog,,rexnet_1.3,params,7.6,M,,,\n")
    assert call("--add", str(mine), "--model", "rexnet_1.3", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    (row,) = document["rows"]
    assert (row["source"], row["verdict"], row["file"], row["line"]) == ("My blog", "reproduced", str(mine), 2)
    assert sum(document["counts"].values()) == 6


def test_the_report_is_made_again_from_the_store(few, capsys):
    assert call("--json") == 0
    run = json.loads(capsys.readouterr().out)["run"]
    assert cli.main(["report", "--run", run, "--out", "again", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["run"] == run
    assert (few / "again" / "report.html").is_file()


def test_counts_are_kept_where_the_cache_is_and_nowhere_with_none(few):
    (few / "mine.csv").write_text(HEADER + "A tool's user,,rexnet_1.0,flops,0.43,G,thop,224x224,\n")
    assert call("--add", "mine.csv", "--cache", "kept") == 0
    assert [file.name.split("-")[2] for file in (few / "kept").iterdir()] == ["thop"]
    assert call("--add", "mine.csv", "--cache", "none") == 0
    assert not (few / "results" / "counts").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--add", "missing.csv"], "published numbers must be a readable UTF-8 CSV file"),
        (["--add", "."], "published numbers must be a readable UTF-8 CSV file"),
        (["--verdict", "reproduce"], "did you mean 'reproduced'"),
        (["--model", "rexnet_9.9"], "unknown model of a published number 'rexnet_9.9'"),
        (["--jobs", "0"], "--jobs must be at least 1"),
        (["--jobs", "two"], "--jobs"),
        (["--measured", "nothing"], "the store"),
        (["--explore", "resnet50"], "unknown model 'resnet50'"),
        (["--explore", "none", "rexnet_1.0"], "--explore none stands alone"),
        (["--json", "--csv", "-"], "both ask for standard output"),
    ],
)
def test_a_wrong_call_is_one_line_and_nothing_is_stored(few, capsys, words, message):
    assert cli.main(["published", "--jobs", "1", "--explore", "none", *words]) == 2
    err = capsys.readouterr().err
    assert message in err
    assert len(err.splitlines()) == 1
    assert not list((few / "results").glob("*/report.html"))


def test_a_row_that_does_not_parse_names_its_file_and_line(few, capsys):
    mine = few / "mine.csv"
    mine.write_text(HEADER + "My blog,,rexnet_1.3,params,7.6,M,,,\nMy blog,,rexnet_1.3,params,many,M,,,\n")
    assert call("--add", str(mine)) == 2
    assert "mine.csv:3: value must be a positive number such as 0.40, got 'many'" in capsys.readouterr().err


def test_the_explorer_may_hold_every_published_model():
    assert published._explored(["all"], {"rexnet_1.0", "resnet50"}) == ("rexnet_1.0",)
    assert published._explored(["rexnet_1.3", "rexnet_1.3"], set()) == ("rexnet_1.3",)
