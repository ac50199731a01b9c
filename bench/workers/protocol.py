"""The version of the questions between parent and worker; a comparison may start the workers of other builds."""

from __future__ import annotations

#: Rises with every change that another build's worker would not understand; 38dcf3d speaks version 2.
PROTOCOL = 2


def why_unspoken(version: int | None) -> str:
    """Why this rexbench can't talk to a worker of that version (None: unknown), in one line; empty if it can."""
    if version == PROTOCOL:
        return ""
    return (
        f"its worker speaks version {version or 'unknown'} of the protocol, this rexbench speaks {PROTOCOL}; "
        "compare with the newer of the two builds"
    )
