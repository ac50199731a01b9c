from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.published import columns, write_published_report
from rexnet_core.errors import InputError


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def written(document: dict[str, Any], tmp_path: Path) -> Path:
    return write_published_report(document, tmp_path / "deep" / "report").parent


def test_page_document_tables_and_figures_are_written_and_nothing_else(written: Path) -> None:
    drawn = ("published_conventions", "published_differences")
    assert files_of(written) == {
        "report.html",
        "result.json",
        "csv/manifest.json",
        *(f"csv/{name}.csv" for name in columns.TABLES),
        *(f"figures/{name}.{ending}" for name in drawn for ending in ("svg", "png")),
    }


def test_the_document_is_kept_whole(written: Path, document: dict[str, Any]) -> None:
    assert json.loads((written / "result.json").read_text()) == document


def test_tables_read_back_as_the_manifest_says(written: Path) -> None:
    manifest = json.loads((written / "csv/manifest.json").read_text())
    assert (manifest["format"], manifest["format_version"]) == ("rexbench-published-csv", 1)
    for name, described in manifest["files"].items():
        frame = pd.read_csv(written / "csv" / name)
        assert list(frame.columns) == [column["name"] for column in described["columns"]]
        assert len(frame) == described["rows"]
        assert all(column["meaning"] for column in described["columns"])


def test_whole_numbers_are_whole_digits_are_kept_and_missing_ones_empty(written: Path) -> None:
    rows = pd.read_csv(written / "csv/rows.csv", keep_default_na=False, dtype=str)
    assert rows["ours"].tolist() == ["398370392", "4796873", "19417552", "", ""]
    assert rows["printed"].tolist()[0] == "0.40"


def test_a_figure_of_an_earlier_report_goes_and_others_stay(written: Path, nothing: dict[str, Any]) -> None:
    (written / "figures/mine.svg").write_text("kept")
    write_published_report(nothing, written)
    assert [path.name for path in (written / "figures").iterdir()] == ["mine.svg"]


def test_a_manifest_that_names_files_elsewhere_removes_none(nothing: dict[str, Any], tmp_path: Path) -> None:
    folder = tmp_path / "report"
    (folder / "csv").mkdir(parents=True)
    (tmp_path / "precious.csv").write_text("kept")
    (folder / "csv/manifest.json").write_text('{"files": {"../../precious.csv": {}}, "figures": ["../../precious"]}')
    write_published_report(nothing, folder)
    assert (tmp_path / "precious.csv").read_text() == "kept"


def test_a_full_disk_leaves_the_old_report_as_it_was(
    nothing: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="gave No space left on device"):
        write_published_report(nothing, tmp_path)
    assert files_of(tmp_path) == {"report.html"}
    assert (tmp_path / "report.html").read_text() == "old"


def test_another_document_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 'speed'"):
        write_published_report({"format_version": 1, "kind": "speed"}, tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_free_text_stays_as_it_is_and_the_manifest_says_so(document: dict[str, Any], tmp_path: Path) -> None:
    document["rows"][0]["note"] = "=1+1"
    folder = write_published_report(document, tmp_path).parent
    assert pd.read_csv(folder / "csv/rows.csv")["note"].tolist()[0] == "=1+1"
    described = json.loads((folder / "csv/manifest.json").read_text())["files"]["rows.csv"]["columns"]
    warned = [column["name"] for column in described if "formula" in column["meaning"]]
    assert warned == ["source", "locator", "stated_convention", "conditions", "note"]
