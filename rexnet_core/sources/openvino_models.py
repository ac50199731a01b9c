"""OpenVINO's intermediate representation, a ``.xml`` with its ``.bin``, as models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.sources.graph_description import open_graph
from rexnet_core.sources.model_files import fingerprint_file, resolve_file

if TYPE_CHECKING:
    from rexnet_core.sources.source import OpenedModel, Request

SUFFIX = ".xml"


class OpenVinoFile:
    """Graphs in OpenVINO's own format."""

    kind = "ir"
    form = "ir"
    spelling = "FILE.xml"
    takes_channels = False
    runs_code = False

    def resolve(self, request: Request) -> str | None:
        """The path as it is given."""
        return resolve_file(request.name, SUFFIX)

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """The graph, checked."""
        from rexnet_core.sources.openvino_ir import describe_ir  # noqa: PLC0415 - only where one is opened

        return open_graph(name, channels, describe_ir)

    def fingerprint(self, name: str) -> str:
        """Digest of both files."""
        return fingerprint_file(name, Path(name).with_suffix(".bin"))


SOURCE = OpenVinoFile()
