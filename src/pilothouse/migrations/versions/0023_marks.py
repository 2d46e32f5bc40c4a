"""Where a run's input is from, and whom a question is for by name, beside payloads that may be sealed."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.statements import execute

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    "alter table runs add column if not exists untrusted boolean not null default false",
    "alter table questions add column if not exists assignee text",
)
UNDO = ("alter table questions drop column assignee", "alter table runs drop column untrusted")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
