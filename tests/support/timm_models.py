"""Models of timm without weights, for tests; where timm or torchvision can't be imported, a test is skipped."""

import contextlib

import pytest
import torch

#: Operators that a torchvision built for another torch does not register, and refuses to be imported without.
_MISSING = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_timm():
    """The package.

    Skips:
        It, or torchvision, of which it takes transformations of images, can't be imported.
    """
    for name in _MISSING:
        with contextlib.suppress(RuntimeError):  # it is there already
            torch.library.define(f"torchvision::{name}", _SIGNATURE)
    try:
        import timm  # noqa: PLC0415 - the operators come first
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"timm and torchvision must be there to count their models: {error}")
    return timm


def create_on_meta(name, **options):
    """A model of timm without data in its tensors, in inference mode."""
    timm = import_timm()
    with torch.device("meta"):
        return timm.create_model(name, **options).eval()
