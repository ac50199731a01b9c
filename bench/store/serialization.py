"""Records as the rows of a store, and back.

Another version or a person may have written to a store: values that do not fit raise `ValueError`, `TypeError`,
`KeyError` or `AttributeError`, which `bench.store.store` turns into one line.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from bench.records.case import Case
from bench.records.measurement import Measurement, Parity, Round, read_effective
from bench.records.run import RunInfo
from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Marks a disturbed round that an undisturbed one replaces.
_REPEATED = "repeated"


def read_run(row: Mapping[Any, Any]) -> RunInfo:
    """A run from its row."""
    return RunInfo(**{**row, **{name: read_table(row[name]) for name in ("environment", "settings")}})


def read_table(value: Any) -> dict[str, Any]:
    """A value that must be a table."""
    if not isinstance(value, dict):
        raise TypeError(f"a table is needed, not {str(value)[:40]!r}")
    return value


def dump_values(measurement: Measurement) -> dict[str, Any]:
    """A measurement without its case and its rounds."""
    return {
        "status": measurement.status,
        "reason": escape_controls(measurement.reason, keep="\n\t"),
        "stop_reason": measurement.stop_reason,
        "parity": make_plain(asdict(measurement.parity)) if measurement.parity else None,
        "effective": make_plain(asdict(measurement.effective)),
        "notes": list(measurement.notes),
    }


def dump_rounds(measurement: Measurement) -> list[dict[str, Any]]:
    """All rounds as plain values; those that were repeated are marked."""
    repeated = [{**make_plain(asdict(round_)), _REPEATED: True} for round_ in measurement.repeated]
    return [*(make_plain(asdict(round_)) for round_ in measurement.rounds), *repeated]


def read_round(data: Mapping[str, Any]) -> Round:
    """A round from its values, with or without the mark."""
    plain = {name: value for name, value in data.items() if name != _REPEATED}
    turns = {name: tuple(map(tuple, data.get(name, ()))) for name in ("turns_s", "requests_s")}
    return Round(**{**plain, **turns})


def read_measurement(rows: Sequence[Mapping[Any, Any]]) -> Measurement:
    """A case from its rows, one for each round; a case without rounds has one row, whose round is None."""
    row = rows[0]
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for data in (read_table(row["round"]) for row in rows if row["round"] is not None):
        rounds[bool(data.get(_REPEATED))].append(read_round(data))
    parity = row["parity"]
    if parity:
        parity = {name: math.inf if value is None else value for name, value in parity.items()}
    return Measurement(
        case=Case(**{spec.name: row[spec.name] for spec in fields(Case)}),
        status=row["status"],
        reason=row["reason"],
        rounds=tuple(rounds[False]),
        repeated=tuple(rounds[True]),
        parity=Parity(**parity) if parity else None,
        effective=read_effective(row["effective"]),
        stop_reason=row["stop_reason"],
        notes=tuple(row["notes"]),
    )
