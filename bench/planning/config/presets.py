"""A preset as a project writes it."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from bench.backends.registry import backend_names
from bench.planning.config.values import (
    check_duration,
    check_keys,
    check_share,
    check_text,
    check_whole,
    list_of,
    one_of,
    show,
)
from bench.planning.plan import check_settings
from bench.planning.presets import NATIVE, PRESETS, Preset
from bench.records.case import DEVICES, HINT, MEMORY_FORMATS, PRECISIONS, SCENARIOS
from bench.records.settings import Settings
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.planning.config.values import Check

#: The store, file names and command lines hold the name of a preset.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def _check_model(value: Any) -> str:
    return model_info(check_text(value)).name


def _whole_or(word: str) -> Check:
    def check(value: Any) -> int | str:
        if value == word:
            return word
        if isinstance(value, str):
            raise InputError(f"must be whole numbers or the word {word}, got {show(value)}")
        return check_whole(value)

    return check


def _check_group(value: Any) -> tuple[str, ...]:
    group: tuple[str, ...] = list_of(_check_model)(value)
    if len(group) < 2:  # noqa: PLR2004 - a comparison needs two
        raise InputError(f"must be lists of at least two models, got {show(value)}")
    return group


#: Each key with the field of a preset that it sets, and the check of its value.
_FIELDS: Mapping[str, tuple[str, Check]] = {
    "summary": ("summary", check_text),
    "models": ("models", list_of(_check_model)),
    "backends": ("backends", list_of(one_of("backend", backend_names()))),
    "batch-sizes": ("batch_sizes", list_of(check_whole)),
    "resolutions": ("resolutions", list_of(_whole_or(NATIVE))),
    "precisions": ("precisions", list_of(one_of("precision", PRECISIONS))),
    "memory-formats": ("memory_formats", list_of(one_of("memory format", MEMORY_FORMATS))),
    "scenarios": ("scenarios", list_of(one_of("scenario", SCENARIOS))),
    "streams": ("streams", list_of(_whole_or(HINT))),
    "rivals": ("rivals", list_of(_check_group)),
    "device": ("device", one_of("device", DEVICES)),
    "threads": ("threads", check_whole),
}
#: Each key with the measuring setting that it changes, and the check of its value.
_SETTINGS: Mapping[str, tuple[str, Check]] = {
    "budget": ("budget_s", check_duration),
    "rounds": ("max_rounds", check_whole),
    "target": ("target", check_share),
}


def read_presets(value: Any) -> dict[str, Preset]:
    """The presets of a project by name."""
    names = value if isinstance(value, dict) else ()
    return check_keys(value, {name: partial(_read_preset, name) for name in names})


def _read_preset(name: str, table: Any) -> Preset:
    """A preset; what it leaves out is as in ours."""
    if name in PRESETS:
        raise InputError(f"preset {name} is built in; choose another name")
    if not _NAME.fullmatch(name):
        raise InputError(f"a preset's name must be at most 40 letters, digits, '-', '_' and '.', got {show(name)}")
    rows = {**_FIELDS, **_SETTINGS}
    checked = check_keys(table, {key: check for key, (_, check) in rows.items()})
    if "models" not in checked:
        raise InputError("a preset must name its models; add models = [...]")
    given = {field: checked[key] for key, (field, _) in _FIELDS.items() if key in checked}
    changes = {setting: checked[key] for key, (setting, _) in _SETTINGS.items() if key in checked}
    _check_rivals(given)
    defaults = {"summary": f"preset {name}", "batch_sizes": (1,)}
    return Preset(settings=check_settings(Settings(), changes), **{**defaults, **given})


def _check_rivals(given: Mapping[str, Any]) -> None:
    seen: set[str] = set()
    for group in given.get("rivals", ()):
        for model in group:
            if model not in given["models"]:
                raise InputError(f"rivals must be among the preset's models; {model} is not, add it there")
            if model in seen:
                raise InputError(f"a model may be in one group of rivals; {model} is in two")
            seen.add(model)
