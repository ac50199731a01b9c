"""Command line options made from the fields of a setting, whose metadata is described in `analysis.setting_fields`.

Further metadata is the option's own: ``type`` of a value, ``nargs``, ``metavar``, ``positional``, and ``unset``, the
default as the help names it where the field's own default does not say it.
"""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.setting_fields import name_option
from bench.planning.option_values import number, whole

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Mapping
    from dataclasses import Field

#: How the text of a value is read, where another function than the type itself does it.
_READERS: dict[Any, Callable[[str], Any]] = {int: whole, float: number}
#: Bounds from here on only catch typing errors; the help does not name them.
_LARGE = 10**6
_METAVARS = {int: "N", float: "NUMBER", Path: "FILE"}


def add_fields(
    add: Callable[..., object],
    setting: type,
    *,
    types: Mapping[str, Callable[[str], Any]] | None = None,
    leave_out: Collection[str] = (),
    defaults: bool = True,
) -> None:
    """Declare an option for each field of a dataclass that has a help text; an option that is not given is None.

    `add` is ``add_argument`` of argparse, or ``addoption`` of a pytest group.
    """
    for spec in fields(setting):
        if "help" not in spec.metadata or spec.name in leave_out:
            continue
        kind = (types or {}).get(spec.name, spec.metadata.get("type"))
        keywords = {"help": _describe(spec, defaults=defaults), **_value(spec, kind)}
        if spec.metadata.get("positional"):
            add(spec.name, **keywords)
        else:
            add(name_option(spec), dest=spec.name, default=None, **keywords)


def _value(spec: Field[Any], kind: Any) -> dict[str, Any]:
    if spec.default is False:
        return {"action": "store_true"}
    keywords = {"metavar": spec.metadata.get("metavar", _METAVARS.get(kind, "NAME"))}
    if kind is not None:
        keywords["type"] = _READERS.get(kind, kind)
    if "nargs" in spec.metadata:
        keywords["nargs"] = spec.metadata["nargs"]
    return keywords


def _describe(spec: Field[Any], *, defaults: bool) -> str:
    text, remarks = str(spec.metadata["help"]), []
    if choices := spec.metadata.get("choices"):
        text += f": {'any' if 'nargs' in spec.metadata else 'one'} of {', '.join(choices)}"
    if bounds := spec.metadata.get("bounds"):
        remarks.append(f"{bounds[0]:g} to {bounds[1]:g}" if bounds[1] < _LARGE else f"at least {bounds[0]:g}")
    own = defaults and spec.default is not MISSING and not isinstance(spec.default, bool | tuple | None)
    if (default := spec.metadata.get("unset", spec.default if own else None)) is not None:
        remarks.append(f"default: {default}")
    return f"{text} ({'; '.join(remarks)})" if remarks else text


def read_fields(args: argparse.Namespace, setting: type) -> dict[str, Any]:
    """The fields whose options were given, with their values; lists are tuples."""
    values = {spec.name: getattr(args, spec.name, None) for spec in fields(setting) if "help" in spec.metadata}
    return {
        name: tuple(value) if isinstance(value, list) else value for name, value in values.items() if value is not None
    }
