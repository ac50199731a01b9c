"""Models of timm without weights, for tests; where timm or torchvision can't be imported, a test is skipped."""

import pytest
import torch

from rexnet_core.errors import InputError
from rexnet_core.sources import timm_models


def import_timm():
    """The package.

    Skips:
        It, or torchvision, of which it takes transformations of images, can't be imported.
    """
    try:
        return timm_models.import_timm()
    except InputError as error:
        pytest.skip(f"timm and torchvision must be there to count their models: {error}")


def create_on_meta(name, **options):
    """A model of timm without data in its tensors, in inference mode."""
    timm = import_timm()
    with torch.device("meta"):
        return timm.create_model(name, **options).eval()
