"""Prompts of tenants: their versions, the labels that point to them, and how these were moved."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table prompt_versions (
      id uuid primary key,
      tenant_id text not null,
      name text not null,
      number int not null check (number > 0),
      sha256 text not null,
      source_digest text not null,
      content bytea not null,
      note text not null,
      made_by text not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, name, number),
      unique (tenant_id, name, source_digest)
    )
    """,
    "create index prompt_versions_by_tenant on prompt_versions (tenant_id, id)",
    "create index prompt_versions_by_digest on prompt_versions (tenant_id, name, sha256)",
    """
    create table prompt_labels (
      tenant_id text not null,
      name text not null,
      label text not null,
      version text check (version = 'file' or version ~ '^[1-9][0-9]*$'),
      edition int not null default 1,
      moved_by text not null,
      moved_at timestamptz not null default now(),
      primary key (tenant_id, name, label)
    )
    """,
    """
    create table prompt_moves (
      id uuid primary key,
      tenant_id text not null,
      name text not null,
      label text not null,
      kind text not null check (kind in ('moved', 'rolled_back', 'removed')),
      before text,
      after text,
      note text not null,
      made_by text not null,
      at timestamptz not null default now()
    )
    """,
    "create index prompt_moves_by_tenant on prompt_moves (tenant_id, name, id)",
    # A version is never changed, and neither is what was done with labels; resealing is the engine's.
    *of_tenants("prompt_versions", app="select, insert"),
    *of_tenants("prompt_labels", app="select, insert, update"),
    *of_tenants("prompt_moves", app="select, insert"),
)
UNDO: tuple[str, ...] = ("drop table prompt_moves", "drop table prompt_labels", "drop table prompt_versions")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
