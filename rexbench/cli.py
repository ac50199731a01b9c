"""The entry of the program: it checks what it stands on, then hands over to `rexbench.dispatch`.

Only the standard library and `rexbench` are imported before the checks, as any other module may be a foreign one of
the same name.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rexbench.neighbours import describe_shadow, explain_missing
from rexbench.streams import prepare_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLATFORMS = {"linux", "darwin"}
#: `rexnet_core.exit_codes.ExitCode.WRONG`, which can't be imported before the checks.
_WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    if message := prepare_streams() or describe_shadow():
        return _refuse(message)
    if sys.platform not in _PLATFORMS:
        print(f"rexbench: not tested on {sys.platform}; Linux and macOS are supported", file=sys.stderr)
    try:
        from rexbench.dispatch import dispatch  # noqa: PLC0415 - after the checks
        from rexnet_core.telemetry import refuse_telemetry  # noqa: PLC0415

        refuse_telemetry()
        return dispatch(list(sys.argv[1:] if argv is None else argv))
    except ModuleNotFoundError as error:
        if message := explain_missing(error.name):
            return _refuse(message)
        raise


def _refuse(message: str) -> int:
    line = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in message)
    print(f"rexbench: {line}", file=sys.stderr)
    return _WRONG
