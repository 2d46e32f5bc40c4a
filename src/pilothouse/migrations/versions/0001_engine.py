"""The engine's tables: runs (which is the queue), journal, workers, questions, artifacts."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    create table runs (
      id uuid primary key,
      tenant_id text not null default 'default',
      workflow text not null,
      version int not null,
      pin text not null,
      status text not null
        check (status in ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled')),
      priority smallint not null default 0,
      principal text not null default '',
      epoch int not null default 0,
      seq int not null default 0,
      wakes int not null default 0,
      losses smallint not null default 0,
      worker_id uuid,
      wake_at timestamptz,
      cancel_requested boolean not null default false,
      idempotency_key text,
      input_digest bytea,
      continued_from uuid,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      finished_at timestamptz
    ) with (fillfactor = 80)
    """,
    "create index runs_due on runs (priority desc, id) where status = 'queued'",
    "create index runs_timers on runs (wake_at) where status = 'waiting' and wake_at is not null",
    "create index runs_owned on runs (worker_id) where status = 'running'",
    """
    create unique index runs_idempotency on runs (tenant_id, idempotency_key)
     where idempotency_key is not null
    """,
    "create index runs_by_tenant on runs (tenant_id, id)",
    "create index runs_by_workflow on runs (tenant_id, workflow, id)",
    """
    create table journal (
      run_id uuid not null,
      seq int not null,
      tenant_id text not null default 'default',
      kind text not null,
      key text not null,
      codec smallint not null default 0,
      payload bytea not null,
      digest bytea,
      at timestamptz not null default clock_timestamp(),
      primary key (run_id, seq)
    ) partition by range (run_id)
    """,
    "create unique index journal_one_answer on journal (run_id, key) where kind = 'answered'",
    "create table journal_default partition of journal default",
    """
    create table workers (
      id uuid primary key,
      lock_key bigint not null,
      pins text[] not null,
      host text not null,
      pid int not null,
      started_at timestamptz not null default now(),
      heartbeat_at timestamptz not null
    )
    """,
    """
    create table questions (
      id uuid primary key,
      tenant_id text not null default 'default',
      run_id uuid not null references runs (id),
      key text not null,
      status text not null default 'open' check (status in ('open', 'answered', 'withdrawn', 'expired')),
      codec smallint not null default 0,
      payload bytea not null,
      expires_at timestamptz,
      created_at timestamptz not null default now(),
      closed_at timestamptz,
      closed_by text,
      unique (run_id, key)
    )
    """,
    "create index questions_open on questions (tenant_id, id) where status = 'open'",
    """
    create table artifacts (
      id uuid primary key,
      tenant_id text not null default 'default',
      run_id uuid not null references runs (id),
      key text not null,
      name text not null,
      media_type text not null,
      size bigint not null,
      sha256 text not null,
      created_at timestamptz not null default now(),
      unique (run_id, key)
    )
    """,
    "create index artifacts_by_tenant on artifacts (tenant_id, id)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("drop table artifacts, questions, workers, journal, runs")
