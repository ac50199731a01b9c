"""A case in reduced precision also has its agreement image by image, and its layers as they were executed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "rexbench_0004"
down_revision = "rexbench_0003"


def upgrade() -> None:
    """Add the columns, which no case so far has a value for."""
    for name in ("agreement", "layers"):
        op.add_column("cases", sa.Column(name, sa.JSON))
