"""The envelope of every study: what is stored, answered as JSON and shown by a report."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Key of the settings in stored documents.
_SETTINGS = "setting"
#: Keys of stored documents that are no part of the payload; `format` is the older name of `format_version`.
_ENVELOPE = frozenset({"kind", "format_version", "format", "stopped", _SETTINGS})
#: Key of raw samples in a payload: they are stored, but belong in no answer.
_SAMPLES = "samples"


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """The result of a study of any kind.

    Args:
        kind: Such as ``layers``; it decides which report shows the study.
        payload: Results as plain values; the keys depend on the kind.
        format_version: Of the payload.
        settings: Parameters and versions that the results depend on; empty where the payload holds them.
        stopped: Whether the study ended before it was complete.
    """

    kind: str
    payload: Mapping[str, Any]
    format_version: int = 1
    settings: Mapping[str, Any] = field(default_factory=dict)
    stopped: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The stored document: the payload's keys beside those of the envelope."""
        settings = {_SETTINGS: dict(self.settings)} if self.settings else {}
        head = {"kind": self.kind, "format_version": self.format_version, "stopped": self.stopped}
        return {**head, **settings, **self.payload}

    def as_answer(self) -> dict[str, Any]:
        """The document without raw samples."""
        return {name: value for name, value in self.as_dict().items() if name != _SAMPLES}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Study:
        """Read a stored document; a number that JSON lacks is a missing one.

        Raises:
            InputError: Its kind is not a text, its format version not a whole number from 1, or its settings no table.
        """
        document = make_plain(dict(document))
        kind, version = document.get("kind"), document.get("format_version", document.get("format"))
        if not isinstance(kind, str):
            raise InputError(f"a stored study must name its kind, got {kind!r}; run the study again")
        if not isinstance(version, int) or version < 1:
            raise InputError(
                f"a stored study must have a whole number as format_version, got {version!r}; run the study again"
            )
        settings = document.get(_SETTINGS) or {}
        if not isinstance(settings, dict):
            raise InputError(f"a stored study must have a table as {_SETTINGS}, got {settings!r}; run the study again")
        return cls(
            kind=kind,
            format_version=version,
            settings=settings,
            stopped=bool(document.get("stopped")),
            payload={name: value for name, value in document.items() if name not in _ENVELOPE},
        )
