"""What runs, entries and workers carry across machines: labels, where they come from, what a worker is."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    alter table runs
      add column labels jsonb not null default '{}',
      add column request_id text,
      add column traceparent text,
      add column forked_from uuid,
      add column forked_seq int,
      add column schedule_id uuid
    """,
    "alter table journal add column request_id text",
    """
    alter table workers
      add column labels jsonb not null default '{}',
      add column version text not null default '',
      add column slots int not null default 0,
      add column draining boolean not null default false
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("alter table workers drop labels, drop version, drop slots, drop draining")
    op.execute("alter table journal drop request_id")
    op.execute(
        """
        alter table runs drop labels, drop request_id, drop traceparent, drop forked_from, drop forked_seq,
          drop schedule_id
        """
    )
