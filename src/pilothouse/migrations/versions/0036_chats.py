"""Chats: customers without an account, the links by which they come, their sessions and conversations."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import by_engagement, of_tenants
from pilothouse.migrations.statements import execute

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table chat_customers (
      id uuid primary key,
      tenant_id text not null,
      workflow text not null,
      found bytea not null check (length(found) = 32),
      address bytea not null,
      made_at timestamptz not null,
      unique (tenant_id, workflow, found)
    )
    """,
    """
    create table chat_links (
      id uuid primary key,
      tenant_id text not null,
      customer_id uuid not null references chat_customers on delete cascade,
      digest bytea not null unique check (length(digest) = 32),
      made_by text not null,
      made_at timestamptz not null,
      expires_at timestamptz not null,
      used_at timestamptz
    )
    """,
    "create index chat_links_by_customer on chat_links (customer_id)",
    "create index chat_links_by_expiry on chat_links (tenant_id, expires_at)",
    """
    create table chat_sessions (
      id uuid primary key,
      tenant_id text not null,
      customer_id uuid not null references chat_customers on delete cascade,
      digest bytea not null unique check (length(digest) = 32),
      made_at timestamptz not null,
      expires_at timestamptz not null,
      ended_at timestamptz
    )
    """,
    "create index chat_sessions_by_customer on chat_sessions (customer_id)",
    "create index chat_sessions_by_expiry on chat_sessions (tenant_id, expires_at)",
    """
    create table chat_conversations (
      id uuid primary key references runs (id) on delete cascade,
      tenant_id text not null,
      customer_id uuid not null references chat_customers on delete cascade,
      made_at timestamptz not null
    )
    """,
    "create index chat_conversations_by_customer on chat_conversations (customer_id, id)",
    "create index chat_conversations_by_tenant on chat_conversations (tenant_id, id)",
    *of_tenants("chat_customers"),
    *of_tenants("chat_links"),
    *of_tenants("chat_sessions"),
    *of_tenants("chat_conversations", app="select, insert", narrow=by_engagement("chat_conversations.id")),
)
UNDO: tuple[str, ...] = (
    "drop table chat_conversations",
    "drop table chat_sessions",
    "drop table chat_links",
    "drop table chat_customers",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
