"""What else the machine did during a round is called interference; a store of 38dcf3d said contamination."""

from __future__ import annotations

from alembic import op

revision = "rexbench_0002"
down_revision = "rexbench_0001"


def upgrade() -> None:
    """Rename the key where it stands, and drop the table that held the version of a store before Alembic did.

    A text inside the document that quotes the key has a backslash before the second quotation mark, and stays.
    """
    text, back = ("data::text", "::json") if op.get_context().dialect.name == "postgresql" else ("data", "")
    for table in ("rounds", "studies"):
        renamed = f"""replace({text}, '"contamination":', '"interference":'){back}"""
        op.execute(f"UPDATE {table} SET data = {renamed} WHERE {text} LIKE '%\"contamination\":%'")  # noqa: S608 - our own names
    op.execute("DROP TABLE IF EXISTS rexbench_schema")
