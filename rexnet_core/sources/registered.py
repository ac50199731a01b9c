"""Our own networks, by their registered names."""

from __future__ import annotations

import fnmatch
from typing import TYPE_CHECKING

from rexnet_core.registry import model_info, model_names
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request


class Registered:
    """Networks of `rexnet_core.registry`; any name that no other source knows is taken for one of theirs."""

    kind = "registered"
    form = "module"
    spelling = "rexnet_1.0"
    takes_channels = True
    runs_code = False

    def resolve(self, request: Request) -> str:
        """The name, which has one spelling."""
        return model_info(request.name).name

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The network, with fresh weights."""
        from rexnet_core.factory import create_model  # noqa: PLC0415 - names resolve without torch
        from rexnet_core.publishers import preprocessing_of  # noqa: PLC0415 - imports Pillow

        side = model_info(name).resolution
        module = create_model(name, in_channels=channels or 3)
        steps = preprocessing_of(name, "own")
        return OpenedModel(inputs=(make_image_spec(None, side, side),), module=module, preprocessing=steps)

    def list_names(self, pattern: str) -> list[str]:
        """The names of the listed widths and sizes; any width between them is a name, too."""
        return fnmatch.filter(model_names(), pattern)

    def fingerprint(self, name: str) -> str:  # noqa: ARG002 - the rule of all sources
        """Nothing: its code is ours, and a run keeps the commit."""
        return ""


SOURCE = Registered()
