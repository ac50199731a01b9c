"""Benchmarks and architecture analysis for ReXNet: the command line, and the names most Python users want."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rexbench.neighbours import describe_shadow

if TYPE_CHECKING:
    from analysis.complexity import count
    from analysis.rank import probe
    from rexbench.cli import main
    from rexnet_core import create_model, load_weights

__all__ = ["count", "create_model", "load_weights", "main", "probe"]

#: Each name with the module that has it; imported at first use, as torch takes seconds.
_HOMES = {
    "count": "analysis.complexity",
    "create_model": "rexnet_core",
    "load_weights": "rexnet_core",
    "main": "rexbench.cli",
    "probe": "analysis.rank",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if message := describe_shadow():
        raise ImportError(message)
    return getattr(import_module(_HOMES[name]), name)
