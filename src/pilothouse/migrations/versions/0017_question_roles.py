"""The role that a question names, which stands beside its payload: that may be sealed."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# Each may be executed again: the index of an attempt that failed is built anew after this was committed.
COLUMN = ("alter table questions add column if not exists role text",)
INDEX = (
    """
    create index concurrently questions_open_by_role on questions (tenant_id, role, id)
     where status = 'open' and role is not null
    """,
)
UNDO = ("drop index questions_open_by_role", "alter table questions drop column role")


def upgrade() -> None:
    execute(COLUMN)
    execute(INDEX)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
