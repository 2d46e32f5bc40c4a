"""API keys."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import ENGAGED, of_tenants
from pilothouse.migrations.statements import execute

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table api_keys (
      id uuid primary key,
      tenant_id text not null references tenants (id),
      engagement_id uuid references engagements (id) on delete cascade,
      name text not null,
      environment text not null,
      roles text[] not null,
      permissions text[],
      rate int check (rate > 0),
      mac bytea not null,
      pepper text not null,
      previous_mac bytea,
      previous_pepper text,
      previous_until timestamptz,
      made_by text not null,
      created_at timestamptz not null default now(),
      rotated_at timestamptz not null default now(),
      expires_at timestamptz,
      revoked_at timestamptz,
      last_used_at timestamptz,
      check (num_nonnulls(previous_mac, previous_pepper, previous_until) in (0, 3))
    )
    """,
    "create index api_keys_by_tenant on api_keys (tenant_id, id)",
    "create index api_keys_by_engagement on api_keys (engagement_id) where engagement_id is not null",
    *of_tenants("api_keys", app="select, insert, update", narrow=ENGAGED),
)
UNDO: tuple[str, ...] = ("drop table api_keys",)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
