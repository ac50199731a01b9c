"""The commands: each is a module of this package, found by its name and imported when it is called.

The first line of a command's docstring is its line in `rexbench --help`. It has `add_options(parser)` and
`run(args) -> int`, whose docstring is the command's help text. A command that hands its words to another program has
`run_words(words) -> int` instead. A command with commands of its own is a folder with a `TITLE` and a `METAVAR`.
"""

from __future__ import annotations

import ast
import pkgutil
from functools import cache
from importlib.util import find_spec

TITLE, METAVAR = "commands", "COMMAND"


@cache
def find_commands(package: str) -> dict[str, str]:
    """Each command of a package with its summary; none of them is imported.

    Args:
        package: Such as ``rexbench.commands``.
    """
    spec = find_spec(package)
    assert spec is not None, "commands are found in a package of ours"
    names = [module.name for module in pkgutil.iter_modules(spec.submodule_search_locations)]
    return {name: _read_summary(f"{package}.{name}") for name in names}


def _read_summary(module: str) -> str:
    spec = find_spec(module)
    assert spec is not None, "a listed module has a place"
    source = getattr(spec.loader, "get_source")(module)  # noqa: B009 - the protocol of loaders has no sources
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.partition("\n")[0].rstrip(".")
