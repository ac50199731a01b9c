"""The operation counts of timm's model index of early 2021, counted again. No torch until something is counted.

That index (the ``model-index`` entries of timm's documentation, made for paperswithcode) gives "FLOPs" without a word
on how they were counted. They are 1.27 to 1.34 times the multiply-adds at the model's own input side.

Fact: under the rules below all 24 numbers of the index for ReXNet, RegNetX, MobileNetV2 and EfficientNet B0 to B3 come
out to the last digit (`tests/analysis/published/test_timm_index.py`). Fact, too: thop counts modules of exactly the
classes it knows, timm's classifier was a subclass of `nn.Linear` at that time, and its ReXNet and RegNet normalised by
a subclass of `nn.BatchNorm2d`, ReXNet's squeeze-excite excepted.

Inferred, because it gives those digits:

- The counter was thop 0.0.31, which passes over those subclasses, and counts neither means nor what runs as a function.
- The image was a photograph resized to the model's own input side on its *shorter* side and not cropped. The counts
  bound the ratio of its sides to 1.2731 ... 1.2767: the dog that PyTorch Hub's examples download, which timm's
  documentation uses, has 1546 x 1213 pixels, 1.2745. Whether it lay or stood, and whether the longer side was cut or
  rounded to whole pixels, makes no difference; torchvision's ``Resize`` cuts.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from analysis.complexity.resolution import check_resolution
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from analysis.complexity.conventions.record import Count

#: The name that these counts bear.
TIMM_INDEX = "timm_index"

#: Longer and shorter side of the picture that fits [pixels].
PICTURE = (1546, 1213)

#: How timm normalised then, as thop sees it: ``seen``, ``unseen``, or ``unseen`` but inside squeeze-excite.
_NORMS = {
    "rexnet": "seen in squeeze-excite",
    "regnetx": "unseen",
    "mobilenet_v2": "seen",
    "efficientnet": "seen",
}

#: The families whose numbers in the index come out.
FAMILIES = tuple(_NORMS)


def count_as_timm_index(model: str, resolution: int | None = None) -> Count:
    """What timm's model index prints as FLOPs.

    Args:
        model: Registered name, of a family in `FAMILIES`.
        resolution: Shorter side of the image [pixels]; the model's own where None, as in the index.

    Raises:
        InputError: Unknown name, a family that is not in `FAMILIES`, or a side out of range.
    """
    from analysis.complexity.conventions.thop_counter import count_as_thop  # noqa: PLC0415 - torch only when counting

    info = model_info(model)
    if not covers(model):
        raise InputError(f"timm's index is known to count {', '.join(FAMILIES)}, got {model!r}; give one of these")
    shape = image_shape(info.resolution if resolution is None else resolution)
    count = count_as_thop(model, shape, release="0.0.31", unseen=_subclassed(info.family))
    return replace(count, convention=TIMM_INDEX)


def covers(model: str) -> bool:
    """Whether the rules hold for a model: its family is in `FAMILIES`.

    Raises:
        InputError: Unknown model.
    """
    return model_info(model).family in _NORMS


def image_shape(side: int) -> tuple[int, int]:
    """Height and width [pixels] of the picture resized to `side` on its shorter side, the longer one cut to pixels.

    Raises:
        InputError: A side out of range.
    """
    longer, shorter = PICTURE
    height = check_resolution(side)
    return height, height * longer // shorter


def _subclassed(family: str) -> Callable[[str, nn.Module], bool]:
    """Whether a module was, in timm's code of that time, of a subclass that thop does not know."""
    habit = _NORMS[family]

    def unseen(name: str, module: nn.Module) -> bool:
        kind = type(module).__name__
        if kind == "Linear":
            return True
        if kind != "BatchNorm2d" or habit == "seen":
            return False
        return habit == "unseen" or not name.endswith(".se.norm")

    return unseen
