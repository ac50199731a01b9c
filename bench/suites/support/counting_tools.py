"""What other counters of operations print, by running them: thop, ptflops, fvcore and `torch.utils.flop_counter`.

They run as people run them: the model in inference mode, on the processor, and `FlopCounterMode` under `torch.no_grad`.
thop and ptflops leave marks in what they are given: give each a module of its own.
"""

from __future__ import annotations

import contextlib
import io
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any
from unittest import SkipTest

import torch
from torch.utils.flop_counter import FlopCounterMode

from analysis.complexity.fvcore_counts import fvcore_total
from rexnet_core.errors import InputError
from rexnet_core.sources.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import nn


def ask_torch(module: nn.Module, image: torch.Tensor) -> int:
    """The total of ``Global``."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        module.eval()(image)
    return int(counter.get_total_flops())


def ask_fvcore(module: nn.Module, image: torch.Tensor) -> int:
    """``FlopCountAnalysis(...).total()``; the image gives its size alone, as all counts do."""
    _, channels, height, width = image.shape
    return fvcore_total(module.eval(), (height, width), in_channels=channels)


def ask_thop(module: nn.Module, image: torch.Tensor) -> int:
    """The first number of ``thop.profile``; thop imports distutils, which Python 3.12 left out."""
    return int(_load("thop").profile(module.eval(), (image,), verbose=False)[0])


def ask_ptflops(module: nn.Module, image: torch.Tensor) -> int | None:
    """The first number of ``get_model_complexity_info``; None where it breaks off."""
    ptflops = _load("ptflops")
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        total: int | None = ptflops.get_model_complexity_info(
            module.eval(), tuple(image.shape[1:]), as_strings=False, print_per_layer_stat=False, backend="pytorch"
        )[0]
    return total


#: Each convention that is named after a tool of today, with what asks the tool.
TOOLS: Mapping[str, Callable[[nn.Module, torch.Tensor], int | None]] = {
    "torch": ask_torch,
    "fvcore": ask_fvcore,
    "thop": ask_thop,
    "ptflops": ask_ptflops,
}


def _load(name: str) -> Any:
    """A package that only the checks need.

    Raises:
        SkipTest: It is not there, or does not run on this Python.
    """
    try:
        with contextlib.suppress(
            ImportError, InputError
        ):  # ptflops imports it where it is, and it may be of another build
            import_torchvision()
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SkipTest(
            f"{name} can't be imported on Python {sys.version_info.major}.{sys.version_info.minor}: {error}"
        ) from None
