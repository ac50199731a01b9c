"""The trained check: small networks at equal cost, trained from scratch on a small real data set, seed by seed.

Source:
    Han, Yun, Heo and Yoo, Rethinking Channel Dimensions for Efficient Model Design, CVPR 2021 (arXiv 2007.00992 v3),
    tables 2 and 3(a) and the scatter of nuclear norm against accuracy in its discussion.
"""

from __future__ import annotations

from analysis.rank.trained.setting import TrainedSetting
from analysis.rank.trained.study import run_trained

__all__ = ["TrainedSetting", "run_trained"]
