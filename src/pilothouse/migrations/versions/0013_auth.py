"""Sessions, tokens and identity providers."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_installation, of_tenants
from pilothouse.migrations.statements import execute

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# People are looked up before there is a scope; once there is one, they see and end sessions of their tenant.
STATEMENTS: tuple[str, ...] = (
    """
    create table sessions (
      id uuid primary key,
      tenant_id text not null,
      person_id uuid not null,
      kind text not null check (kind in ('browser', 'program')),
      digest bytea unique,
      by text not null check (by in ('password', 'identity', 'link')),
      agent text not null default '',
      created_at timestamptz not null,
      seen_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz,
      check ((digest is not null) = (kind = 'browser')),
      foreign key (tenant_id, person_id) references people (tenant_id, id) on delete cascade
    )
    """,
    "create index sessions_of_person on sessions (person_id, id)",
    "create index sessions_by_expiry on sessions (expires_at)",
    """
    create table refresh_tokens (
      digest bytea primary key,
      tenant_id text not null,
      session_id uuid not null references sessions (id) on delete cascade,
      created_at timestamptz not null,
      used_at timestamptz
    )
    """,
    "create index refresh_tokens_of_session on refresh_tokens (session_id)",
    """
    create table sign_in_links (
      digest bytea primary key,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      used_at timestamptz
    )
    """,
    *of_tenants("sessions"),
    *of_tenants("refresh_tokens"),
    *of_installation("sign_in_links", app=""),
)
UNDO: tuple[str, ...] = ("drop table sign_in_links", "drop table refresh_tokens", "drop table sessions")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
