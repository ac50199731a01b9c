"""Each convention named after a tool is what that tool prints, for modules that nobody registered, or refuses by name.

The modules are attention in its spellings, recurrent layers, convolutions of every kind, shared and tied ones, computed
weights, functions, several outputs, and more: see `unregistered_modules`.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from analysis.complexity.conventions import count_under
from bench.suites.support.counting_tools import TOOLS
from bench.suites.support.unregistered_modules import MODULES, SIDE, is_refused
from rexnet_core.errors import InputError


@pytest.mark.extra
@pytest.mark.benchmark(group="tools")
@pytest.mark.filterwarnings("ignore:distutils Version classes:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.parametrize("tool", TOOLS)
def test_conventions_are_their_tools(tool: str, benchmark: Any) -> None:
    printed, refused = {}, []
    for name, build in MODULES.items():
        torch.manual_seed(0)
        if is_refused(tool, name):
            with pytest.raises(InputError, match="which is not modelled here"):
                count_under(tool, build(), SIDE)
            refused.append(name)
        else:
            printed[name] = TOOLS[tool](build(), torch.rand(1, 3, SIDE, SIDE))
    counted = {name: count_under(tool, MODULES[name](), SIDE).total for name in printed}
    assert counted == printed
    benchmark.pedantic(count_under, (tool, MODULES["u shape"](), SIDE), rounds=5)
    benchmark.extra_info.update(tool=tool, equal=len(printed), refused=refused)
