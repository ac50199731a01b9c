"""Files and folders that are named for an answer: written whole, or refused with everything as it was."""

import shutil
from pathlib import Path

from mutations import make_word

from reports.files.atomic import place_files
from reports.files.writable import check_writable
from rexbench.output import check_target, write_text

_NAMES = ("a", "b", "csv", "report.html", "link", "loop", "folder", "file", "..x", "x" * 255)


def _make(chance):
    names = [chance.choice((make_word(chance), chance.choice(_NAMES))) for _ in range(chance.randrange(1, 4))]
    path = "/".join(name for name in names if name != "..")
    return path, chance.random() < 0.5, make_word(chance)


_FILES = {"csv/cases.csv": "a\n\udce9", "figures/a.svg": b"<svg/>", "report.html": "<html>"}


def _read_all():
    return {str(path): path.read_bytes() for path in Path().rglob("*") if path.is_file() and not path.is_symlink()}


def test_any_place_is_refused_with_all_as_it_was_or_written_whole(fuzz, tmp_path, monkeypatch):
    def attempt(made):
        name, folder, text = made
        shutil.rmtree(tmp_path / "here", ignore_errors=True)
        (tmp_path / "here/folder/csv").mkdir(parents=True)
        monkeypatch.chdir(tmp_path / "here")
        Path("file").write_text("before")
        Path("link").symlink_to("file")
        Path("loop").symlink_to("loop")
        if name.startswith("/"):
            return "elsewhere"
        before = _read_all()
        try:
            if folder:
                check_writable(Path(name))
                assert _read_all() == before
                place_files(_FILES, (), Path(name))
                assert (Path(name) / "report.html").read_text() == "<html>"
            else:
                check_target("--csv", name)
                assert _read_all() == before
                write_text(name, text, "--csv")
        except Exception:
            assert _read_all() == before
            raise
        assert not [path for path in _read_all() if "/.re" in f"/{path}"]
        return "written"

    fuzz("files", _make, attempt)
