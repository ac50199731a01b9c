"""Versions of the questions between parent and worker; a comparison may start workers of other builds."""

from __future__ import annotations

#: Version of what a worker can be asked. Version 1 did not report itself; 2 does, and can make its calls longer.
PROTOCOL = 2
OLDEST = 1


def why_unspoken(reported: int | None) -> str:
    """Why a worker can't be asked anything, in one line; empty where it can.

    Args:
        reported: The version that it reported when it was opened; None without a report.
    """
    version = OLDEST if reported is None else reported
    if OLDEST <= version <= PROTOCOL:
        return ""
    return (
        f"its worker speaks version {version} of the protocol, this rexbench {OLDEST} to {PROTOCOL}; "
        "compare with the newer of the two builds"
    )
