"""`rexbench published` as a user calls it; counts come from a book that the tests fill with few models."""

import json

import pytest

from analysis.published import table
from rexbench.commands import published

HEADER = "source,locator,model,metric,value,unit,convention,conditions,note\n"
ROWS = (
    "A paper,Table 1,rexnet_1.0,flops,0.40,G,multiply-adds,224x224,\n"
    "A paper,Table 1,rexnet_1.0,params,4.9,M,,,\n"
    "A paper,Table 1,rexnet_1.0,top1,77.9,%,,,\n"
    'A paper,Table 1,rexnet_1.0,latency,47,ms,,"A processor, batch 1, 224x224",\n'
    'A paper,Table 1,rexnet_2.0,latency,69,ms,,"A processor, batch 1, 224x224",\n'
)


PUBLISHED = "published --explore none --jobs 1"


@pytest.fixture
def few(tmp_path, monkeypatch):
    """A folder to call from, where the bundled list is five rows."""
    bundled = tmp_path / "bundled.csv"
    bundled.write_text(HEADER + ROWS)
    monkeypatch.setattr(table, "_BUNDLED", bundled)
    return tmp_path


def test_every_row_is_judged_and_the_answer_ends_with_the_path_of_the_report(few, call):
    answer = call(PUBLISHED)
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert any("contradicted" in line and "1" in line for line in lines)
    assert any("ours is 4,796,873" in line for line in lines)
    report = few / lines[-1].removeprefix("report: ")
    assert report.is_file()
    assert report.name == "report.html"


def test_json_is_one_document_with_the_run_and_every_row(few, call):
    code, out, err = call(PUBLISHED, "--json")
    assert code == 0
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
def test_csv_has_the_rows(call):
    rows = call(PUBLISHED, "--csv").rows
    assert [row["printed"] for row in rows] == ["0.40", "4.9", "77.9", "47", "69"]


def test_rows_of_ones_own_are_judged_with_the_rest(few, call):
    mine = few / "mine.csv"
    mine.write_text(HEADER + "My blog,,rexnet_1.3,params,7.6,M,,,\n")
    document = call(PUBLISHED, "--add", mine, "--model rexnet_1.3 --json").document
    (row,) = document["rows"]
    assert (row["source"], row["verdict"], row["file"], row["line"]) == ("My blog", "reproduced", str(mine), 2)
    assert sum(document["counts"].values()) == 6


def test_the_report_is_made_again_from_the_store(few, call):
    run = call(PUBLISHED, "--json").document["run"]
    assert call("report --run", run, "--out again --json").document["run"] == run
    assert (few / "again" / "report.html").is_file()


def test_counts_are_kept_where_the_cache_is_and_nowhere_with_none(few, call):
    (few / "mine.csv").write_text(HEADER + "A tool's user,,rexnet_1.0,flops,0.43,G,thop,224x224,\n")
    assert call(PUBLISHED, "--add mine.csv --cache kept").code == 0
    assert [file.name.split("-")[2] for file in (few / "kept").iterdir()] == ["thop"]
    assert call(PUBLISHED, "--add mine.csv --cache none").code == 0
    assert not (few / "results" / "counts").exists()


def test_a_row_that_does_not_parse_names_its_file_and_line(few, call):
    mine = few / "mine.csv"
    mine.write_text(HEADER + "My blog,,rexnet_1.3,params,7.6,M,,,\nMy blog,,rexnet_1.3,params,many,M,,,\n")
    answer = call(PUBLISHED, "--add", mine)
    assert answer.code == 2
    assert "mine.csv:3: value must be a positive number such as 0.40, got 'many'" in answer.err


def test_the_explorer_may_hold_every_published_model():
    assert published._explored(["all"], {"rexnet_1.0", "resnet50"}) == ("rexnet_1.0",)
    assert published._explored(["rexnet_1.3", "rexnet_1.3"], set()) == ("rexnet_1.3",)
