"""A user's own model: ``py:package.module:callable``, which returns a module of torch.

The callable runs in the processes that prepare and measure it, never in the parent. The folder in which rexbench was
started is on their path behind everything else, so that nothing of a user's hides a package of ours or of others; only
the package that the name itself begins with is looked for there first.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import re
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, ModelError, first_line
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    import torch

    from rexnet_core.sources.source import Request

PREFIX = "py:"
#: Packages of ours: a user's package of the same name can't be imported beside them.
OURS = frozenset({"analysis", "bench", "reports", "rexbench", "rexnet_core"})
_NAME = re.compile(
    r"py:([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\((\{.*\})\))?", re.DOTALL
)
_LONGEST = 400


class PythonCallable:
    """Models that a user's function or class makes."""

    kind = "py"
    form = "module"
    spelling = "py:package.module:callable"
    takes_channels = False

    def resolve(self, request: Request) -> str | None:
        """The name with its arguments, which are part of it, such as ``py:models:build({"width":2})``."""
        if not request.name.startswith(PREFIX):
            return None
        found = _NAME.fullmatch(request.name)
        if not found:
            raise InputError(f"a model of your own is written py:package.module:callable, got {request.name!r}")
        module, attribute, written = found.groups()
        arguments = _read_arguments(written) if written else dict(request.model_args or {})
        _check_findable(request.name, module.partition(".")[0])
        text = write_arguments(arguments)
        name = f"py:{module}:{attribute}({text})" if text else f"py:{module}:{attribute}"
        if len(name) > _LONGEST:
            raise InputError(f"a name with its arguments must have at most {_LONGEST} characters, got {len(name)}")
        return name

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """What the callable returns."""
        module = _make(name)
        told: Any = getattr(module, "default_cfg", None)
        told = told if isinstance(told, dict) else {}
        size = told.get("input_size")
        depth, height, width = size if isinstance(size, tuple | list) and len(size) == 3 else (None, None, None)  # noqa: PLR2004
        return OpenedModel(
            inputs=(make_image_spec(channels or depth, height, width),),
            module=module,
            pretrained=_is_trained(module),
            any_inputs=True,
        )

    def fingerprint(self, name: str) -> str:
        """Digest of the source of all modules of the callable's package, and of the user's folder, that are loaded."""
        top = name.removeprefix(PREFIX).partition(":")[0].partition(".")[0]
        folder = str(Path.cwd()) + os.sep
        files = {
            path
            for known, module in list(sys.modules.items())
            if (path := getattr(module, "__file__", None))
            and (known.partition(".")[0] == top or (path.startswith(folder) and known.partition(".")[0] not in OURS))
        }
        digest = hashlib.sha256()
        for path in sorted(files):
            with contextlib.suppress(OSError):
                digest.update(Path(path).read_bytes())
        return f"sha256:{digest.hexdigest()[:32]}"


def _read_arguments(text: str) -> dict[str, Any]:
    try:
        arguments = json.loads(text)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InputError(f'arguments of a model must be a JSON object such as {{"width": 2}}, got {text!r}')
    return arguments


def parse_model_args(text: str) -> dict[str, Any]:
    """The arguments that a caller wrote as a JSON object.

    Raises:
        InputError: The text is no JSON object.
    """
    return _read_arguments(text)


def write_arguments(arguments: Mapping[str, Any]) -> str:
    """The arguments as a name holds them; empty where there are none."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":"), allow_nan=False) if arguments else ""


def read_name_arguments(name: str) -> dict[str, Any]:
    """The arguments that a resolved name holds; none for names of other sources."""
    found = _NAME.fullmatch(name)
    return _read_arguments(found[3]) if found and found[3] else {}


def _check_findable(name: str, top: str) -> None:
    here = PathFinder.find_spec(top, [str(Path.cwd())])
    if top in OURS and here is not None and not _is_our_root(Path.cwd()):
        raise InputError(
            f"{name} begins with {top}, which is a package of rexbench itself; rename your package, or give its parent"
        )
    if here is None and importlib.util.find_spec(top) is None:
        raise InputError(
            f"{name} needs the module {top} in the current folder or installed, there is none; "
            "start rexbench in the folder that holds it"
        )


def _is_our_root(folder: Path) -> bool:
    return folder == Path(__file__).resolve().parents[2]


def _make(name: str) -> torch.nn.Module:
    from torch import nn  # noqa: PLC0415 - names resolve without torch

    found = _NAME.fullmatch(name)
    assert found, "a name that was resolved"
    module, attribute, written = found.groups()
    arguments = _read_arguments(written) if written else {}
    with _blame(name), contextlib.redirect_stdout(sys.stderr):
        maker: Any = _import(module)
        for part in attribute.split("."):
            if not hasattr(maker, part):
                raise InputError(f"{name} needs {attribute} in the module {module}, which has no {part}")
            maker = getattr(maker, part)
        if not callable(maker):
            raise ModelError(f"{name} must name a callable, not a {type(maker).__name__}")
        made = maker if isinstance(maker, nn.Module) and not arguments else maker(**arguments)
    if not isinstance(made, nn.Module):
        raise ModelError(f"{name} must return a torch.nn.Module, it returned a {type(made).__name__}")
    return made


@contextlib.contextmanager
def _blame(name: str) -> Iterator[None]:
    """Turn whatever a user's code raises into one line that names the place in the code."""
    try:
        yield
    except (InputError, ModelError, KeyboardInterrupt):
        raise
    except SystemExit as error:
        raise ModelError(f"{name} called sys.exit({error.code!r})") from None
    except BaseException as error:  # noqa: BLE001 - a user's code may raise anything
        trace, place = error.__traceback__, ""
        while trace is not None:
            code = trace.tb_frame.f_code
            if code.co_filename != __file__ and "importlib" not in code.co_filename:
                place = f" ({Path(code.co_filename).name}, line {trace.tb_lineno})"
            trace = trace.tb_next
        said = first_line(error) if isinstance(error, Exception) else ""
        raise ModelError(f"{name} raised {type(error).__name__}: {said}{place}") from None


def _import(name: str) -> ModuleType:
    """The module; its first package is looked for in the current folder before all other places."""
    folder = str(Path.cwd())
    if folder not in sys.path:
        sys.path.append(folder)
    top = name.partition(".")[0]
    if top not in sys.modules and (spec := PathFinder.find_spec(top, [folder])) and spec.loader:
        package = importlib.util.module_from_spec(spec)
        sys.modules[top] = package
        try:
            spec.loader.exec_module(package)
        except BaseException:
            sys.modules.pop(top, None)
            raise
    return importlib.import_module(name)


def _is_trained(module: torch.nn.Module) -> bool:
    """Whether a callable made weights that must stay: all are kept but where batch norms have seen no data yet."""
    from torch.nn.modules.batchnorm import _BatchNorm  # noqa: PLC0415

    norms: list[Any] = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    fresh: Callable[[Any], bool] = lambda norm: not norm.running_mean.any() and bool((norm.running_var == 1).all())  # noqa: E731
    return not norms or not all(map(fresh, norms))


SOURCE = PythonCallable()
