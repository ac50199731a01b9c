"""ONNX files as models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rexnet_core.sources.graph_description import open_graph
from rexnet_core.sources.model_files import fingerprint_file, resolve_file
from rexnet_core.sources.packages import check_installed

if TYPE_CHECKING:
    from rexnet_core.sources.source import OpenedModel, Request

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

        return open_graph(name, channels, describe_onnx)

    def fingerprint(self, name: str) -> str:
        """Digest of the file."""
        return fingerprint_file(name)


SOURCE = OnnxFile()
