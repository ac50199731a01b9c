"""Every backend by name: ours are the files of this folder that declare `INFO`, others come by entry points.

An entry point of the group ``rexbench.backends`` has the backend's name and loads a module, or another object, with
`INFO` and `open_backend`. One that can't be loaded stops nothing but runs that ask for it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.backends.info import BackendInfo
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: Group of the entry points.
GROUP = "rexbench.backends"
_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Registry:
    """The backends in the order of tables and legends, and why those that can't be used can't, by name."""

    infos: Mapping[str, BackendInfo]
    unusable: Mapping[str, str]


def load_backend(name: str) -> Any:
    """The object with `INFO` and `open_backend`; no other backend is imported.

    Raises:
        UnknownNameError: No backend has this name.
    """
    if (_FOLDER / f"{name}.py").is_file():
        module = import_module(f"bench.backends.{name}")
        if hasattr(module, "INFO"):
            return module
    for point in metadata.entry_points(group=GROUP, name=name):
        return point.load()
    raise UnknownNameError("backend", name, backend_names())


@cache
def read_registry() -> Registry:
    """All backends; read once in a process."""
    declared: dict[str, tuple[str, BackendInfo]] = {}
    for path in sorted(_FOLDER.glob("*.py")):
        info = getattr(import_module(f"bench.backends.{path.stem}"), "INFO", None)
        if info is not None:
            declared[path.stem] = (f"rexbench (bench.backends.{path.stem})", info)
    own, unusable = set(declared), {}
    for point in metadata.entry_points(group=GROUP):
        origin = _describe_origin(point)
        if point.name in declared:
            both = f"{declared[point.name][0]} and {origin}"
            unusable[point.name] = f"two backends are named {point.name!r}, those of {both}; uninstall one of the two"
            continue
        try:
            declared[point.name] = (origin, _check(point.name, point.load()))
        except Exception as error:  # noqa: BLE001 - whatever another distribution raises is one line
            why = " ".join(f"{type(error).__name__}: {error}".split())
            unusable[point.name] = f"backend {point.name!r} of {origin} can't be loaded ({why}); repair or uninstall it"
    infos = {name: info for name, (_, info) in declared.items() if name not in unusable}
    order = sorted(infos, key=lambda name: (name not in own, infos[name].position, name))
    return Registry({name: infos[name] for name in order}, unusable)


def _describe_origin(point: metadata.EntryPoint) -> str:
    distribution = f"{point.dist.name} {point.dist.version}" if point.dist else "an unknown distribution"
    return f"{distribution} ({point.value})"


def _check(name: str, backend: Any) -> BackendInfo:
    """The info of a backend that was loaded from an entry point; an error says what it lacks."""
    info = getattr(backend, "INFO", None)
    if not isinstance(info, BackendInfo) or not callable(getattr(backend, "open_backend", None)):
        raise TypeError("it must have INFO, a BackendInfo, and the function open_backend")
    if info.name != name:
        raise ValueError(f"its INFO.name must be {name!r}, not {info.name!r}")
    return info


def backend_names() -> tuple[str, ...]:
    """Names of all backends that can be used, ours first."""
    return tuple(read_registry().infos)


def check_backend(name: str) -> str:
    """The name, if a run can use its backend.

    Raises:
        InputError: The backend is installed but can't be loaded, or two have this name.
        UnknownNameError: No backend has this name.
    """
    registry = read_registry()
    if name in registry.unusable:
        raise InputError(registry.unusable[name])
    if name not in registry.infos:
        raise UnknownNameError("backend", name, backend_names())
    return name


def info_of(name: str) -> BackendInfo:
    """The info of a backend; its name alone where a stored run names one that is not installed here."""
    return read_registry().infos.get(name) or BackendInfo(name=name)


def mark_deprecated(name: str) -> str:
    """The name of a backend as a reader sees it: with a mark where its runtime is deprecated."""
    return f"{name} (deprecated)" if info_of(name).deprecated else name


def libraries(names: Iterable[str] | None = None) -> tuple[str, ...]:
    """Distributions that the named backends, or all, run on, each once."""
    infos = map(info_of, backend_names() if names is None else names)
    return tuple(dict.fromkeys(info.library for info in infos if info.library))


def tuning_variables() -> tuple[str, ...]:
    """Beginnings of environment variables that tune a backend."""
    return tuple(dict.fromkeys(name for info in read_registry().infos.values() for name in info.tuning_variables))


def thread_variables() -> tuple[str, ...]:
    """Environment variables that receive the thread budget."""
    return tuple(dict.fromkeys(name for info in read_registry().infos.values() for name in info.thread_variables))
