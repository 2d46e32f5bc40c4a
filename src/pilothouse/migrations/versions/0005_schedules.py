"""Schedules."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table schedules (
      id uuid primary key,
      tenant_id text not null default 'default',
      name text not null,
      workflow text not null,
      version int,
      codec smallint not null default 0,
      payload bytea not null,
      cron text,
      interval_seconds int check (interval_seconds >= 1),
      time_zone text not null default 'UTC',
      start_at timestamptz,
      end_at timestamptz,
      missed text not null check (missed in ('skip', 'once', 'all')),
      missed_limit int not null check (missed_limit >= 1),
      overlap text not null check (overlap in ('allow', 'skip', 'queue', 'cancel')),
      paused boolean not null default false,
      priority smallint not null default 0,
      labels jsonb not null default '{}',
      next_at timestamptz,
      last_at timestamptz,
      last_run_id uuid,
      queued timestamptz[] not null default '{}',
      failure text,
      failing_since timestamptz,
      edition int not null default 1,
      principal text not null default '',
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      check ((cron is null) <> (interval_seconds is null)),
      unique (tenant_id, name)
    )
    """,
    "create index schedules_due on schedules (next_at) where not paused and next_at is not null",
    "create index schedules_queued on schedules (id) where not paused and queued <> '{}'",
    "create index schedules_by_tenant on schedules (tenant_id, id)",
)
UNDO: tuple[str, ...] = ("drop table schedules",)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
