"""What quantised models are calibrated on, and the images on which they are compared; plain values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from analysis.schema import Count, Name, Text, read_record

#: The set of a run that names none: inputs drawn as those that every case computes.
GENERATED = "generated"


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationSet:
    """A set of inputs.

    Args:
        name: The set in a case's identity: ``generated``, or name and digest of a folder, or the name of a loader.
        source: The folder, or the loader as ``package.module:callable``; empty for generated inputs.
        files: Pictures to calibrate on, within the folder; empty for other sets.
        held_out: Pictures to compare on, which are none of them.
        labels: The class of each picture in `held_out`; empty where the classes are not known.
        classes: Classes of the folder; 0 where they are not known.
        found: Pictures in the folder.
    """

    name: str = GENERATED
    source: str = ""
    files: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    labels: tuple[int, ...] = ()
    classes: int = 0
    found: int = 0

    @property
    def loader(self) -> bool:
        """Whether a caller's function gives the inputs."""
        return bool(self.source) and not self.files

    def as_message(self) -> dict[str, Any]:
        """The set for the process that prepares files."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSet(CalibrationSet):
    """A set as a message has it."""

    name: Name = GENERATED
    source: Text = ""
    files: tuple[Text, ...] = ()
    held_out: tuple[Text, ...] = ()
    labels: tuple[Count, ...] = ()
    classes: Count = 0
    found: Count = 0


def read_set(values: object) -> CalibrationSet:
    """The set of a message.

    Raises:
        SchemaError: It is none.
    """
    return read_record(CalibrationSet, ToldSet, values)
