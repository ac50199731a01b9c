"""A user's own code: where it is looked for, and what becomes of its errors. No torch here."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError, ModelError, RexbenchError, first_line

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.machinery import ModuleSpec
    from types import ModuleType, TracebackType

#: Packages of ours: a user's package of the same name can't be imported beside them.
OURS = frozenset({"analysis", "bench", "reports", "rexbench", "rexnet_core"})
#: Folders of packages that were installed, not written, by the user.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def find_folder() -> str:
    """The folder in which a user's code is looked for.

    Raises:
        InputError: It is gone.
    """
    try:
        return str(Path.cwd())
    except OSError as error:
        raise InputError(
            f"a model of your own is looked for in the current folder, which can't be read: {first_line(error)}; "
            "start rexbench in another"
        ) from None


def check_findable(name: str, top: str) -> None:
    """Refuse the name of a model whose first package can't be imported, or would be another one.

    Args:
        name: Of the model, for the message.
        top: The package that its name begins with.

    Raises:
        InputError: There is no such package, or it is hidden by one of ours or of Python's.
    """
    folder = find_folder()
    here = PathFinder.find_spec(top, [folder])
    owner = "rexbench" if top in OURS else "Python" if top in sys.stdlib_module_names else ""
    if here is not None and owner and Path(folder) != Path(__file__).resolve().parents[2]:
        raise InputError(f"{name} begins with {top}, which is a module of {owner} itself; rename your own")
    if here is None and not _is_installed(top):
        raise InputError(
            f"{name} needs the module {top} in the current folder or installed, there is none; "
            "start rexbench in the folder that holds it"
        )


def _is_installed(top: str) -> bool:
    try:
        return importlib.util.find_spec(top) is not None
    except ValueError:  # a module that was not imported in the usual way, such as __main__
        return False


def import_user_module(name: str) -> ModuleType:
    """The module; its first package is looked for in the current folder before all other places.

    All other packages are looked for there last: nothing in that folder replaces a package of ours or of others.

    Raises:
        InputError: The package in the current folder is hidden by one that has been imported already.
    """
    folder = find_folder()
    if folder not in sys.path:
        sys.path.append(folder)
    top = name.partition(".")[0]
    spec = PathFinder.find_spec(top, [folder])
    if spec and spec.origin:
        known = sys.modules.get(top)
        if known is None:
            _execute(top, spec)
        elif os.path.realpath(getattr(known, "__file__", None) or "") != os.path.realpath(spec.origin):
            raise InputError(f"{name} is hidden by the installed package {top}, which rexbench uses; rename your own")
    return importlib.import_module(name)


def _execute(top: str, spec: ModuleSpec) -> None:
    assert spec.loader, "what has a file has a loader"
    package = importlib.util.module_from_spec(spec)
    sys.modules[top] = package
    try:
        spec.loader.exec_module(package)
    except BaseException:
        sys.modules.pop(top, None)
        raise


def list_user_files(top: str) -> list[str]:
    """Files of the modules that are loaded from a package, and from the current folder but for installed packages."""
    folder = find_folder() + os.sep
    found = {
        path
        for name, module in list(sys.modules.items())
        if isinstance(path := getattr(module, "__file__", None), str)
        and ((first := name.partition(".")[0]) == top or (first not in OURS and _is_in(folder, path)))
    }
    return sorted(found)


def _is_in(folder: str, path: str) -> bool:
    return path.startswith(folder) and not _INSTALLED & set(Path(path).parts)


@contextlib.contextmanager
def blame(name: str) -> Iterator[None]:
    """A context in which a user's code runs: whatever it raises is one line that names the place in the code.

    What it prints goes to standard error, and the current folder is the same afterwards.

    Raises:
        ModelError: The code raised something.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr), contextlib.chdir(find_folder()):
            yield
    except (RexbenchError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise ModelError(f"{name} called sys.exit({error.code!r})") from None
    except BaseException as error:  # noqa: BLE001 - a user's code may raise anything
        place = _find_place(error.__traceback__)
        raise ModelError(f"{name} raised {type(error).__name__}: {first_line(error)}{place}") from None


def _find_place(trace: TracebackType | None) -> str:
    """The last line of the user's code in a traceback, in words; empty where there is none."""
    place = ""
    while trace is not None:
        path = trace.tb_frame.f_code.co_filename
        if path != __file__ and "importlib" not in path and Path(path).name != "python_callable.py":
            place = f" ({Path(path).name}, line {trace.tb_lineno})"
        trace = trace.tb_next
    return place
