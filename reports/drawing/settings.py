"""What decides how matplotlib draws: its own defaults and ours, never the settings of whoever calls."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_SETTINGS: dict[str, Any] = {
    "svg.hashsalt": "rexbench",  # ids in the file do not change from run to run
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "font.family": ["DejaVu Sans"],  # comes with matplotlib, so that every machine draws the same
    "hatch.linewidth": 0.6,  # fine enough that a narrow part still shows its hatching
    "text.hinting": "none",  # a long label is as wide in the file as where its place was found, at another resolution
}


def import_matplotlib() -> None:
    """Import matplotlib, if nobody has yet, with a backend and settings that no user has chosen.

    A notebook names its own backend to all that it starts, and a ``matplotlibrc`` in the working folder, which
    matplotlib reads before any other, may be no text at all.
    """
    if "matplotlib" in sys.modules:
        return
    spec = find_spec("matplotlib")
    assert spec is not None, "a dependency is installed"
    assert spec.origin is not None, "it is a package with a file"
    backend = os.environ.get("MPLBACKEND")
    here = os.open(".", os.O_RDONLY)
    try:
        os.environ["MPLBACKEND"] = "agg"
        os.chdir(Path(spec.origin).parent / "mpl-data")
        import_module("matplotlib")
    finally:
        os.fchdir(here)
        os.close(here)
        del os.environ["MPLBACKEND"]
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


@contextmanager
def drawing() -> Iterator[None]:
    """The settings for everything drawn within; those of the caller are back afterwards."""
    import matplotlib as mpl  # noqa: PLC0415 - it takes a second

    # The backend is no setting of a drawing, and matplotlib does not put it back either.
    settings: Any = {name: value for name, value in mpl.rcParamsDefault.items() if name != "backend"} | _SETTINGS
    with mpl.rc_context(settings):
        yield
