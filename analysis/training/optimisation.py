"""Optimiser and moving average of a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.optim.swa_utils import AveragedModel

if TYPE_CHECKING:
    from torch import Tensor, nn

    from analysis.training.recipe import Recipe

#: Exponent of the warm-up. Source: timm 1.0.31 ``ModelEmaV3.get_decay``.
_EMA_POWER = 2 / 3
_MATRIX = 2


def make_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The optimiser over what is to be trained; vectors (batch norms, biases) have no weight decay unless asked for."""
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [one for one in trained if one.dim() >= _MATRIX or recipe.decay_norms]},
        {"params": [one for one in trained if one.dim() < _MATRIX and not recipe.decay_norms], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if recipe.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    return torch.optim.SGD(
        groups,
        lr=recipe.learning_rate,
        momentum=recipe.momentum,
        nesterov=recipe.momentum > 0,
        weight_decay=recipe.weight_decay,
    )


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next update have this learning rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate


def make_average(model: nn.Module, decay: float) -> AveragedModel:
    """A moving average of all weights and statistics, whose decay rises from 0 to `decay` as the average gets older.

    Source: timm 1.0.31 ``ModelEmaV3`` with warm-up: 1 - (1 + n) ** (-2 / 3) after n updates, `decay` at most.
    """

    def average(old: Tensor, new: Tensor, updates: Tensor | int) -> Tensor:
        if not old.is_floating_point():
            return new
        return old.lerp(new, 1 - min(decay, warm_decay(int(updates))))

    averaged = AveragedModel(model, avg_fn=average, use_buffers=True)
    averaged.eval()
    return averaged


def warm_decay(updates: int) -> float:
    """The decay of an average after so many updates, without a limit."""
    return float(1 - (1 + updates) ** -_EMA_POWER)
