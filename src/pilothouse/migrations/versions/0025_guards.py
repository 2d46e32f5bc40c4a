"""What placeholders stand for, sealed, and which runs were given what reads like an attack on a model."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import by_engagement, of_tenants
from pilothouse.migrations.statements import execute

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    "alter table runs add column if not exists injection boolean not null default false",
    """
    create table guard_originals (
      run_id uuid not null,
      placeholder text not null,
      tenant_id text not null,
      digest bytea not null,
      original bytea not null,
      made_at timestamptz not null default now(),
      primary key (run_id, placeholder)
    )
    """,
    *of_tenants("guard_originals", app="select", narrow=by_engagement("guard_originals.run_id")),
)
UNDO = ("drop table guard_originals", "alter table runs drop column injection")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
