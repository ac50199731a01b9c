"""All sources, and whose a name is. No torch here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexnet_core.sources import (
    exported_program,
    onnx_models,
    openvino_models,
    python_callable,
    registered,
    timm_models,
    torchvision_models,
)
from rexnet_core.sources.source import Request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rexnet_core.sources.source import ListedSource, ModelSource, OpenedModel
    from rexnet_core.sources.tensors import Shape

#: By the kind that a case names; a name belongs to the first that knows it, and our registered names come last.
SOURCES: Mapping[str, ModelSource] = {
    module.SOURCE.kind: module.SOURCE
    for module in (
        python_callable,
        timm_models,
        torchvision_models,
        onnx_models,
        openvino_models,
        exported_program,
        registered,
    )
}
#: Those that know all of their models.
LISTED: Mapping[str, ListedSource] = {
    module.SOURCE.kind: module.SOURCE for module in (timm_models, torchvision_models, registered)
}
#: The forms in which a source gives its models, in words.
FORMS: Mapping[str, str] = {"module": "modules of torch", "onnx": "ONNX files", "ir": "OpenVINO's files"}
REGISTERED = registered.SOURCE.kind
_USUAL_CHANNELS = 3
_PREFIXES = (python_callable.PREFIX, timm_models.PREFIX, torchvision_models.PREFIX)
_SUFFIXES = (".onnx", ".xml", exported_program.SUFFIX)


def resolve(request: Request | str) -> tuple[str, str]:
    """The kind of the source of a model, and the one spelling of its name.

    Raises:
        InputError: There can be no such model here.
    """
    asked = Request(name=request) if isinstance(request, str) else request
    for source in SOURCES.values():
        name = source.resolve(asked)
        if name is not None:
            return source.kind, name
    raise AssertionError("the registered names are the last source, which takes or refuses every name")


def is_guest(name: str) -> bool:
    """Whether a name is written as that of a model from elsewhere, not of a registered network."""
    return name.startswith(_PREFIXES) or name.lower().endswith(_SUFFIXES)


def runs_code(kind: str) -> bool:
    """Whether to open a model of this source is to run code that the name or the file brings."""
    return SOURCES[kind].runs_code


def open_model(kind: str, name: str, channels: int | None = None) -> OpenedModel:
    """The model of a resolved name; it may run the model's own code, so no parent process calls this."""
    return SOURCES[kind].open(name, channels)


def open_asked(kind: str, name: str, shapes: Sequence[Shape], channels: int | None) -> OpenedModel:
    """The model of a resolved name for what was asked of its inputs; where only shapes were, for their channels."""
    return open_for(kind, name, shapes) if shapes and channels is None else open_model(kind, name, channels)


def open_for(kind: str, name: str, shapes: Sequence[Shape]) -> OpenedModel:
    """The model of a resolved name as it takes inputs of these shapes for one image; as `open_model`."""
    first = shapes[0]
    image = SOURCES[kind].takes_channels and len(first) == len(("channels", "height", "width"))
    return open_model(kind, name, first[0] if image and first[0] != _USUAL_CHANNELS else None)
