"""Counts that are kept: in memory, and in a folder, so that converting a model is paid for once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from analysis.complexity.conventions import CONVENTIONS, count_under
from analysis.complexity.conventions.record import Count, from_dict
from rexnet_core.files import replace_file
from rexnet_core.registry import model_config

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

#: Goes up when a rule changes, so that counts made under the old one are not read again.
RULES_VERSION = 3
#: What a count may depend on besides the model.
_LIBRARIES = ("torch", "openvino", "fvcore")


class CountCache:
    """Counts of registered models, each made once.

    Args:
        folder: Where counts are kept from run to run; None keeps them in memory alone. A file that
            is no count, or that other versions wrote, is replaced; a folder that can't be written to is ignored.
        others: Ways to count that are no `CONVENTIONS`: name -> function of a model and a side.
    """

    def __init__(
        self, folder: Path | None = None, others: Mapping[str, Callable[[str, int], Count]] | None = None
    ) -> None:
        self._folder, self._others = folder, others or {}
        self._known: dict[tuple[str, str, int], Count] = {}

    def count(self, convention: str, model: str, resolution: int) -> Count:
        """The model's count.

        Args:
            convention: A key of `CONVENTIONS`, or one of the others.
            model: A registered name.
            resolution: Side of the input, the shorter one where it is no square [pixels].

        Raises:
            InputError: Unknown model, or a side out of range.
        """
        key = (convention, model, resolution)
        if key not in self._known:
            self._known[key] = self._load(key) or self._make(key)
        return self._known[key]

    def knows(self, convention: str, model: str, resolution: int) -> bool:
        """Whether the count can be had without counting."""
        key = (convention, model, resolution)
        return key in self._known or self._load(key) is not None

    def take(self, count: Count) -> None:
        """Keep a count that was made elsewhere."""
        self._known[count.convention, count.model, count.height] = count
        self._save(count)

    def _make(self, key: tuple[str, str, int]) -> Count:
        convention, model, resolution = key
        other = self._others.get(convention)
        count = other(model, resolution) if other else count_under(convention, model, resolution)
        self._save(count)
        return count

    def _load(self, key: tuple[str, str, int]) -> Count | None:
        """The kept count, if there is one and it is what it should be."""
        if self._folder is None:
            return None
        try:
            count = from_dict(json.loads(self._path(*key).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return None
        return count if (count.convention, count.model, count.height) == key else None

    def _save(self, count: Count) -> None:
        if self._folder is None:
            return
        path = self._path(count.convention, count.model, count.height)
        with contextlib.suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, json.dumps(count.as_dict()))

    def _path(self, convention: str, model: str, resolution: int) -> Path:
        assert self._folder is not None
        known = CONVENTIONS.get(convention)
        rules = (known.counter, dict(known.options)) if known else ""
        made_of = (RULES_VERSION, rules, repr(model_config(model)), *map(_version, _LIBRARIES))
        digest = hashlib.sha256(repr(made_of).encode()).hexdigest()[:16]
        return self._folder / f"{model}-{resolution}-{convention}-{digest}.json"


def _version(library: str) -> str:
    try:
        return version(library)
    except PackageNotFoundError:
        return ""
