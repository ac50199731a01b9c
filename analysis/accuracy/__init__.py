"""Top-1 and top-5 accuracy of a checkpoint on a labelled folder of images, beside what others printed.

The options and the reading of the folder import no torch; `run_evaluation` and `count_hits` do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

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

# What needs torch is imported on first use.
__getattr__, *_ = lazy_loader.attach(__name__, submod_attrs={"hits": ["Hits", "count_hits"], "run": ["run_evaluation"]})
