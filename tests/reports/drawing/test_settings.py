"""The settings of whoever calls neither break nor change a figure.

Of the same kind: a backend that is not installed, a ``matplotlibrc`` in the working folder or named by a variable, one
that is no text, settings made in Python before the call; text, colours, sizes, file formats and what is saved.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure as Drawing

from reports.drawing.figure import Figure, draw

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
import hashlib, os
from reports.report import find_report
before = dict(os.environ)
find_report("trained")
from reports.drawing import style
from reports.drawing.figure import Figure, draw
def plot():
    figure, [axes] = style.new_figure(1, 1, entries=1)
    [line] = axes.plot([1, 2, 3], [4, 1, 9], label="a line")
    axes.set(title="Title $x", xlabel="x", ylabel="y")
    return style.finish(figure, "conditions", [line])
[picture] = draw([Figure(name="a", title="A", caption="Any.", needs="nothing", plot=plot)])
assert dict(os.environ) == before
print(hashlib.sha256(picture.svg + picture.png).hexdigest())
"""


def read_digest(folder: Path, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def plain(tmp_path_factory: Any) -> str:
    return read_digest(tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("content", ["\n".join(f"{key}: {value}" for key, value in HOSTILE.items()), "\x00\udce9"])
def test_settings_in_files_and_variables_are_not_read(plain: str, tmp_path: Path, content: str) -> None:
    (tmp_path / "matplotlibrc").write_bytes(content.encode(errors="surrogateescape"))
    rc = str(tmp_path / "matplotlibrc")
    assert read_digest(tmp_path, MPLBACKEND="module://of_a_notebook", MATPLOTLIBRC=rc) == plain


def test_settings_made_in_python_are_neither_used_nor_lost(plain: str, capsys: Any) -> None:
    with mpl.rc_context(HOSTILE):
        before = dict(mpl.rcParams)
        exec(PROGRAM, {})
        assert dict(mpl.rcParams) == before
    assert capsys.readouterr().out == plain


def test_a_figure_stays_a_picture_whatever_its_labels_hold() -> None:
    drawing = Drawing()
    drawing.text(0.5, 0.5, "a\x1b[31m\0\udce9\u202eb\n$x")
    figure = Figure(name="labels", title="Labels", caption="Any.", needs="nothing", plot=lambda: drawing)
    [picture] = draw([figure])
    assert b"a\\x1b[31m\\x00\\udce9\\u202eb" in picture.svg
    ET.fromstring(picture.svg)
