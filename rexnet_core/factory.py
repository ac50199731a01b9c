"""From a name to a network."""

from __future__ import annotations

from typing import Any

from rexnet_core.network import Network
from rexnet_core.registry import model_config


def create_model(name: str, *, num_classes: int = 1000, **options: Any) -> Network:
    """The named network in training mode, with fresh weights; on the device that ``with torch.device(...)`` sets.

    Args:
        name: Such as ``rexnet_1.3``; `rexnet_core.model_names` has the published ones.
        num_classes: Classes, 1 or more.
        **options: ``in_channels``, ``dropout``, ``drop_path``; for rexnet and rexnetr ``depth_mult`` and ``use_se``.

    Raises:
        InputError: The name or an option breaks its rule.
    """
    return Network(model_config(name, num_classes=num_classes, **options))
