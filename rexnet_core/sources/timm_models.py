"""Models of timm by name, such as ``timm:resnet18`` or ``timm:resnet18.a1_in1k``, without their weights."""

from __future__ import annotations

import contextlib
import fnmatch
import re
import sys
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, ModelError, UnknownNameError, first_line
from rexnet_core.printable import shorten
from rexnet_core.sources.declared_preprocessing import read_preprocessing
from rexnet_core.sources.packages import check_installed, read_version
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec
from rexnet_core.sources.torchvision_import import import_torchvision

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request

PREFIX = "timm:"


class Timm:
    """The models that timm can make; nothing is downloaded."""

    kind = "timm"
    form = "module"
    spelling = "timm:resnet18"
    takes_channels = True
    runs_code = False

    def resolve(self, request: Request) -> str | None:
        """The name as it is written; whether timm has it is known once timm is imported."""
        if not request.name.startswith(PREFIX):
            return None
        name = request.name.removeprefix(PREFIX)
        if not re.fullmatch(r"\w{1,100}(\.\w{1,100})?", name, re.ASCII):
            raise InputError(f"a model of timm is written timm:NAME or timm:NAME.TAG, got {shorten(request.name)!r}")
        check_installed("timm", "timm", request.name)
        return request.name

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The module with timm's own initial weights."""
        timm = import_timm()
        known = name.removeprefix(PREFIX)
        _check_known(timm, known)
        try:
            module = timm.create_model(known, pretrained=False, **({} if channels is None else {"in_chans": channels}))
        except Exception as error:  # noqa: BLE001 - whatever a package raises is one line
            if channels is not None:
                raise InputError(f"{name} can't be made for {channels} channels: {first_line(error)}") from None
            raise ModelError(f"{name} can't be made by {read_version('timm')}: {first_line(error)}") from None
        told: dict[str, Any] = getattr(module, "pretrained_cfg", None) or {}
        depth, height, width = told.get("input_size") or (3, None, None)
        spec = make_image_spec(channels or depth, height, width)
        return OpenedModel(
            inputs=(spec,),
            module=module,
            licence=str(told.get("license") or ""),
            preprocessing=read_preprocessing(told),
        )

    def list_names(self, pattern: str) -> list[str]:
        """The architectures, each without a tag, which only chooses weights."""
        return [f"{PREFIX}{name}" for name in fnmatch.filter(import_timm().list_models(), pattern)]

    def fingerprint(self, name: str) -> str:  # noqa: ARG002 - the rule of all sources
        """The version of timm: with the name it tells the architecture."""
        return read_version("timm")


def _check_known(timm: Any, name: str) -> None:
    architecture, _, tag = name.partition(".")
    if not timm.is_model(architecture):
        raise UnknownNameError("model of timm", architecture, timm.list_models())
    tags = [one.partition(".")[2] for one in timm.list_pretrained(f"{architecture}.*")]
    if tag and tags and tag not in tags:
        raise UnknownNameError(f"tag of timm's {architecture}", tag, tags)


def import_timm() -> Any:
    """timm, whose notes on what it lacks go to standard error.

    Raises:
        InputError: timm, or torchvision, which timm imports, is not there or can't be imported.
    """
    check_installed("timm", "timm", "a model of timm")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            import_torchvision()
            import timm  # noqa: PLC0415
    except ImportError as error:
        raise InputError(f"timm can't be imported here: {first_line(error)}; pip install 'rexbench[timm]'") from None
    return timm


SOURCE = Timm()
