"""The revisions of the store's tables, which Alembic runs."""
