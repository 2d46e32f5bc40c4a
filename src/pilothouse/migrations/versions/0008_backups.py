"""What is known of backups."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table backups (
      id text primary key,
      kind text not null check (kind in ('dump', 'base')),
      place text not null,
      outcome text not null check (outcome in ('running', 'complete', 'failed', 'interrupted')),
      started_at timestamptz not null,
      finished_at timestamptz,
      bytes bigint not null default 0,
      detail text not null default ''
    )
    """,
    "create index backups_newest on backups (started_at)",
)
UNDO: tuple[str, ...] = ("drop table backups",)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
