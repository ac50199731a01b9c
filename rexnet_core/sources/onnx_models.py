"""ONNX files as models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.sources.model_files import fingerprint_file, resolve_file
from rexnet_core.sources.packages import check_installed
from rexnet_core.sources.source import OpenedModel

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request

SUFFIX = ".onnx"


class OnnxFile:
    """Graphs in the format ONNX."""

    kind = "onnx"
    form = "onnx"
    spelling = "FILE.onnx"
    takes_channels = False
    runs_code = False

    def resolve(self, request: Request) -> str | None:
        """The path as it is given."""
        path = resolve_file(request.name, SUFFIX)
        if path is not None:
            check_installed("onnx", "onnx", path)
        return path

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The graph, checked."""
        from rexnet_core.sources.onnx_file import describe_onnx  # noqa: PLC0415 - imports onnx

        if channels is not None:
            raise InputError(f"{name} has the channels of its file; leave out --in-channels")
        told = describe_onnx(Path(name))
        return OpenedModel(
            inputs=told.inputs,
            outputs=told.outputs,
            path=Path(name),
            pretrained=True,
            licence=told.licence,
            classes=told.classes,
        )

    def fingerprint(self, name: str) -> str:
        """Digest of the file."""
        return fingerprint_file(name)


SOURCE = OnnxFile()
