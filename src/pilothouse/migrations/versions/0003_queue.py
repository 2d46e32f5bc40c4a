"""Limits of tenants and workflows, and the order in which runs are claimed."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table limits (
      scope text not null check (scope in ('installation', 'each_tenant', 'tenant')),
      tenant_id text not null default '',
      workflow text not null default '*',
      concurrency int check (concurrency >= 0),
      rate int check (rate >= 1),
      per_seconds int not null default 1 check (per_seconds >= 1),
      changed_at timestamptz not null default now(),
      primary key (scope, tenant_id, workflow),
      check (concurrency is not null or rate is not null),
      check (scope = 'tenant' or tenant_id = '')
    )
    """,
    """
    create table limit_tokens (
      scope text not null check (scope in ('installation', 'tenant')),
      tenant_id text not null default '',
      workflow text not null,
      tokens float8 not null,
      at timestamptz not null,
      primary key (scope, tenant_id, workflow)
    ) with (fillfactor = 50)
    """,
    """
    create index concurrently runs_lanes on runs (pin, tenant_id, priority desc, id)
     where status = 'queued'
    """,
    """
    create index concurrently runs_resumed on runs (pin, tenant_id, priority desc, id)
     where status = 'queued' and epoch > 0
    """,
)
UNDO = (
    "drop index runs_resumed",
    "drop index runs_lanes",
    "drop table limit_tokens",
    "drop table limits",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
