"""The table of published numbers: its schema, its reader, and which printed accuracy speaks for a model."""

from __future__ import annotations

import csv
import functools
import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rexnet_core.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

#: What can be printed, each with the units it is printed in and what one of them is in the base unit:
#: percent, one (a count), seconds, bytes. `flops` is whatever the source calls so; see its `convention`.
METRICS: dict[str, dict[str, Decimal]] = {
    "top1": {"%": Decimal(1)},
    "top5": {"%": Decimal(1)},
    "params": {"1": Decimal(1), "M": Decimal(10**6)},
    "flops": {"1": Decimal(1), "M": Decimal(10**6), "G": Decimal(10**9)},
    "latency": {"s": Decimal(1), "ms": Decimal("0.001")},
    "checkpoint_size": {"B": Decimal(1)},
}

_NUMBER = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")

#: What the project's own table is called.
BUNDLED = "published.csv"
_BUNDLED = Path(__file__).with_name(BUNDLED)
_MOST_BYTES = 10**7

#: Whose top-1 speaks for a model, first come first: who trained it, then who converted it. Other trainings of the
#: same network (90 epochs, say) and secondhand copies do not.
_TOP1_SOURCES = ("ReXNet paper", "clovaai/rexnet README", "Open Model Zoo")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedRow:
    """One printed number. Texts are as the source has them, empty where it says nothing.

    Args:
        source: Publication, with version or commit.
        locator: Where in it: table, column.
        model: Registered name, or the name a model that isn't registered would have.
        metric: One of `METRICS`.
        printed: The number digit for digit, such as ``0.40``; its digits are its precision.
        unit: One of the units of the metric.
        convention: How it was counted, in the words of the source.
        conditions: Input size, hardware, preprocessing, training.
        note: What is known to be wrong with it.
        line: Line in the file it was read from, counted from 1.
        file: That file as it was named; ``published.csv`` is the project's own.
    """

    source: str
    locator: str
    model: str
    metric: str
    printed: str
    unit: str
    convention: str
    conditions: str
    note: str
    line: int
    file: str = ""

    @property
    def value(self) -> Decimal:
        """The number in the base unit of its metric, exactly."""
        return Decimal(self.printed) * METRICS[self.metric][self.unit]

    @property
    def step(self) -> Decimal:
        """What one unit of the last printed digit is worth, in the base unit: 10**7 for ``0.40 G``."""
        exponent = Decimal(self.printed).as_tuple().exponent
        assert isinstance(exponent, int)  # the reader lets finite numbers in only
        return Decimal(1).scaleb(exponent) * METRICS[self.metric][self.unit]


COLUMNS = ("source", "locator", "model", "metric", "value", "unit", "convention", "conditions", "note")
#: The field of each column.
_FIELDS = tuple({"value": "printed"}.get(column, column) for column in COLUMNS)


def load(path: Path | None = None) -> tuple[PublishedRow, ...]:
    """The rows of a table of published numbers, in file order.

    Args:
        path: CSV file with the columns `COLUMNS`; the project's own table where None.

    Raises:
        InputError: The file can't be read, or a row breaks the schema; the message names file and line.
    """
    file = _BUNDLED if path is None else path
    lines = _read_text(file).splitlines(keepends=True)
    name = BUNDLED if path is None else f"./{path}" if str(path) == BUNDLED else str(path)
    return _read(file, name, lines)


def top1(model: str) -> PublishedRow | None:
    """The printed ImageNet top-1 that speaks for a model, with its source; None where nobody printed one."""
    candidates = [row for row in _bundled() if row.metric == "top1" and row.model == model]
    for source in _TOP1_SOURCES:
        for row in candidates:
            if row.source.startswith(source):
                return row
    return None


@functools.cache
def _bundled() -> tuple[PublishedRow, ...]:
    return load()


def _read_text(file: Path) -> str:
    """The text of a table; a pipe or a device, which may have no end, is not opened."""
    rule = f"published numbers must be a readable UTF-8 CSV file of at most {_MOST_BYTES // 10**6} MB, got {file}"
    try:
        if file.exists() and not file.is_file():
            raise InputError(f"{rule}, which is no file")
        if file.stat().st_size > _MOST_BYTES:
            raise InputError(f"{rule} of {file.stat().st_size / 1e6:.0f} MB")
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{rule}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise InputError(f"{file}:{line}: must be UTF-8, byte 0x{error.object[error.start]:02x} is not") from None


def _read(file: Path, name: str, lines: Iterable[str]) -> tuple[PublishedRow, ...]:
    reader = csv.reader(lines, strict=True)
    try:
        if tuple(next(reader, ())) != COLUMNS:
            raise InputError(f"{file}:1: the first line must be {','.join(COLUMNS)}; write it so")
        return tuple(_parse(f"{file}:{reader.line_num}", name, reader.line_num, cells) for cells in reader if cells)
    except csv.Error as error:
        raise InputError(f"{file}:{reader.line_num}: not CSV: {error}; quote cells with commas or quotes") from error


def _parse(place: str, name: str, line: int, cells: list[str]) -> PublishedRow:
    if len(cells) != len(COLUMNS):
        raise InputError(f"{place}: a row must have {len(COLUMNS)} cells, got {len(cells)}; quote cells with commas")
    if not all(cell.isprintable() for cell in cells):
        raise InputError(f"{place}: cells must be plain text on one line; take control characters out")
    row = PublishedRow(**dict(zip(_FIELDS, cells, strict=True)), line=line, file=name)
    metric, printed, unit = row.metric, row.printed, row.unit
    if not row.source or not row.model:
        raise InputError(f"{place}: source and model must not be empty; say who printed it about what")
    if metric not in METRICS:
        raise InputError(f"{place}: metric must be one of {', '.join(METRICS)}, got {metric!r}")
    if unit not in METRICS[metric]:
        raise InputError(f"{place}: unit of {metric} must be one of {', '.join(METRICS[metric])}, got {unit!r}")
    if not _NUMBER.fullmatch(printed) or not Decimal(printed):
        raise InputError(f"{place}: value must be a positive number such as 0.40, got {printed!r}")
    if unit == "%" and Decimal(printed) > 100:  # noqa: PLR2004 - per cent
        raise InputError(f"{place}: a percentage must be at most 100, got {printed}")
    return row
