"""Every convention named after a tool against that tool, on modules that nobody registered: equal, or refused by name.

The tools run as people run them: the model in inference mode, on the processor; `FlopCounterMode` under `torch.no_grad`.
They change what they are given, so each gets a module of its own.
"""

from __future__ import annotations

import contextlib
import io
import sys
from typing import TYPE_CHECKING

import pytest

from analysis.complexity.conventions import count_under
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

#: Names of modules, without which none can be asked for; `test_every_module_is_here` holds them to the table.
TOOLS = ("torch", "fvcore", "thop", "ptflops")
#: What a tool has rules of its own for, and this does not.
REFUSED = {
    "thop": ("LSTM", "GRU", "RNN", "cell"),
    "ptflops": ("LSTM", "GRU", "RNN", "cell", "Transformer", "MultiheadAttention of"),
}

pytestmark = [
    pytest.mark.extra,
    pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
