"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "rexbench_0001"
down_revision = None

_TEXT = {"model", "backend", "precision", "memory_format", "device", "scenario"}
_MODEL = ("model", "resolution", "batch")
_CASE = (*_MODEL, "backend", "precision", "threads", "memory_format", "device", "scenario", "streams")


def upgrade() -> None:
    """Make all tables."""
    op.create_table(
        "runs",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("started_at", sa.String(40), nullable=False),
        sa.Column("finished_at", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("preset", sa.String(40), nullable=False),
        sa.Column("planned", sa.Integer, nullable=False),
        sa.Column("environment", sa.JSON, nullable=False),
        sa.Column("settings", sa.JSON, nullable=False),
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), nullable=False, index=True),
        *[sa.Column(name, sa.String(80) if name in _TEXT else sa.Integer, nullable=False) for name in _CASE],
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("stop_reason", sa.String(20), nullable=False),
        sa.Column("parity", sa.JSON),
        sa.Column("effective", sa.JSON, nullable=False),
        sa.Column("notes", sa.JSON, nullable=False),
        sa.UniqueConstraint("run", *_CASE),
    )
    op.create_table(
        "rounds",
        sa.Column("case_id", sa.Integer, sa.ForeignKey("cases.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("position", sa.Integer, primary_key=True),
        sa.Column("data", sa.JSON, nullable=False),
    )
    _create_documents(
        "costs",
        sa.Column("model", sa.String(80), primary_key=True),
        sa.Column("resolution", sa.Integer, primary_key=True),
    )
    _create_documents("studies")
    _create_documents("plans")


def _create_documents(name: str, *keys: sa.Column[str] | sa.Column[int]) -> None:
    run = sa.Column("run", sa.String(64), sa.ForeignKey("runs.id"), primary_key=True)
    op.create_table(name, run, *keys, sa.Column("data", sa.JSON, nullable=False))
