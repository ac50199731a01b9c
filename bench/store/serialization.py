"""Records as the rows of a store, and back.

Another version or a person may have written to a store, or a disk may have lost a bit of it: values that do not fit the
schemas raise `SchemaError`, which `bench.store.store` turns into one line.
"""

from __future__ import annotations

import math
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from analysis.json_values import make_plain
from analysis.schema import SchemaError, check_fits, read_as, read_record
from bench.records.case import Case
from bench.records.energy import Energy
from bench.records.measurement import STATUSES, Agreement, Measurement, Parity, Round
from bench.records.run import RunInfo
from bench.records.schemas import (
    Cost,
    Outcome,
    StoredAgreement,
    StoredCase,
    StoredEnergy,
    StoredParity,
    StoredRound,
    StoredRun,
    read_effective,
    read_layers,
)
from rexnet_core.printable import escape_controls

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: Marks a disturbed round that an undisturbed one replaces.
_REPEATED = "repeated"


def read_run(row: Mapping[Any, Any]) -> RunInfo:
    """A run from its row."""
    # The schema knows of these two only what is read of them; the record has them whole.
    whole = {name: row[name] for name in ("environment", "settings")}
    return replace(read_record(RunInfo, StoredRun, _as_table(row)), **whole)


def _as_table(row: Mapping[Any, Any]) -> dict[str, Any]:
    """The values of a row by the plain names of its columns, which SQLAlchemy has in a type of its own."""
    return {str(name): value for name, value in row.items()}


def read_table(value: Any) -> dict[str, Any]:
    """A value that must be a table."""
    return read_as(dict[str, Any], value)


def dump_values(measurement: Measurement) -> dict[str, Any]:
    """A measurement without its case and its rounds."""
    return {
        "status": measurement.status,
        "reason": escape_controls(measurement.reason, keep="\n\t"),
        "stop_reason": measurement.stop_reason,
        "parity": make_plain(asdict(measurement.parity)) if measurement.parity else None,
        "agreement": make_plain(asdict(measurement.agreement)) if measurement.agreement else None,
        "layers": [make_plain(asdict(layer)) for layer in measurement.layers] or None,
        "effective": make_plain(asdict(measurement.effective)),
        "notes": list(measurement.notes),
    }


def dump_rounds(measurement: Measurement) -> list[dict[str, Any]]:
    """All rounds as plain values; those that were repeated are marked."""
    repeated = [{**make_plain(asdict(round_)), _REPEATED: True} for round_ in measurement.repeated]
    return [*(make_plain(asdict(round_)) for round_ in measurement.rounds), *repeated]


def read_round(data: Any) -> Round:
    """A round from its values, with or without the mark; what only a later version knows may change what it means."""
    if unknown := sorted(read_table(data).keys() - {spec.name for spec in fields(Round)} - {_REPEATED}):
        raise SchemaError(f"a round has {', '.join(unknown)}, which a later version stored")
    measured = read_record(Round, StoredRound, data)
    return replace(measured, energy=read_record(Energy, StoredEnergy, data["energy"])) if measured.energy else measured


def read_case(values: Mapping[Any, Any]) -> Case:
    """A case from its values."""
    return read_record(Case, StoredCase, _as_table(values))


def read_cost(data: Any) -> dict[str, Any]:
    """What a model costs at a resolution, with all that is stored of it."""
    check_fits(Cost, data)
    return read_table(data)


def read_measurement(rows: Sequence[Mapping[Any, Any]]) -> Measurement:
    """A case from its rows, one for each round; a case without rounds has one row, whose round is None."""
    row = rows[0]
    outcome = read_as(Outcome, _as_table(row))
    if outcome["status"] not in STATUSES:
        raise SchemaError(f"status: expected one of {', '.join(STATUSES)}, got {outcome['status']!r}")
    rounds: tuple[list[Round], list[Round]] = ([], [])
    for position, data in enumerate(row["round"] for row in rows if row["round"] is not None):
        try:
            rounds[bool(read_table(data).get(_REPEATED))].append(read_round(data))
        except SchemaError as error:
            raise SchemaError(f"round {position} of case {row['id']}: {error}") from None
    return Measurement(
        case=read_case(row),
        status=outcome["status"],
        reason=outcome["reason"],
        rounds=tuple(rounds[False]),
        repeated=tuple(rounds[True]),
        parity=_read_parity(row["parity"]),
        agreement=_read_agreement(row["agreement"]),
        layers=read_layers(row["layers"] or []),
        effective=read_effective(row["effective"]),
        stop_reason=outcome["stop_reason"],
        notes=tuple(outcome["notes"]),
    )


def _read_agreement(values: Any) -> Agreement | None:
    return None if values is None else read_record(Agreement, StoredAgreement, values)


def _read_parity(values: Any) -> Parity | None:
    if values is None:
        return None
    # JSON has no infinity: an error without end is stored as none.
    finite = {name: math.inf if value is None else value for name, value in read_table(values).items()}
    return read_record(Parity, StoredParity, finite)
