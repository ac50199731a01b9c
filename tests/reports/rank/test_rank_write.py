from __future__ import annotations

import errno
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from reports.rank import columns, write_rank_report
from rexnet_core.errors import InputError

EMPTY = {"format": 1, "kind": "trained"}


@pytest.fixture(scope="module")
def written(trained: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_rank_report(trained, tmp_path_factory.mktemp("out") / "deep" / "study").parent


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_page_document_tables_and_figures_are_written_and_nothing_else(written: Path) -> None:
    drawn = json.loads((written / "csv/manifest.json").read_text())["figures"]
    assert files_of(written) == {
        "report.html",
        "result.json",
        "csv/manifest.json",
        *(f"csv/{name}.csv" for name in columns.TABLES["trained"]),
        *(f"figures/{name}.{ending}" for name in drawn for ending in ("svg", "png")),
    }
    assert len(drawn) == 4


def test_the_document_is_kept_whole(written: Path, trained: dict[str, Any]) -> None:
    assert json.loads((written / "result.json").read_text()) == trained


def test_tables_read_back_as_the_manifest_says(written: Path) -> None:
    manifest = json.loads((written / "csv/manifest.json").read_text())
    assert (manifest["format"], manifest["format_version"], manifest["kind"]) == ("rexbench-rank-csv", 1, "trained")
    for name, described in manifest["files"].items():
        frame = pd.read_csv(written / "csv" / name)
        assert list(frame.columns) == [column["name"] for column in described["columns"]]
        assert len(frame) == described["rows"]
        assert all(column["meaning"] for column in described["columns"])


def test_whole_numbers_are_whole_and_missing_ones_empty(written: Path) -> None:
    runs = pd.read_csv(written / "csv/runs.csv", keep_default_na=False, dtype=str)
    assert runs["macs"].tolist()[0] == "1000000"
    assert runs[runs["status"] != "ok"]["accuracy"].tolist() == [""]


def test_a_figure_of_an_earlier_report_goes_and_others_stay(written: Path, tmp_path: Path) -> None:
    for name in ("csv", "figures"):
        (tmp_path / name).mkdir()
        for path in (written / name).iterdir():
            (tmp_path / name / path.name).write_bytes(path.read_bytes())
    (tmp_path / "figures/mine.svg").write_text("kept")
    write_rank_report(EMPTY, tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.svg"]


def test_a_report_of_another_kind_leaves_no_tables_behind(tmp_path: Path) -> None:
    write_rank_report({"format": 1, "kind": "layers"}, tmp_path)
    write_rank_report(EMPTY, tmp_path)
    assert {path.stem for path in (tmp_path / "csv").iterdir()} == {"manifest", *columns.TABLES["trained"]}


def test_a_manifest_that_names_files_elsewhere_removes_none(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    (folder / "csv").mkdir(parents=True)
    (tmp_path / "precious.csv").write_text("kept")
    (folder / "csv/manifest.json").write_text('{"files": {"../../precious.csv": {}}, "figures": ["../../precious"]}')
    write_rank_report(EMPTY, folder)
    assert (tmp_path / "precious.csv").read_text() == "kept"


@pytest.mark.parametrize("text", ["[]", "{", '{"files": 3, "figures": null}', '{"files": {}, "figures": [3]}'])
def test_a_manifest_that_is_none_is_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv/manifest.json").write_text(text)
    write_rank_report(EMPTY, tmp_path)
    assert json.loads((tmp_path / "csv/manifest.json").read_text())["kind"] == "trained"


def test_a_full_disk_leaves_the_old_report_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "report.html").write_text("old")
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="gave No space left on device"):
        write_rank_report(EMPTY, tmp_path)
    assert files_of(tmp_path) == {"report.html"}
    assert (tmp_path / "report.html").read_text() == "old"


def test_an_unknown_kind_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="got 'speed'"):
        write_rank_report({"format": 1, "kind": "speed"}, tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_rank_reports_are_drawn_without_torch() -> None:
    code = "import sys; sys.modules['torch'] = None; import reports.rank"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=Path.cwd())
    assert done.returncode == 0, done.stderr
