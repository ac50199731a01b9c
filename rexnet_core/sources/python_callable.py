"""A user's own model: ``py:package.module:callable``, which returns a module of torch.

The callable runs in the processes that describe, prepare and measure it, never in the parent. The folder in which
rexbench was started is on their path behind everything else, so that nothing of a user's hides a package of ours or of
others; only the package that the name itself begins with is looked for there first.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from rexnet_core.errors import InputError, ModelError
from rexnet_core.printable import shorten
from rexnet_core.sources.declared_preprocessing import read_preprocessing
from rexnet_core.sources.model_files import fingerprint_file
from rexnet_core.sources.module_checks import check_module
from rexnet_core.sources.source import OpenedModel
from rexnet_core.sources.tensors import make_image_spec
from rexnet_core.sources.user_code import blame, check_findable, import_user_module, list_user_files

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import torch

    from rexnet_core.sources.source import Request
    from rexnet_core.sources.tensors import TensorSpec

PREFIX = "py:"
_NAME = re.compile(
    r"py:([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)(?:\((\{.*\})\))?", re.DOTALL
)
_LONGEST = 400
_LARGEST_SIDE = 2**16


class PythonCallable:
    """Models that a user's function or class makes."""

    kind = "py"
    form = "module"
    spelling = "py:package.module:callable"
    takes_channels = False
    runs_code = True

    def resolve(self, request: Request) -> str | None:
        """The name with its arguments, which are part of it, such as ``py:models:build({"width":2})``."""
        if not request.name.startswith(PREFIX):
            return None
        found = _NAME.fullmatch(request.name)
        if not found:
            raise InputError(
                f"a model of your own is written py:package.module:callable, got {shorten(request.name)!r}"
            )
        module, attribute, written = found.groups()
        text = write_arguments(parse_model_args(written or json.dumps(dict(request.model_args or {}))))
        name = f"py:{module}:{attribute}({text})" if text else f"py:{module}:{attribute}"
        if len(name) > _LONGEST:
            raise InputError(f"a name with its arguments must have at most {_LONGEST} characters, got {len(name)}")
        check_findable(name, module.partition(".")[0])
        return name

    def open(self, name: str, channels: int | None) -> OpenedModel:
        """What the callable returns, in single precision, which is the reference of all others."""
        with blame(name):
            module = _make(name)
            check_module(module, name)
            return OpenedModel(
                inputs=(_read_input(module, channels),),
                module=module.float(),
                pretrained=_is_trained(module),
                any_inputs=True,
                preprocessing=read_preprocessing(_read_told(module)),
            )

    def fingerprint(self, name: str) -> str:
        """Digest of the source of all modules of the callable's package, and of the user's folder, that are loaded."""
        return fingerprint_file(*list_user_files(name.removeprefix(PREFIX).partition(":")[0].partition(".")[0]))


def parse_model_args(text: str) -> dict[str, Any]:
    """The arguments that a caller wrote as a JSON object.

    Raises:
        InputError: The text is no JSON object, or has numbers that JSON has not.
    """
    try:
        arguments = json.loads(text)
        json.dumps(arguments, allow_nan=False)
    except (ValueError, RecursionError):
        arguments = None
    if not isinstance(arguments, dict):
        raise InputError(
            f'arguments of a model must be a JSON object such as {{"width": 2}} without NaN, got {shorten(text)!r}'
        )
    return arguments


def write_arguments(arguments: Mapping[str, Any]) -> str:
    """The arguments as a name holds them; empty where there are none."""
    return json.dumps(arguments, sort_keys=True, separators=(",", ":")) if arguments else ""


def read_name_arguments(name: str) -> dict[str, Any]:
    """The arguments that a resolved name holds; none for names of other sources."""
    found = _NAME.fullmatch(name)
    return parse_model_args(found[3]) if found and found[3] else {}


def _make(name: str) -> torch.nn.Module:
    from torch import nn  # noqa: PLC0415 - names resolve without torch

    found = _NAME.fullmatch(name)
    assert found, "a name that was resolved"
    module, attribute, _ = found.groups()
    arguments = read_name_arguments(name)
    maker: Any = import_user_module(module)
    for part in attribute.split("."):
        if not hasattr(maker, part):
            raise InputError(f"{name} needs {attribute} in the module {module}, which has no {part}")
        maker = getattr(maker, part)
    if isinstance(maker, nn.Module) and not arguments:
        return maker
    if not callable(maker):
        raise ModelError(f"{name} must name a callable or a torch.nn.Module, it names a value of type {_type(maker)}")
    made = maker(**arguments)
    if not isinstance(made, nn.Module):
        what = f"the class {made.__name__}, not one of its objects" if isinstance(made, type) else _type(made)
        raise ModelError(f"{name} must return a torch.nn.Module, it returned {what}")
    return made


def _type(value: object) -> str:
    return type(value).__name__


def _read_told(module: torch.nn.Module) -> dict[str, Any]:
    """What a module says of the images that it was made for, as timm's do; empty where it says nothing."""
    told: Any = getattr(module, "default_cfg", None)
    return told if isinstance(told, dict) else {}


def _read_input(module: torch.nn.Module, channels: int | None) -> TensorSpec:
    """The image that a module says it was made for, as timm's do; what it does not say may vary."""
    size = _read_told(module).get("input_size")
    known = (
        isinstance(size, tuple | list)
        and len(size) == len(("channels", "height", "width"))
        and all(isinstance(side, int) and 0 < side <= _LARGEST_SIDE for side in size)
    )
    depth, height, width = size if known and size else (None, None, None)
    return make_image_spec(channels or depth, height, width)


def _is_trained(module: torch.nn.Module) -> bool:
    """Whether a callable made weights that must stay: all are kept but where batch norms have seen no data yet."""
    from torch.nn.modules.batchnorm import _BatchNorm  # noqa: PLC0415

    norms: list[Any] = [part for part in module.modules() if isinstance(part, _BatchNorm) and part.track_running_stats]
    fresh: Callable[[Any], bool] = lambda norm: not norm.running_mean.any() and bool((norm.running_var == 1).all())  # noqa: E731
    return not norms or not all(map(fresh, norms))


SOURCE = PythonCallable()
