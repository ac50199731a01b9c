"""The tables of the results store as they are today."""

from __future__ import annotations

from dataclasses import fields

import sqlalchemy as sa

from bench.records.case import Case

#: The revision in `bench/store/migrations/versions` whose tables these are.
REVISION = "rexbench_0005"

metadata = sa.MetaData()
runs = sa.Table(
    "runs",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("started_at", sa.String(40), nullable=False),
    sa.Column("finished_at", sa.String(40), nullable=False),
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("preset", sa.String(40), nullable=False),
    sa.Column("planned", sa.Integer, nullable=False),
    sa.Column("environment", sa.JSON, nullable=False),
    sa.Column("settings", sa.JSON, nullable=False),
)
#: The name of a model may be a path.
_LENGTHS = {"model": 400}
_CASE_COLUMNS = [
    sa.Column(spec.name, sa.Integer if spec.type == "int" else sa.String(_LENGTHS.get(spec.name, 80)), nullable=False)
    for spec in fields(Case)
]
cases = sa.Table(
    "cases",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("runs.id"), nullable=False, index=True),
    *_CASE_COLUMNS,
    sa.Column("status", sa.String(20), nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("stop_reason", sa.String(20), nullable=False),
    sa.Column("parity", sa.JSON),
    sa.Column("agreement", sa.JSON),
    sa.Column("layers", sa.JSON),
    sa.Column("effective", sa.JSON, nullable=False),
    sa.Column("notes", sa.JSON, nullable=False),
    sa.UniqueConstraint("run", *[column.name for column in _CASE_COLUMNS]),
)
rounds = sa.Table(
    "rounds",
    metadata,
    sa.Column("case_id", sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("data", sa.JSON, nullable=False),
)
costs = sa.Table(
    "costs",
    metadata,
    sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
    sa.Column("model", sa.String(_LENGTHS["model"]), primary_key=True),
    sa.Column("resolution", sa.Integer, primary_key=True),
    sa.Column("data", sa.JSON, nullable=False),
)


def _documents(name: str) -> sa.Table:
    return sa.Table(
        name,
        metadata,
        sa.Column("run", sa.ForeignKey("runs.id"), primary_key=True),
        sa.Column("data", sa.JSON, nullable=False),
    )


studies = _documents("studies")
#: What each run was to measure, from which an interrupted run is resumed.
plans = _documents("plans")
