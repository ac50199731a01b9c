"""Training a classifier on a folder of pictures: recipes, data, the loop, and checkpoints that can be resumed.

The settings import no torch; `open_training` does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from analysis.training.recipe import Recipe, read_recipe, recipe_names
from analysis.training.setting import TrainingSetting

if TYPE_CHECKING:
    from analysis.training.run import open_training, run_training

__all__ = ["Recipe", "TrainingSetting", "open_training", "read_recipe", "recipe_names", "run_training"]

# What needs torch is imported on first use.
__getattr__, *_ = lazy_loader.attach(__name__, submod_attrs={"run": ["open_training", "run_training"]})
