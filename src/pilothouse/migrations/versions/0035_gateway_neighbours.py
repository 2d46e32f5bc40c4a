"""The semantic cache of the gateway: where what was asked lies, so that what is near to it is found.

Embeddings are arrays: where the database has pgvector, a query casts them, and where it comes later nothing
has to be moved.
"""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table gateway_neighbours (
      id uuid primary key,
      tenant_id text not null,
      part bytea not null check (length(part) = 32),
      key bytea not null check (length(key) = 32),
      embedding real[] not null check (array_length(embedding, 1) between 1 and 16000),
      made_at timestamptz not null,
      expires_at timestamptz not null,
      unique (tenant_id, key)
    )
    """,
    "create index on gateway_neighbours (tenant_id, part, made_at desc)",
    "create index on gateway_neighbours (expires_at)",
    *of_tenants("gateway_neighbours"),
    """
    do $$ begin
      if exists (select from pg_available_extensions where name = 'vector') then
        create extension if not exists vector;
      end if;
    exception when insufficient_privilege then
      raise notice 'pgvector may not be installed by this role: neighbours are compared by the processes';
    end $$
    """,
)
UNDO = ("drop table gateway_neighbours",)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
