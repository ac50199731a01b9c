"""The pictures that cases of the end-to-end scenario begin with, and the parts of their calls; plain values only."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from analysis.schema import Count, Name, Text, read_record

if TYPE_CHECKING:
    from pathlib import Path

#: The set of a run that names none: JPEG files made from a seed.
GENERATED = "generated"
#: Parts of a call that prepare its pictures, in their order.
PREPROCESSING = ("decode", "resize", "normalise")
#: All parts of a call in their order: handing the batch to the runtime, and computing with it up to the labels.
CALL_PARTS = (*PREPROCESSING, "feed", "inference")


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureSet:
    """A set of pictures.

    Args:
        name: The set in a case's identity: ``generated``, or name and digest of a folder.
        source: The folder; empty for generated pictures.
        files: Pictures within the folder, in the order in which calls take them; empty for generated ones.
        found: Pictures in the folder.
    """

    name: str = GENERATED
    source: str = ""
    files: tuple[str, ...] = ()
    found: int = 0

    def as_message(self) -> dict[str, Any]:
        """The set for the process that prepares files."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldPictures(PictureSet):
    """A set as a message has it."""

    name: Name = GENERATED
    source: Text = ""
    files: tuple[Text, ...] = ()
    found: Count = 0


def read_picture_set(values: object) -> PictureSet:
    """The set of a message.

    Raises:
        SchemaError: It is none.
    """
    return read_record(PictureSet, ToldPictures, values)


def pictures_folder(assets: Path) -> Path:
    """Where the pictures are, what the model sees of them, and the outputs of the reference for that."""
    return assets / "end-to-end"
