"""A case also says which pictures its calls begin with."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "rexbench_0005"
down_revision = "rexbench_0004"

_NUMBERS = ("resolution", "batch", "threads", "streams")
_SHORT = ("backend", "precision", "memory_format", "device", "scenario", "source", "fingerprint", "shape")
_BEFORE = ("model", *_NUMBERS, *_SHORT, "calibration", "arrivals")
_NEW = "pictures"


def upgrade() -> None:
    """Add the column, empty for every case so far, to what makes a case another one."""
    if op.get_context().dialect.name == "sqlite":
        _rebuild()
    else:
        _alter()


def _rebuild() -> None:
    """Make the table anew, as SQLite changes no constraint."""
    numbers: dict[str, Any] = dict.fromkeys(_NUMBERS, sa.Integer())
    types = {"model": sa.String(400), **numbers}
    old = sa.Table(
        "cases",
        sa.MetaData(),
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), nullable=False),
        *[sa.Column(name, types.get(name, sa.String(80)), nullable=False) for name in _BEFORE],
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stop_reason", sa.String(20), nullable=False),
        *[sa.Column(name, sa.JSON) for name in ("parity", "agreement", "layers")],
        *[sa.Column(name, sa.JSON, nullable=False) for name in ("effective", "notes")],
    )
    unique = sa.UniqueConstraint("run", *_BEFORE, _NEW)
    with op.batch_alter_table("cases", copy_from=old, recreate="always", table_args=(unique,)) as cases:
        cases.add_column(_column())
    op.create_index("ix_cases_run", "cases", ["run"])


def _alter() -> None:
    op.add_column("cases", _column())
    for constraint in sa.inspect(op.get_bind()).get_unique_constraints("cases"):
        op.drop_constraint(str(constraint["name"]), "cases")
    op.create_unique_constraint("cases_key", "cases", ["run", *_BEFORE, _NEW])


def _column() -> sa.Column[str]:
    return sa.Column(_NEW, sa.String(80), nullable=False, server_default="")
