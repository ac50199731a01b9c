"""The images: the handwritten digits that scikit-learn ships, enlarged and split. The one door to scikit-learn.

1,797 images of 8x8 pixels with 17 levels of grey, ten classes of 174 to 183 images; nothing is downloaded.

Source:
    The test part of Optical Recognition of Handwritten Digits, UCI Machine Learning Repository (Alpaydin and Kaynak).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import interpolate

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from analysis.rank.trained.setting import TrainedSetting

CLASSES = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Images (N, 1, side, side), zero mean and unit deviation over the training images, and labels (N,)."""

    train_images: Tensor
    train_labels: Tensor
    test_images: Tensor
    test_labels: Tensor


def data_version() -> str:
    """The version of scikit-learn, on which the images and the split depend.

    Raises:
        InputError: It is not installed.
    """
    return str(_import_sklearn().__version__)


@lru_cache(maxsize=1)
def load_split(setting: TrainedSetting, seed: int) -> Split:
    """The images of a seed, which are those of all seeds unless the setting draws them anew.

    Raises:
        InputError: scikit-learn is not installed.
    """
    _import_sklearn()
    from sklearn.datasets import load_digits  # type: ignore[import-untyped]  # noqa: PLC0415 - optional
    from sklearn.model_selection import train_test_split  # type: ignore[import-untyped]  # noqa: PLC0415 - optional

    digits = load_digits()
    train, test = train_test_split(
        np.arange(len(digits.target)),
        train_size=CLASSES * setting.train_per_class,
        stratify=digits.target,
        random_state=setting.split_seed + (seed if setting.resplit else 0),
    )
    images = torch.tensor(digits.images, dtype=torch.float32)[:, None]
    images = interpolate(images, size=(setting.side, setting.side), mode="bilinear", align_corners=False)
    labels = torch.tensor(digits.target, dtype=torch.int64)
    seen = images[train]
    images = (images - seen.mean()) / seen.std()
    return Split(
        train_images=images[train],
        train_labels=labels[train],
        test_images=images[test],
        test_labels=labels[test],
    )


def _import_sklearn() -> Any:
    try:
        import sklearn  # type: ignore[import-untyped]  # noqa: PLC0415 - optional
    except ImportError:
        raise InputError("the trained check needs scikit-learn: pip install 'rexbench[trained]'") from None
    return sklearn
