"""Changes of colour and shape by kornia. The one door to kornia.

What is drawn and what is done are apart: parameters are drawn from a seed of each picture, in one thread, as kornia
draws them from torch's one generator; any thread then applies them.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import torch

from analysis.training.schedule import spread_seed

if TYPE_CHECKING:
    from torch import Tensor

    from analysis.training.recipe import Recipe

#: RandAugment's operations for each picture. Source: Cubuk et al. 2019, arXiv 1909.13719; the recipe's rand-m9 has two.
_OPERATIONS = 2
#: kornia's magnitudes go to 30, those of recipes to 10.
_MAGNITUDES = 3
#: Brightness, contrast and saturation. Source: timm 1.0.31 ``--color-jitter``, whose default it is.
_JITTER = 0.4


class Augmenter:
    """Draws and applies the changes of a recipe.

    Args:
        recipe: With an augmentation that kornia does.
        side: Of the pictures [pixels].
    """

    def __init__(self, recipe: Recipe, side: int) -> None:
        self._recipe = recipe
        self._shape = torch.Size((1, 3, side, side))
        self._local = threading.local()

    def draw(self, seed: tuple[int, ...]) -> Any:
        """What happens to one picture; torch's own generator stays as it was."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(spread_seed(seed))
            return self._changes().forward_parameters(self._shape)

    def apply(self, pixels: Tensor, drawn: Any) -> Tensor:
        """The picture (3, S, S), from 0 to 1, after these changes."""
        with torch.no_grad():
            changed: Tensor = self._changes()(pixels[None], params=drawn)
        return changed[0].clamp(0, 1)

    def _changes(self) -> Any:
        """The modules of kornia keep what they did last, so each thread has its own."""
        if not hasattr(self._local, "changes"):
            self._local.changes = _build(self._recipe)
        return self._local.changes


def _build(recipe: Recipe) -> Any:
    import kornia.augmentation as parts  # noqa: PLC0415 - optional, and slow to import
    from kornia.augmentation.auto import RandAugment  # noqa: PLC0415

    changes: list[Any] = []
    if recipe.augmentation == "color":
        changes.append(parts.ColorJitter(_JITTER, _JITTER, _JITTER, p=1.0))
    elif recipe.augmentation == "randaugment":
        changes.append(RandAugment(n=_OPERATIONS, m=round(recipe.magnitude * _MAGNITUDES)))
    if recipe.erasing:
        changes.append(parts.RandomErasing(p=recipe.erasing, scale=(0.02, 1 / 3), ratio=(0.3, 1 / 0.3)))
    return parts.AugmentationSequential(*changes, data_keys=["input"])
