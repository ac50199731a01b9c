"""What a model is: ReXNet and the networks it is compared with.

The public names load on first use, so that configs can be read without importing torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rexnet_core.catalogue import model_config, model_info, model_names
    from rexnet_core.registry import create_model
    from rexnet_core.weights import dump_weights, load_weights

__all__ = ["create_model", "dump_weights", "load_weights", "model_config", "model_info", "model_names"]

_HOMES = {
    "create_model": "rexnet_core.registry",
    "model_config": "rexnet_core.catalogue",
    "model_info": "rexnet_core.catalogue",
    "model_names": "rexnet_core.catalogue",
    "dump_weights": "rexnet_core.weights",
    "load_weights": "rexnet_core.weights",
}


def __getattr__(name: str) -> Any:
    """The public name `name`, imported from its home on first use."""
    import importlib  # noqa: PLC0415 - only needed on the lazy path

    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
