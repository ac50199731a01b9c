"""The packages beside `rexbench`, whose names other projects have for folders, files and packages of theirs, too.

Only the standard library is imported here, as any other module may be a foreign one of the same name.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

#: Each package with the words that its first line begins with: another distribution may have put its own in that place.
NEIGHBOURS = {
    "bench": '"""How long a model takes',
    "reports": '"""How results look',
    "analysis": '"""What a model costs',
    "rexnet_core": '"""What a model is',
}
_ROOT = Path(__file__).resolve().parent.parent
#: Modules of Python that Linux and macOS have.
_UNIX = {"fcntl", "resource", "termios", "pwd", "grp"}


def describe_shadow(root: Path = _ROOT) -> str:
    """Which foreign module would be imported in place of a package of ours; empty if none would."""
    for name, begin in NEIGHBOURS.items():
        ours = root / name / "__init__.py"
        spec = importlib.util.find_spec(name)
        origin = spec.origin if spec else None
        if origin is None or Path(origin).resolve() != ours:
            return (
                f"`{name}` must be the package {ours.parent}, but Python finds {origin or 'no module of that name'}; "
                "call rexbench from another folder, or rename that module"
            )
        if not ours.read_bytes().startswith(begin.encode()):
            return (
                f"`{name}` must be a package of rexbench, but another package of that name has replaced {ours}; "
                "remove that one, then install rexbench again"
            )
    return ""


def explain_missing(module: str | None) -> str:
    """Why a module can't be found, if it is one of ours or of Python's; empty for any other."""
    name = module or ""
    if name.partition(".")[0] in {"rexbench", *NEIGHBOURS}:
        return (
            f"`{name}` must come with rexbench, but it is gone, as when another package of that name was removed; "
            "install rexbench again"
        )
    return f"Linux or macOS is needed here: Python has no `{name}` on this system" if name in _UNIX else ""
