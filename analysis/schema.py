"""The door for plain values from outside: what a store, a file or a worker holds is read by a schema, once.

A schema is any type that msgspec can convert to: a record, or a `TypedDict`, with types that have ranges. A range
leaves out NaN, too: no comparison with it is true.
"""

from __future__ import annotations

from dataclasses import fields
from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta

T = TypeVar("T")
_MOST = 1e300
#: The longest time that can be meant [s]: thirty years.
_MOST_S = 1e9

#: Any number but NaN and the infinities; the same, or None where it is not known.
Finite = Annotated[float, Meta(ge=-_MOST, le=_MOST)]
Maybe = Finite | None
#: A number from 0, such as a distance or a standard deviation; a share from 0 to 1.
NotNegative = Annotated[float, Meta(ge=0, le=_MOST)]
Share = Annotated[float, Meta(ge=0, le=1)]
#: A time that something took [s]; the time of a call [s], and no call takes no time.
Duration = Annotated[float, Meta(ge=0, le=_MOST_S)]
Sample = Annotated[float, Meta(gt=0, le=_MOST_S)]
#: A whole number from 0, or from 1, that tables of 64 bits can hold.
Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Positive = Annotated[int, Meta(ge=1, le=2**63 - 1)]
#: True or false, also as 1 or 0.
Flag = bool | Annotated[int, Meta(ge=0, le=1)]
#: One line of text without control characters.
Name = Annotated[str, Meta(min_length=1, pattern=r"^[^\x00-\x1f\x7f-\x9f]+\Z")]
#: The same, or nothing.
Text = Annotated[str, Meta(pattern=r"^[^\x00-\x1f\x7f-\x9f]*\Z")]
#: A time with its offset from UTC, ISO 8601.
Moment = Annotated[datetime, Meta(tz=True)]


class SchemaError(ValueError):
    """A value does not fit its schema; the message says at what place, in one line."""


def read_as(schema: type[T], value: object) -> T:
    """The value as its schema has it.

    Names that the schema does not know are left out, because a later version may store more.

    Raises:
        SchemaError: A value is missing, of another type, or out of its range.
    """
    try:
        return msgspec.convert(value, schema)
    except msgspec.ValidationError as error:
        raise SchemaError(_describe(str(error))) from None
    except UnicodeEncodeError as error:  # of a name, or of one of several words; text may hold any character
        raise SchemaError(f"has a name or word that is no text: {error.object!r}") from None


def read_record(record: type[T], schema: type[T], value: object) -> T:
    """The record that a value holds, which is checked by a narrower form of the record.

    Raises:
        SchemaError: As `read_as`.
    """
    checked = read_as(schema, value)
    return record(**{spec.name: getattr(checked, spec.name) for spec in fields(record)})  # type: ignore[arg-type]


def check_fits(schema: Any, value: object) -> None:
    """Check that a value fits its schema, and leave the value as it is.

    Raises:
        SchemaError: As `read_as`.
    """
    read_as(schema, value)


def _describe(message: str) -> str:
    """Such as ``rows[...].change: expected float, got str``."""
    what, _, place = message.replace("`", "").partition(" - at ")
    what, place = f"{what[0].lower()}{what[1:]}", place.replace("$.", "").removeprefix("$")
    return f"{place}: {what}" if place else what
