"""Retention, and contents that are kept in the database: artifacts' and those of large payloads."""

from __future__ import annotations

from pilothouse.migrations.statements import execute

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table artifact_contents (
      tenant_id text not null,
      sha256 text not null,
      part int not null,
      bytes bytea not null,
      put_at timestamptz not null default now(),
      primary key (tenant_id, sha256, part)
    )
    """,
    "alter table artifact_contents alter column bytes set storage external",
    """
    create table payload_references (
      tenant_id text not null,
      sha256 text not null,
      run_id uuid not null,
      size bigint not null,
      primary key (tenant_id, sha256, run_id)
    )
    """,
    "create index payload_references_by_run on payload_references (run_id)",
    "create index concurrently artifacts_by_content on artifacts (tenant_id, sha256)",
    """
    create table retention_rules (
      tenant_id text not null default 'default',
      workflow text not null default '*',
      days int not null check (days between 1 and 36500),
      keep text not null default 'nothing' check (keep in ('everything', 'run', 'nothing')),
      changed_at timestamptz not null default now(),
      changed_by text not null default '',
      next_at timestamptz not null default now(),
      after_id uuid,
      last_at timestamptz,
      runs bigint not null default 0,
      entries bigint not null default 0,
      artifacts bigint not null default 0,
      primary key (tenant_id, workflow)
    )
    """,
    """
    create table released_contents (
      tenant_id text not null,
      sha256 text not null,
      released_at timestamptz not null default now(),
      primary key (tenant_id, sha256)
    )
    """,
    "alter table runs add column pruned_at timestamptz",
    "create index concurrently runs_continued on runs (continued_from) where continued_from is not null",
    """
    create table schema_state (
      only_row boolean primary key default true check (only_row),
      oldest_revision text not null,
      post_steps text[] not null default '{}'
    )
    """,
)
UNDO: tuple[str, ...] = (
    "drop table schema_state",
    "drop index runs_continued",
    "alter table runs drop column pruned_at",
    "drop table released_contents",
    "drop table retention_rules",
    "drop index artifacts_by_content",
    "drop table payload_references",
    "drop table artifact_contents",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    execute(UNDO)
