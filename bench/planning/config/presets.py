"""A preset as a project writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bench.backends.registry import backend_names
from bench.planning.config.values import (
    MisplacedError,
    Place,
    check_duration,
    check_list,
    check_share,
    check_text,
    check_whole,
    one_of,
    show,
)
from bench.planning.plan import check_settings
from bench.planning.presets import NATIVE, Preset
from bench.records.case import DEVICES, HINT, MEMORY_FORMATS, PRECISIONS, SCENARIOS
from bench.records.settings import Settings
from rexnet_core.errors import InputError
from rexnet_core.registry import model_info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _check_model(place: Place, value: Any) -> str:
    text = check_text(place, value)
    try:
        return model_info(text).name
    except InputError as error:
        raise MisplacedError(place, str(error)) from None


def _whole_or(word: str) -> Callable[[Place, Any], int | str]:
    def check(place: Place, value: Any) -> int | str:
        if value == word:
            return word
        if isinstance(value, str):
            raise MisplacedError(place, f"{place[-1]} must be whole numbers or the word {word}, not {show(value)}")
        return check_whole(place, value)

    return check


def _check_group(place: Place, value: Any) -> tuple[str, ...]:
    group = check_list(place, value, _check_model)
    if len(group) < 2:  # noqa: PLR2004 - nobody is his own rival
        raise MisplacedError(place, f"rivals must be lists of at least two models, not {show(value)} of one")
    return group


def _listed(check: Callable[[Place, Any], Any]) -> Callable[[Place, Any], Any]:
    return lambda place, value: check_list(place, value, check)


#: Each key with the field of a preset that it sets, and the check of its value.
_FIELDS: Mapping[str, tuple[str, Callable[[Place, Any], Any]]] = {
    "summary": ("summary", check_text),
    "models": ("models", _listed(_check_model)),
    "backends": ("backends", _listed(one_of("backend", backend_names()))),
    "batch-sizes": ("batch_sizes", _listed(check_whole)),
    "resolutions": ("resolutions", _listed(_whole_or(NATIVE))),
    "precisions": ("precisions", _listed(one_of("precision", PRECISIONS))),
    "memory-formats": ("memory_formats", _listed(one_of("memory format", MEMORY_FORMATS))),
    "scenarios": ("scenarios", _listed(one_of("scenario", SCENARIOS))),
    "streams": ("streams", _listed(_whole_or(HINT))),
    "rivals": ("rivals", _listed(_check_group)),
    "device": ("device", one_of("device", DEVICES)),
    "threads": ("threads", check_whole),
}
#: Each key with the measuring setting that it changes, and the check of its value.
_SETTINGS: Mapping[str, tuple[str, Callable[[Place, Any], Any]]] = {
    "budget": ("budget_s", check_duration),
    "rounds": ("max_rounds", check_whole),
    "target": ("target", check_share),
}
KEYS = (*_FIELDS, *_SETTINGS)


def read_preset(place: Place, table: Mapping[str, Any]) -> Preset:
    """A preset; what it leaves out is as in our own.

    Args:
        place: Of its table, whose last name is that of the preset.
        table: Its keys, all of them known.

    Raises:
        MisplacedError: A value breaks a rule, or there are no models.
    """
    if "models" not in table:
        raise MisplacedError(place, f"preset {place[-1]} must name its models; add models = [...]")
    given: dict[str, Any] = {"summary": f"preset {place[-1]}", "batch_sizes": (1,)}
    given |= {name: check((*place, key), table[key]) for key, (name, check) in _FIELDS.items() if key in table}
    changes = {name: check((*place, key), table[key]) for key, (name, check) in _SETTINGS.items() if key in table}
    _check_rivals((*place, "rivals"), given)
    return Preset(settings=check_settings(Settings(), changes), **given)


def _check_rivals(place: Place, given: Mapping[str, Any]) -> None:
    """Groups of rivals are of the preset's models, and no model is in two."""
    seen: set[str] = set()
    for group in given.get("rivals", ()):
        for model in group:
            if model not in given["models"]:
                raise MisplacedError(place, f"rivals must be among the preset's models; {model} is not, add it there")
            if model in seen:
                raise MisplacedError(place, f"a model may be in one group of rivals; {model} is in two")
            seen.add(model)
