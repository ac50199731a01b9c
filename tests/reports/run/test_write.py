from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from reports.run import columns, figures
from reports.run.write import write_report
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from reports.run.data import RunData


@pytest.fixture(scope="module")
def written(run: RunData, top1: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(run, tmp_path_factory.mktemp("out") / "deep" / "run", top1).parent


def test_page_tables_and_figures_are_written_and_nothing_else(written: Path) -> None:
    found = {str(path.relative_to(written)) for path in written.rglob("*") if path.is_file()}
    drawn = {f"figures/{name}.{ending}" for name in figures.NAMES for ending in ("svg", "png")}
    assert found == {"report.html", "csv/manifest.json", *(f"csv/{name}.csv" for name in columns.TABLES), *drawn}


def test_tables_read_back_as_the_manifest_says(written: Path) -> None:
    manifest = json.loads((written / "csv/manifest.json").read_text())
    assert (manifest["format"], manifest["format_version"]) == ("rexbench-csv", 1)
    for name, described in manifest["files"].items():
        frame = pd.read_csv(written / "csv" / name)
        assert list(frame.columns) == [column["name"] for column in described["columns"]]
        assert len(frame) == described["rows"]
        assert all(column["meaning"] for column in described["columns"])


def test_whole_numbers_are_written_whole(written: Path) -> None:
    lines = (written / "csv/cases.csv").read_text().splitlines()
    assert ",617000000," in lines[1]


def test_missing_is_empty_in_the_tables(written: Path) -> None:
    cases = pd.read_csv(written / "csv/cases.csv", keep_default_na=False)
    assert cases[cases["status"] == "failed"]["latency_s"].tolist() == [""]


def test_the_page_names_its_format(written: Path) -> None:
    assert '<meta name="rexbench-report-format" content="1">' in (written / "report.html").read_text()


def test_a_report_of_nothing_is_still_a_report(empty_run: RunData, tmp_path: Path) -> None:
    page = write_report(empty_run, tmp_path)
    assert page == tmp_path / "report.html"
    assert "Nothing was measured" in page.read_text()
    assert not (tmp_path / "figures").exists()


def test_a_figure_that_is_no_longer_drawn_goes(empty_run: RunData, tmp_path: Path) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures/latency.svg").write_text("old")
    (tmp_path / "figures/mine.svg").write_text("kept")
    write_report(empty_run, tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.svg"]


def test_a_folder_that_is_a_file_gives_one_clear_line(empty_run: RunData, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"must be writable and have room: '.*file/out' gave Not a directory; name"):
        write_report(empty_run, tmp_path / "file" / "out")


def test_a_full_disk_leaves_the_old_report_as_it_was(
    empty_run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.html").write_text("old")
    real = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match="gave No space left on device"):
        write_report(empty_run, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "old"
