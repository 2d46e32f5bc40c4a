"""Models: which ones tenants have put behind aliases, and the answers that models gave."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table model_aliases (
      tenant_id text not null,
      alias text not null,
      models text[] not null check (cardinality(models) between 1 and 10),
      changed_by text not null,
      changed_at timestamptz not null default now(),
      primary key (tenant_id, alias)
    )
    """,
    *of_tenants("model_aliases"),
    """
    create function tell_models() returns trigger language plpgsql as $$
    begin
      perform pg_notify('pilothouse_models', '');
      return null;
    end
    $$
    """,
    """
    create trigger model_aliases_told after insert or update or delete on model_aliases
      for each statement execute function tell_models()
    """,
    """
    create table model_answers (
      tenant_id text not null,
      digest bytea not null,
      model text not null,
      agent text not null,
      run_id uuid not null,
      answer bytea not null,
      made_at timestamptz not null,
      primary key (tenant_id, digest, model)
    )
    """,
    "create index model_answers_by_time on model_answers (tenant_id, made_at)",
    *of_tenants("model_answers"),
)
UNDO: tuple[str, ...] = (
    "drop table model_answers",
    "drop table model_aliases",
    "drop function tell_models",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
