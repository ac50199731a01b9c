"""What holds for every report that has a page: files, tables, figures, the page itself, and what is refused."""

from __future__ import annotations

import errno
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pandas as pd
import pytest
from page_elements import Elements

from analysis.study import Study
from bench.records.run import RunInfo
from bench.store.store import Store
from reports.drawing.figure import draw
from reports.files.atomic import place_files
from reports.report import REPORTS, build_frames, find_report, write_report
from rexnet_core.errors import InputError

ROOT = Path(__file__).parents[2]
KINDS = [kind for kind in REPORTS if find_report(kind).page]
ENDINGS = ("svg", "png")

each_kind = pytest.mark.parametrize("kind", KINDS)


def files_in(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module", params=KINDS)
def written(request: pytest.FixtureRequest, studies: dict[str, Any], tmp_path_factory: Any) -> tuple[str, Path]:
    kind = request.param
    page = write_report(kind, studies[kind], tmp_path_factory.mktemp("out") / "deep" / kind, run="a run")
    return kind, page.parent


def test_page_tables_figures_and_study_are_written_and_nothing_else(
    written: tuple[str, Path], studies: dict[str, Any]
) -> None:
    kind, folder = written
    report = find_report(kind)
    figures = [figure.name for figure in report.figures(studies[kind], build_frames(kind, studies[kind]))]
    files = files_in(folder)
    assert set(files) == {
        "report.html",
        "csv/manifest.json",
        *(f"csv/{name}.csv" for name in report.columns),
        *(f"figures/{name}.{ending}" for name in figures for ending in ENDINGS),
        *([] if kind == "run" else ["result.json"]),
    }
    if kind != "run":
        assert Study.from_dict(json.loads(files["result.json"])).as_dict() == studies[kind].as_dict()


@each_kind
def test_every_table_has_its_columns_even_without_rows(
    studies: dict[str, Any], empty_studies: dict[str, Any], kind: str
) -> None:
    for study in (studies[kind], empty_studies[kind]):
        frames = build_frames(kind, study)
        tables = find_report(kind).columns
        assert list(frames) == list(tables)
        for name, frame in frames.items():
            known = [column for column in tables[name] if "*" not in column]
            assert list(frame.columns)[: len(known)] == known
            assert len(frame) or study is empty_studies[kind], name


def test_tables_read_back_as_the_manifest_says(written: tuple[str, Path]) -> None:
    kind, folder = written
    manifest = json.loads((folder / "csv/manifest.json").read_text())
    head = {name: manifest[name] for name in ("format", "format_version", "kind", "run")}
    assert head == {"format": "rexbench-csv", "format_version": 1, "kind": kind, "run": "a run"}
    for name, described in manifest["files"].items():
        frame = pd.read_csv(folder / "csv" / name, low_memory=False)
        assert list(frame.columns) == [column["name"] for column in described["columns"]]
        assert len(frame) == described["rows"]
        assert all(column["meaning"] for column in described["columns"])
        for column in described["columns"]:
            if column["kind"] == "whole":
                assert (frame[column["name"]].dropna() % 1 == 0).all()


def test_whole_numbers_are_written_whole_even_where_some_are_missing(written: tuple[str, Path]) -> None:
    kind, folder = written
    for name, table in find_report(kind).columns.items():
        cells = pd.read_csv(folder / f"csv/{name}.csv", keep_default_na=False, dtype=str, low_memory=False)
        for column, described in table.items():
            if described.kind == "whole":
                assert not cells[column].str.contains(r"\.").any(), (name, column)


def test_figures_are_svg_and_png_and_fetch_nothing(written: tuple[str, Path]) -> None:
    _, folder = written
    for path in (folder / "figures").iterdir():
        if path.suffix == ".png":
            assert path.read_bytes().startswith(b"\x89PNG")
        else:
            root = ET.fromstring(path.read_bytes())
            assert root.tag.endswith("svg")
            links = (item for element in root.iter() for item in element.attrib.items() if item[0].endswith("href"))
            assert all(value.startswith(("#", "data:")) for _, value in links)


def test_the_page_fetches_nothing_from_outside(written: tuple[str, Path]) -> None:
    page = (written[1] / "report.html").read_text()
    for tag, attributes in Elements(page).tags:
        for name in ("src", "href", "srcset", "data", "action", "poster"):
            value = attributes.get(name) or ""
            assert value == "" or value.startswith(("#", "data:")), (tag, name, value)
    assert not re.search(r"https?://|@import|url\(", page)
    [policy] = [a["content"] for _, a in Elements(page).tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in (policy or "")
    assert "connect-src" not in (policy or "")


def test_the_page_names_its_format_and_kind_and_links_find_their_sections(written: tuple[str, Path]) -> None:
    kind, folder = written
    page = (folder / "report.html").read_text()
    assert '<meta name="rexbench-report-format" content="1">' in page
    assert f'<meta name="rexbench-report-kind" content="{kind}">' in page
    elements = Elements(page).tags
    ids = [a["id"] for _, a in elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert {(a["href"] or "")[1:] for tag, a in elements if tag == "a"} <= set(ids)


def test_figures_are_in_the_page_as_data(written: tuple[str, Path]) -> None:
    images = [a for tag, a in Elements((written[1] / "report.html").read_text()).tags if tag == "img"]
    assert len(images) == len(list((written[1] / "figures").glob("*.svg")))
    assert all((a["src"] or "").startswith("data:image/svg+xml;base64,") and a["alt"] for a in images)


def test_every_table_is_whole_without_scripts(written: tuple[str, Path]) -> None:
    page = re.sub(r"<script.*?</script>", "", (written[1] / "report.html").read_text(), flags=re.DOTALL)
    tables = re.findall(r'<table id="table_\w+" class="sortable">.*?</table>', page, re.DOTALL)
    assert tables
    for table in tables:
        rows = table.count("<tr>")
        assert rows > 1
        assert table.count("<td") == (rows - 1) * len(re.findall(r"<th\b", table))
    assert not re.search(r"hidden|Loading", " ".join(tables))


@pytest.mark.parametrize("kind", ["run", "published", "trained"])
def test_the_same_study_gives_the_same_bytes(studies: dict[str, Any], tmp_path: Path, kind: str) -> None:
    study, before = studies[kind], dict(mpl.rcParams)
    if kind == "run":
        study = replace(study, measurements=study.measurements[:6])
    for name in ("one", "two"):
        write_report(kind, study, tmp_path / name)
    assert files_in(tmp_path / "one") == files_in(tmp_path / "two")
    assert dict(mpl.rcParams) == before


def test_a_path_that_is_no_text_is_spelled_out_in_every_file(studies: dict[str, Any], tmp_path: Path) -> None:
    study = studies["trained"]
    study = replace(study, settings={**study.settings, "folder": "caf\udce9\x1b[31m"})
    with Store(f"sqlite:///{tmp_path}/x.db") as store:
        store.save_run(RunInfo(id="a", started_at="2026-01-01T00:00:00+00:00", preset="rank trained"))
        store.save_study("a", study)
        kept = store.study("a")
    assert kept == study
    write_report("trained", kept, tmp_path / "out")
    texts = {name: content.decode() for name, content in files_in(tmp_path / "out").items() if name[-3:] != "png"}
    assert "caf\\\\udce9" in texts["result.json"]
    assert json.loads(texts["result.json"])["setting"]["folder"] == "caf\\udce9\x1b[31m"


@each_kind
def test_a_study_of_nothing_is_a_report_that_says_so(empty_studies: dict[str, Any], tmp_path: Path, kind: str) -> None:
    page = write_report(kind, empty_studies[kind], tmp_path)
    assert page == tmp_path / "report.html"
    html = page.read_text()
    assert "Left out: " in html
    assert "<img" not in html
    assert not (tmp_path / "figures").exists()


@each_kind
@pytest.mark.parametrize("full", [True, False])
def test_every_figure_has_a_caption_and_a_reason_to_be_left_out(
    studies: dict[str, Any], empty_studies: dict[str, Any], kind: str, *, full: bool
) -> None:
    study = (studies if full else empty_studies)[kind]
    figures = list(find_report(kind).figures(study, build_frames(kind, study)))
    assert len({figure.name for figure in figures}) == len(figures) > 0
    captions = [figure.caption for figure in figures]
    assert [text for text in captions if not text.endswith(".") or "  " in text or text != text.strip()] == []
    # The page says "because ... ." around these.
    assert [figure.needs for figure in figures if not figure.needs or figure.needs.endswith(".")] == []
    if not full:
        assert all(picture.reason and not picture.svg for picture in draw(figures))


@each_kind
def test_files_of_an_earlier_report_go_and_those_of_others_stay(
    empty_studies: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    for folder in ("csv", "figures"):
        (tmp_path / folder).mkdir()
    for name in ("csv/old.csv", "csv/mine.csv", "figures/old.svg", "figures/mine.svg"):
        (tmp_path / name).write_text("before")
    (tmp_path / "csv/manifest.json").write_text('{"files": {"old.csv": {}}, "figures": ["old"]}')
    write_report(kind, empty_studies[kind], tmp_path)
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.svg"]
    assert {path.stem for path in (tmp_path / "csv").iterdir()} == {"manifest", "mine", *find_report(kind).columns}


@each_kind
def test_a_figure_that_is_no_longer_drawn_goes_without_a_manifest(
    studies: dict[str, Any], empty_studies: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    figures = find_report(kind).figures(studies[kind], build_frames(kind, empty_studies[kind]))
    name = next(iter(figures)).name
    (tmp_path / "figures").mkdir()
    (tmp_path / f"figures/{name}.svg").write_text("old")
    write_report(kind, empty_studies[kind], tmp_path)
    assert list((tmp_path / "figures").iterdir()) == []


@each_kind
def test_a_manifest_that_names_files_elsewhere_removes_none(
    empty_studies: dict[str, Any], tmp_path: Path, kind: str
) -> None:
    folder = tmp_path / "report"
    (folder / "csv").mkdir(parents=True)
    (tmp_path / "precious.csv").write_text("kept")
    (folder / "csv/manifest.json").write_text('{"files": {"../../precious.csv": {}}, "figures": ["../../precious"]}')
    write_report(kind, empty_studies[kind], folder)
    assert (tmp_path / "precious.csv").read_text() == "kept"


@pytest.mark.parametrize("text", ["[]", "{", '{"files": 3, "figures": null}', '{"files": {}, "figures": [3]}'])
def test_a_broken_manifest_is_replaced(empty_studies: dict[str, Any], tmp_path: Path, text: str) -> None:
    (tmp_path / "csv").mkdir()
    (tmp_path / "csv/manifest.json").write_text(text)
    write_report("trained", empty_studies["trained"], tmp_path)
    assert json.loads((tmp_path / "csv/manifest.json").read_text())["kind"] == "trained"


@each_kind
def test_a_full_disk_leaves_the_old_report_as_it_was(
    empty_studies: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    (tmp_path / "report.html").write_text("old")
    real = Path.write_bytes

    def fail(path: Path, data: bytes) -> int:
        if path.name == "manifest.json":
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(path, data)

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(InputError, match="device; name"):
        write_report(kind, empty_studies[kind], tmp_path)
    monkeypatch.undo()
    assert files_in(tmp_path) == {"report.html": b"old"}


@each_kind
def test_a_folder_that_is_a_file_gives_one_clear_line(empty_studies: dict[str, Any], tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"must be writable and have room; .*file/out: Not a directory; name"):
        write_report(kind, empty_studies[kind], tmp_path / "file" / "out")


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "run"])
@pytest.mark.parametrize(
    ("changes", "message"),
    [({"kind": "speed"}, "got 'speed'"), ({"format_version": 2}, "up to format 1 can be read; got 2; update rexbench")],
)
def test_a_study_that_can_not_be_read_writes_nothing(
    tmp_path: Path, kind: str, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        write_report(kind, replace(Study(kind=kind, payload={}), **changes), tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_an_unknown_kind_is_refused_in_a_line() -> None:
    with pytest.raises(InputError, match=r"a report must be of kind run, .*; got 'speed'; update rexbench"):
        find_report("speed")


def test_every_report_lives_without_torch(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = sys.modules['openvino'] = None\n"
        "import reports\nfrom pathlib import Path\n"
        "assert 'pandas' not in sys.modules\n"
        "from analysis.study import Study\n"
        "from reports.report import REPORTS, find_report, write_report\n"
        "for kind in REPORTS:\n"
        "    if find_report(kind).page and kind != 'run':\n"
        "        study = Study(kind=kind, payload={})\n"
        f"        write_report(kind, study, Path({str(tmp_path)!r}) / kind)\n"
        "        find_report(kind).text(study)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", ["../x", "/x", "a/../../x", "figures/a/b", "figures/a\0b", ""])
def test_no_file_of_a_report_lies_outside_of_its_folder(tmp_path: Path, name: str) -> None:
    """A figure may be named after what is in a store, and a manifest lists what an earlier report left."""
    for files, stale in (({name: b"x"}, []), ({}, [name])):
        with pytest.raises(InputError, match="files of a report must lie in its folder"):
            place_files(files, stale, tmp_path / "report")
    assert list(tmp_path.iterdir()) == []
