"""Attestations, the marks of secrets, and what was tried before going into production."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table secret_marks (
      tenant_id text not null,
      name text not null,
      version text not null,
      mark bytea not null,
      noted_at timestamptz not null,
      primary key (tenant_id, name, version)
    )
    """,
    """
    create table attestations (
      id uuid primary key,
      tenant_id text not null,
      topic text not null,
      evidence text not null,
      stated_by text not null,
      stated_at timestamptz not null,
      expires_at timestamptz not null,
      recorded_by text not null,
      withdrawn_at timestamptz,
      withdrawn_by text
    )
    """,
    "create index attestations_by_topic on attestations (tenant_id, topic, id)",
    *of_tenants("secret_marks", app="select"),
    *of_tenants("attestations", app="select, insert, update"),
)
UNDO: tuple[str, ...] = ("drop table attestations", "drop table secret_marks")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
