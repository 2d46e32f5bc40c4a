"""The gateway: the models that a key may use, and the answers that are kept for a while."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    "alter table api_keys add column if not exists models text[]",
    """
    create table gateway_answers (
      id uuid primary key,
      tenant_id text not null,
      key bytea not null check (length(key) = 32),
      model text not null,
      answer bytea not null,
      made_at timestamptz not null,
      expires_at timestamptz not null,
      unique (tenant_id, key)
    )
    """,
    "create index on gateway_answers (expires_at)",
    *of_tenants("gateway_answers"),
)
UNDO = ("drop table gateway_answers", "alter table api_keys drop column models")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
