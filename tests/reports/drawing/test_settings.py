"""The settings of whoever calls neither break nor change a figure.

Of the same kind: a backend that is not installed, a ``matplotlibrc`` in the working folder or named by a variable, one
that is no text, settings made in Python before the call; text, colours, sizes, file formats and what is saved.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure as Drawing

from reports.drawing.figure import Figure, draw
from reports.report import write_report

ROOT = Path(__file__).parents[3]
HOSTILE = {
    "text.usetex": True,
    "svg.fonttype": "none",
    "font.size": 23,
    "font.family": "serif",
    "axes.facecolor": "black",
    "figure.facecolor": "black",
    "text.color": "white",
    "axes.prop_cycle": "cycler('color', ['ff0000'])",
    "savefig.transparent": True,
    "savefig.bbox": "tight",
    "savefig.pad_inches": 3,
    "lines.linewidth": 9,
    "axes.formatter.use_locale": True,
    "path.sketch": "1, 100, 2",
}
PROGRAM = """
import json, os, sys
from pathlib import Path
from analysis.study import Study
from reports.report import write_report
before = dict(os.environ)
write_report("trained", Study.from_dict(json.loads(Path(sys.argv[1]).read_text())), Path(sys.argv[2]))
assert dict(os.environ) == before
"""


def digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("figures/*")}


@pytest.fixture(scope="module")
def plain(studies: dict[str, Any], tmp_path_factory: Any) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("plain")
    write_report("trained", studies["trained"], folder)
    return digests(folder)


@pytest.mark.parametrize("content", ["\n".join(f"{key}: {value}" for key, value in HOSTILE.items()), "\x00\udce9"])
def test_settings_in_files_and_variables_are_not_read(
    studies: dict[str, Any], plain: dict[str, str], tmp_path: Path, content: str
) -> None:
    (tmp_path / "matplotlibrc").write_bytes(content.encode(errors="surrogateescape"))
    (tmp_path / "study.json").write_text(json.dumps(studies["trained"].as_dict()))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, "study.json", "out"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "module://of_a_notebook"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert digests(tmp_path / "out") == plain


def test_settings_made_in_python_are_neither_used_nor_lost(
    studies: dict[str, Any], plain: dict[str, str], tmp_path: Path
) -> None:
    with mpl.rc_context(HOSTILE):
        before = dict(mpl.rcParams)
        write_report("trained", studies["trained"], tmp_path)
        assert dict(mpl.rcParams) == before
    assert digests(tmp_path) == plain


def test_a_figure_stays_a_picture_whatever_its_labels_hold() -> None:
    drawing = Drawing()
    drawing.text(0.5, 0.5, "a\x1b[31m\0\udce9\u202eb\n$x")
    figure = Figure(name="labels", title="Labels", caption="Any.", needs="nothing", plot=lambda: drawing)
    [picture] = draw([figure])
    assert b"a\\x1b[31m\\x00\\udce9\\u202eb" in picture.svg
    assert replace(picture, svg=b"", png=b"").name == "labels"
