"""Which versions of the questions between parent and worker we speak; a comparison may start other builds' workers."""

from __future__ import annotations

#: Version of what a worker can be asked. 1 did not tell its version; 2 tells it, and can make its calls longer.
PROTOCOL = 2
OLDEST = 1


def why_unspoken(told: int | None) -> str:
    """Why a worker can't be asked anything, in one line; empty where it can.

    Args:
        told: The version it told when it was opened; None where it told none.
    """
    version = OLDEST if told is None else told
    if OLDEST <= version <= PROTOCOL:
        return ""
    return (
        f"its worker speaks version {version} of the protocol, this rexbench {OLDEST} to {PROTOCOL}; "
        "compare with the newer of the two builds"
    )
