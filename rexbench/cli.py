"""The entry of the program: it checks what it stands on, then hands over to `rexbench.dispatch`.

Only the standard library and `rexbench` are imported before the checks, as any other module may be a foreign one of
the same name.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rexbench.streams import prepare_streams

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The packages that are installed beside `rexbench`; other projects have folders and files of these names, too.
NEIGHBOURS = ("bench", "reports", "analysis", "rexnet_core")
_ROOT = Path(__file__).resolve().parent.parent
_PLATFORMS = {"linux", "darwin"}
#: `rexnet_core.exit_codes.ExitCode.WRONG`, which can't be imported before the checks.
_WRONG = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    if message := prepare_streams() or describe_shadow():
        line = "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in message)
        print(f"rexbench: {line}", file=sys.stderr)
        return _WRONG
    if sys.platform not in _PLATFORMS:
        print(f"rexbench: not tested on {sys.platform}; Linux and macOS are supported", file=sys.stderr)
    from rexbench.dispatch import dispatch  # noqa: PLC0415 - after the checks

    return dispatch(list(sys.argv[1:] if argv is None else argv))


def describe_shadow(root: Path = _ROOT) -> str:
    """Which foreign module would be imported in place of a package of ours; empty if none would."""
    for name in NEIGHBOURS:
        ours = root / name / "__init__.py"
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve() != ours:
            return (
                f"`{name}` must be the package {ours.parent}, but Python finds {origin or 'no module of that name'}; "
                "call rexbench from another folder, or rename that module"
            )
    return ""
