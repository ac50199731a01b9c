"""Nothing that rexbench runs tells its makers of it: no request leaves, and no file is written into a home folder."""

from __future__ import annotations

import sys

#: OpenVINO and NNCF send what they were used for through this package, unless it is missing or a file forbids it.
_SENDER = "openvino_telemetry"


def refuse_telemetry() -> None:
    """Let the package that sends telemetry look missing to whatever is imported from now on."""
    modules: dict[str, object] = sys.modules  # type: ignore[assignment]
    modules.setdefault(_SENDER, None)
