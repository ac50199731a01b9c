"""A preset as a project writes it."""

from __future__ import annotations

import json
import re
from functools import partial
from typing import TYPE_CHECKING, Any

from analysis.model_options import ModelOptions
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
from rexnet_core.sources.registry import is_guest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.planning.config.values import Check

#: The store, file names and command lines hold the name of a preset.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,39}")


def _check_model(value: Any) -> str:
    """A name; whether a model from elsewhere is there is asked when its preset is run."""
    name = check_text(value)
    return name if is_guest(name) else model_info(name).name


def _check_arguments(value: Any) -> str:
    if not isinstance(value, dict):
        raise InputError(f"must be a table such as {{width = 2}}, got {show(value)}")
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise InputError(f"must have values that JSON can hold, got {show(value)}") from None


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


#: Each key with the option of models that it sets, and the check of its value; trust is given by a caller alone.
_OPTIONS: Mapping[str, tuple[str, Check]] = {
    "model-args": ("model_args", _check_arguments),
    "input-shape": ("input_shapes", list_of(check_text, distinct=False)),
    "in-channels": ("in_channels", check_whole),
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
    rows = {**_FIELDS, **_OPTIONS, **_SETTINGS}
    checked = check_keys(table, {key: check for key, (_, check) in rows.items()})
    if "models" not in checked:
        raise InputError("a preset must name its models; add models = [...]")
    given = {field: checked[key] for key, (field, _) in _FIELDS.items() if key in checked}
    options = {option: checked[key] for key, (option, _) in _OPTIONS.items() if key in checked}
    changes = {setting: checked[key] for key, (setting, _) in _SETTINGS.items() if key in checked}
    _check_rivals(given)
    defaults = {"summary": f"preset {name}", "batch_sizes": (1,)}
    settings = check_settings(Settings(), changes)
    return Preset(settings=settings, options=ModelOptions(**options), **{**defaults, **given})


def _check_rivals(given: Mapping[str, Any]) -> None:
    seen: set[str] = set()
    for group in given.get("rivals", ()):
        for model in group:
            if model not in given["models"]:
                raise InputError(f"rivals must be among the preset's models; {model} is not, add it there")
            if model in seen:
                raise InputError(f"a model may be in one group of rivals; {model} is in two")
            seen.add(model)
