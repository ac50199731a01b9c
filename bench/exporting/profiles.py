"""Named forms of artefacts. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.data_tables import load_table
from rexnet_core.errors import InputError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping


#: What the weights that were published have: outputs, and the side of their pictures [pixels].
_CLASSES, _SIDE = 1000, 224


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Options of an artefact that stand for those that a caller leaves out.

    Args:
        publisher: Whose form it is, as the table of published numbers names it; empty for none.
        options: By the names of the fields of `bench.exporting.setting.ExportSetting`.
        published_name: What its publisher calls the model.
        original_order: Of the channels that the network takes as its publisher made it; empty for ours.
        licence: Of the weights, as the publisher states it.
        index_constants: Whether the publisher's file held its partial shortcuts as additions in place, with the places
            of channels as constants, which the publisher counted.
    """

    publisher: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    published_name: str = ""
    original_order: str = ""
    licence: str = ""
    index_constants: bool = False

    def is_about(self, classes: int, side: int, layout: str) -> bool:
        """Whether weights can be those that were published: name, licence and numbers of these belong to no others.

        Args:
            classes: Outputs of the model.
            side: Of its pictures [pixels].
            layout: Of its checkpoint; no publisher's is ours.
        """
        return bool(self.publisher) and (classes, side) == (_CLASSES, _SIDE) and layout != "own"


def name_profiles() -> tuple[str, ...]:
    """The names of all profiles."""
    return tuple(load_table(__file__, "profiles.toml"))


def find_profile(name: str | None, model: str) -> Profile:
    """The profile of a name for a model; one that says nothing where no name is given.

    Raises:
        UnknownNameError: There is no such profile.
        InputError: It has nothing for this model.
    """
    if name is None:
        return Profile()
    known = load_table(__file__, "profiles.toml")
    if name not in known:
        raise UnknownNameError("profile", name, known)
    usual = dict(known[name])
    publisher, models = usual.pop("publisher"), usual.pop("models")
    if model not in models:
        raise InputError(f"--like {name} is for {' and '.join(models)}, not {model}; leave it out or name one of these")
    own = dict(models[model])
    told = {key: own.pop(key) for key in ("published_name", "original_order", "licence", "index_constants")}
    return Profile(publisher=publisher, options={**usual, **own}, **told)
