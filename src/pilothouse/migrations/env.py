"""How Alembic runs our migrations: on the connection that `upgrade` hands over, one transaction each."""

from __future__ import annotations

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
