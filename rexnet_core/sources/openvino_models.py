"""OpenVINO's intermediate representation, a ``.xml`` with its ``.bin``, as models."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError
from rexnet_core.sources.model_files import fingerprint_file, resolve_file
from rexnet_core.sources.source import OpenedModel

if TYPE_CHECKING:
    from rexnet_core.sources.source import Request

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

        if channels is not None:
            raise InputError(f"{name} has the channels of its file; leave out --in-channels")
        told = describe_ir(Path(name))
        return OpenedModel(
            inputs=told.inputs,
            outputs=told.outputs,
            path=Path(name),
            pretrained=True,
            licence=told.licence,
            classes=told.classes,
        )

    def fingerprint(self, name: str) -> str:
        """Digest of both files."""
        return fingerprint_file(name, Path(name).with_suffix(".bin"))


SOURCE = OpenVinoFile()
