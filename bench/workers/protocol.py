"""The version of the questions between parent and worker; a comparison may start the workers of other builds."""

from __future__ import annotations

#: Rises with every change that another build's worker would not understand; 38dcf3d speaks version 2.
PROTOCOL = 2


def why_unspoken(version: int | None) -> str:
    """Why a worker that reported a version, or none, can't be asked anything, in one line; empty where it can."""
    if version == PROTOCOL:
        return ""
    return (
        f"its worker speaks version {version or 'unknown'} of the protocol, this rexbench speaks {PROTOCOL}; "
        "compare with the newer of the two builds"
    )
