"""A case also says where its model comes from, what it was calibrated on, and how its requests arrive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "rexbench_0003"
down_revision = "rexbench_0002"

_MODEL = ("model", "resolution", "batch")
_BEFORE = (*_MODEL, "backend", "precision", "threads", "memory_format", "device", "scenario", "streams")
#: What each new column holds for every case so far.
_NEW = {"source": "registered", "fingerprint": "", "shape": "", "calibration": "", "arrivals": ""}
#: The name of a model may be a path.
_LONG = sa.String(400)
_TEXT = ("backend", "precision", "memory_format", "device", "scenario")
_TYPES = {"model": _LONG, **dict.fromkeys(_TEXT, sa.String(80))}


def upgrade() -> None:
    """Add the columns to what makes a case another one, and make room for longer names of models."""
    if op.get_context().dialect.name == "sqlite":
        _rebuild()
    else:
        _alter()


def _rebuild() -> None:
    """Make the tables anew, as SQLite changes neither a constraint nor a type."""
    old = sa.Table(
        "cases",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), nullable=False),
        *[sa.Column(name, _TYPES.get(name, sa.Integer()), nullable=False) for name in _BEFORE],
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stop_reason", sa.String(20), nullable=False),
        sa.Column("parity", sa.JSON),
        sa.Column("effective", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
    )
    unique = sa.UniqueConstraint("run", *_BEFORE, *_NEW)
    with op.batch_alter_table("cases", copy_from=old, recreate="always", table_args=(unique,)) as cases:
        for name, value in _NEW.items():
            cases.add_column(sa.Column(name, sa.String(80), nullable=False, server_default=value))
    op.create_index("ix_cases_run", "cases", ["run"])
    with op.batch_alter_table("costs") as costs:
        costs.alter_column("model", type_=_LONG)


def _alter() -> None:
    for name, value in _NEW.items():
        op.add_column("cases", sa.Column(name, sa.String(80), nullable=False, server_default=value))
    for constraint in sa.inspect(op.get_bind()).get_unique_constraints("cases"):
        op.drop_constraint(str(constraint["name"]), "cases")
    op.create_unique_constraint("cases_key", "cases", ["run", *_BEFORE, *_NEW])
    for table in ("cases", "costs"):
        op.alter_column(table, "model", type_=_LONG)
