"""Parameters, multiply-adds, activations and memory traffic of a model, per layer and in total.

`count` reads the config and imports no torch; `trace` runs the model once on tensors without data; both give the
same `Cost`. What each number means is said in `analysis.complexity.cost`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

from analysis.complexity.analytic import count
from analysis.complexity.cost import Cost, LayerCost
from analysis.complexity.frame import as_dict, layer_rows, model_rows
from analysis.complexity.resolution import check_resolution

if TYPE_CHECKING:
    from analysis.complexity.traced import trace

__all__ = [
    "Cost",
    "LayerCost",
    "as_dict",
    "check_resolution",
    "count",
    "layer_rows",
    "model_rows",
    "trace",
]

# On first use, so that counting from configs needs no torch.
__getattr__, *_ = lazy_loader.attach(__name__, submod_attrs={"traced": ["trace"]})
