"""How publishers prepare images: their rules by name, and which of them the weights of our networks get.

`publishers.toml` has the facts with their sources.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from rexnet_core.errors import UnknownNameError
from rexnet_core.preprocess import Preprocessing
from rexnet_core.registry import model_info

#: Colours as a file has them become a tuple.
_COLOURS = ("mean", "std")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A publisher's way to prepare images.

    Args:
        steps: What is done.
        padding: Of the input's side, which together are what the shorter side becomes [pixels]; None: `steps` say it.
        source: Repository, commit and file.
    """

    steps: Preprocessing
    padding: int | None
    source: str

    def at_side(self, side: int) -> Preprocessing:
        """The steps for a model with this input side."""
        if self.padding is None:
            return self.steps
        resized = side + self.padding
        return replace(self.steps, side=side, resized_side=resized, crop_ratio=side / resized)


def rule_names() -> tuple[str, ...]:
    """The names of all rules."""
    return tuple(_read()["rules"])


@cache
def find_rule(name: str) -> Rule:
    """A rule by its name.

    Raises:
        UnknownNameError: There is no such rule.
    """
    rules = _read()["rules"]
    if name not in rules:
        raise UnknownNameError("rule of preprocessing", name, tuple(rules))
    told = dict(rules[name])
    source, padding = told.pop("source"), told.pop("padding", None)
    return Rule(steps=_change(Preprocessing(rule=name), told), padding=padding, source=source)


def preprocessing_of(model: str, layout: str, sha256: str = "") -> Preprocessing:
    """How images are prepared for weights of one of our networks: as the publisher of their layout does.

    Weights of two publishers, or of two recipes of one, may have the same names: `note` says so where it is known.

    Args:
        model: A registered name.
        layout: As `rexnet_core.load_weights` gives it, such as ``official`` or ``timm``.
        sha256: Of the file in hexadecimal, which tells torchvision's first weights from its second.

    Raises:
        InputError: There is no such model.
    """
    info = model_info(model)
    row = next(row for row in _read()["weights"] if _fits(row, info.family, model, layout, sha256))
    told = {key: value for key, value in row.items() if key not in _KEYS}
    steps = find_rule(row["rule"]).at_side(told.get("side", info.resolution))
    if "resized_side" in told:
        told = {"side": info.resolution, **told}
        told["crop_ratio"] = told["side"] / told["resized_side"]
    return _change(steps, told)


_KEYS = frozenset({"family", "models", "layout", "digests", "rule"})


def _fits(row: dict[str, Any], family: str, model: str, layout: str, sha256: str) -> bool:
    return (
        row.get("family", family) == family
        and model in row.get("models", (model,))
        and row.get("layout", layout) == layout
        and any(map(sha256.startswith, row.get("digests", ("",))))
    )


def _change(steps: Preprocessing, told: dict[str, Any]) -> Preprocessing:
    changes: dict[str, Any] = {key: tuple(value) if key in _COLOURS else value for key, value in told.items()}
    return replace(steps, **changes)


@cache
def _read() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
