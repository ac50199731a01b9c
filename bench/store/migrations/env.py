"""What Alembic runs first: the connection comes from `bench.store.upgrade`, which also holds the transaction."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
