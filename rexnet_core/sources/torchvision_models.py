"""Models of torchvision by name, such as ``torchvision:resnet18``, without their weights."""

from __future__ import annotations

import fnmatch
import inspect
import re
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, ModelError, UnknownNameError, first_line
from rexnet_core.printable import shorten
from rexnet_core.sources.declared_preprocessing import read_transforms
from rexnet_core.sources.packages import check_installed, read_version
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec
from rexnet_core.sources.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request

PREFIX = "torchvision:"


class Torchvision:
    """The models that torchvision can make; nothing is downloaded."""

    kind = "torchvision"
    form = "module"
    spelling = "torchvision:resnet18"
    takes_channels = False
    runs_code = False

    def resolve(self, request: Request) -> str | None:
        """The name as it is written; whether torchvision has it is known once torchvision is imported."""
        if not request.name.startswith(PREFIX):
            return None
        if not re.fullmatch(r"\w{1,100}", request.name.removeprefix(PREFIX), re.ASCII):
            raise InputError(f"a model of torchvision is written torchvision:NAME, got {shorten(request.name)!r}")
        check_installed("torchvision", "torchvision", request.name)
        return request.name

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The module with torchvision's own initial weights."""
        models = _import_models(name)
        known = name.removeprefix(PREFIX)
        if known not in models.list_models():
            raise UnknownNameError("model of torchvision", known, models.list_models())
        if channels not in {None, 3}:
            raise InputError(f"{name} takes images of 3 channels, not {channels}; leave out --in-channels")
        # Left to its default, the backbone of a detector would be downloaded.
        takes = inspect.signature(models.get_model_builder(known)).parameters
        options = {option: None for option in ("weights", "weights_backbone") if option in takes}
        try:
            module = models.get_model(known, **options)
        except Exception as error:  # noqa: BLE001 - whatever a package raises is one line
            raise ModelError(f"{name} can't be made by {read_version('torchvision')}: {first_line(error)}") from None
        steps = read_transforms(next(iter(models.get_model_weights(known)), None))
        side = steps.side if steps else None
        return OpenedModel(inputs=(make_image_spec(3, side, side),), module=module, preprocessing=steps)

    def list_names(self, pattern: str) -> list[str]:
        """The image classifiers; detectors and models of video take no image alone."""
        models = _import_models("a list of models")
        return [f"{PREFIX}{name}" for name in fnmatch.filter(models.list_models(models), pattern)]

    def fingerprint(self, name: str) -> str:  # noqa: ARG002 - the rule of all sources
        """The version of torchvision: with the name it tells the architecture."""
        return read_version("torchvision")


def _import_models(name: str) -> Any:
    try:
        import_torchvision()
        from torchvision import models  # noqa: PLC0415
    except ImportError as error:
        remedy = "pip install 'rexbench[torchvision]'"
        raise InputError(f"{name} needs torchvision, which can't be imported: {first_line(error)}; {remedy}") from None
    return models


SOURCE = Torchvision()
