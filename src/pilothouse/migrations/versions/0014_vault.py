"""Keys of tenants, how far values are sealed anew, and which runs are personal."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_installation
from pilothouse.migrations.statements import execute

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Each may be executed again: the index of an attempt that failed is built anew after this was committed.
COLUMN = ("alter table runs add column if not exists personal boolean not null default false",)
CONTENTS = (
    "alter table artifacts add column if not exists content_sha256 text",
    "alter table artifacts add column if not exists content_key bytea",
)
"""Of an artifact that is stored sealed: its own digest, and the key; `sha256` is that of what is stored."""
INDEX = ("create index concurrently runs_personal on runs (tenant_id, id) where personal",)
STATEMENTS: tuple[str, ...] = (
    """
    create table vault_keys (
      tenant_id text not null,
      version int not null check (version >= 0),
      id uuid not null,
      status text not null check (status in ('index', 'active', 'retired', 'destroyed')),
      wrapping text not null,
      wrapped bytea,
      created_at timestamptz not null default now(),
      destroyed_at timestamptz,
      primary key (tenant_id, version),
      check ((wrapped is null) = (status = 'destroyed'))
    )
    """,
    "create unique index vault_keys_active on vault_keys (tenant_id) where status = 'active'",
    """
    create table vault_progress (
      tenant_id text not null,
      part text not null,
      version int not null,
      after jsonb,
      total bigint,
      seen bigint not null default 0,
      resealed bigint not null default 0,
      unreadable bigint not null default 0,
      passed_over bigint not null default 0,
      begun_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      ended_at timestamptz,
      primary key (tenant_id, part)
    )
    """,
    "create index vault_progress_open on vault_progress (begun_at) where ended_at is null",
    # No tenant sees a key, not even its own and wrapped: the vault reads them with the login's rights.
    *of_installation("vault_keys", app=""),
    *of_installation("vault_progress", app=""),
)
UNDO: tuple[str, ...] = (
    "drop index runs_personal",
    "alter table runs drop column personal",
    "alter table artifacts drop column content_key",
    "alter table artifacts drop column content_sha256",
    "drop table vault_progress",
    "drop table vault_keys",
)


def upgrade() -> None:
    execute(COLUMN)
    execute(CONTENTS)
    execute(INDEX)
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
