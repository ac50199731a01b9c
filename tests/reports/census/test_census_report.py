"""What a report of a census says beyond what every report does."""

from analysis.study import Study
from reports.report import build_frames, find_report, write_report


def test_the_text_counts_statuses_and_says_why(studies):
    text = find_report("census").text(studies["census"])
    assert text.splitlines()[0] == (
        "4 of 5 models were checked, 1 of them at their own side instead of 64 px; 3 could be counted. "
        "GMACs that timm's tables print: 1 reproduced."
    )
    assert "eager      2         .       1            1            ." in text
    assert "eager failed (1): output # of # has NaN values, # of all\n  timm:resnet34" in text
    assert "timm:vit was checked at 224; at 64 px: Input height (64) doesn't match model (224)" in text


def test_reasons_that_differ_in_numbers_alone_are_one(studies):
    study = studies["census"]
    rows = [{**row, "backend": "eager"} for row in study.payload["rows"] if row["status"] == "failed"]
    reasons = build_frames("census", Study(kind="census", payload={"rows": rows}))["reasons"]
    assert reasons[["kind", "models"]].to_numpy().tolist() == [["output # of # has NaN values, # of all", 2]]


def test_families_are_counted_by_backend(studies):
    families = build_frames("census", studies["census"])["families"].set_index(["family", "backend"])
    assert families.loc[("resnet", "eager"), ["models", "ok", "failed"]].tolist() == [2, 1, 1]
    assert families.loc[("vit", "openvino"), "mismatch"] == 1


def test_the_page_escapes_reasons_and_says_that_it_was_stopped(studies, tmp_path):
    page = write_report("census", studies["census"], tmp_path).read_text()
    assert "onload=alert" in page
    assert "<b onload" not in page
    assert "the same call with --resume does the rest" in page
