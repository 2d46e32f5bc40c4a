"""The order in which entries were committed, for streams of a whole tenant.

`xid` is the transaction that wrote an entry: null for older ones, which no stream goes back to, and set by a
default, so that the previous release writes it, too. The index leaves out what is null. An incarnation is
one life of the database: a restore begins another, in which transactions are numbered anew.
"""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Each may be executed again: the index of an attempt that failed is built anew after these were committed.
COLUMNS = (
    "alter table journal add column if not exists xid bigint",
    "alter table journal alter column xid set default pg_current_xact_id()::text::bigint",
    """
    create table if not exists incarnations (
      id uuid primary key default gen_random_uuid(),
      began_at timestamptz not null default clock_timestamp()
    )
    """,
    "insert into incarnations select where not exists (select from incarnations)",
)
INDEX = ("create index concurrently journal_committed on journal (tenant_id, xid) where xid is not null",)


def upgrade() -> None:
    execute(COLUMNS)
    execute(INDEX)


def downgrade() -> None:
    op.execute("drop table incarnations")
    op.execute("alter table journal drop xid")
