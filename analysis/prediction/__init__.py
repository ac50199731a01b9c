"""The classes that a classifier sees in pictures, and the features that it sees them by.

The setting, the search for pictures and the names import no torch; `run_prediction` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from analysis.prediction.pictures import Picture, find_pictures
from analysis.prediction.setting import PredictionSetting

if TYPE_CHECKING:
    from analysis.prediction.run import Prediction, run_prediction

__all__ = ["Picture", "Prediction", "PredictionSetting", "find_pictures", "run_prediction"]

# What needs torch is imported on first use.
__getattr__, *_ = lazy_loader.attach(__name__, submod_attrs={"run": ["Prediction", "run_prediction"]})
