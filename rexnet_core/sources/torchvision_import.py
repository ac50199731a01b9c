"""The door to torchvision."""

from __future__ import annotations

import contextlib
import importlib
from typing import Any

from rexnet_core.errors import InputError, first_line

#: Operators that torchvision compiles for one build of torch, and names while it is imported.
_COMPILED = ("nms", "qnms")
_SIGNATURE = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> Any:
    """The package, also where its compiled operators do not fit the build of torch.

    A torchvision for CUDA beside a torch for the CPU can't be imported: it names operators that it could not load. With
    these declared, it can; image classifiers need none of them, and what does need one raises an error of torch.

    Raises:
        InputError: It can't be imported all the same.
    """
    try:
        return importlib.import_module("torchvision")
    except ImportError:
        raise
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise InputError(f"torchvision can't be imported here: {first_line(error)}") from None
    import torch  # noqa: PLC0415

    for name in _COMPILED:
        with contextlib.suppress(RuntimeError):  # declared already
            torch.library.define(f"torchvision::{name}", _SIGNATURE)
    try:
        return importlib.import_module("torchvision")
    except RuntimeError as error:
        raise InputError(f"torchvision can't be imported here: {first_line(error)}") from None
