"""What a model is: ReXNet and the networks it is compared with.

The public names load on first use, so that configs can be read without importing torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import lazy_loader

if TYPE_CHECKING:
    from rexnet_core.factory import create_model
    from rexnet_core.registry import model_config, model_info, model_names
    from rexnet_core.weights import dump_weights, load_weights

__all__ = ["create_model", "dump_weights", "load_weights", "model_config", "model_info", "model_names"]

__getattr__, __dir__, _ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "registry": ["model_config", "model_info", "model_names"],
        "factory": ["create_model"],
        "weights": ["dump_weights", "load_weights"],
    },
)
