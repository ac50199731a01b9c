"""Top-1 and top-5 accuracy of a checkpoint on a labelled folder of images, beside what others printed.

The options and the reading of the folder import no torch; `run_evaluation` and `count_hits` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analysis.accuracy.folder import LabelledFolder, LabelledImage, read_folder
from analysis.accuracy.setting import EvaluationSetting

if TYPE_CHECKING:
    from analysis.accuracy.hits import Hits, count_hits
    from analysis.accuracy.run import run_evaluation

__all__ = [
    "EvaluationSetting",
    "Hits",
    "LabelledFolder",
    "LabelledImage",
    "count_hits",
    "read_folder",
    "run_evaluation",
]

_HOMES = {"Hits": "hits", "count_hits": "hits", "run_evaluation": "run"}


def __getattr__(name: str) -> Any:
    """The public name `name`, imported from its home on first use."""
    import importlib  # noqa: PLC0415 - only needed on the lazy path

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"analysis.accuracy.{_HOMES[name]}"), name)
