"""Breakers: what is set by hand for all processes, and what each of them reports."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_installation
from pilothouse.migrations.statements import execute

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TOLD = """
create function tell_breakers() returns trigger language plpgsql as $$
begin
  perform pg_notify('pilothouse_breakers', '');
  return null;
end
$$
"""

STATEMENTS: tuple[str, ...] = (
    """
    create table breaker_overrides (
      name text primary key,
      mode text not null check (mode in ('forced_open', 'disabled', 'metrics_only', 'none')),
      reason text not null default '',
      made_by text not null,
      made_at timestamptz not null default now(),
      until timestamptz,
      reset_at timestamptz
    )
    """,
    """
    create table breaker_reports (
      process text not null,
      name text not null,
      state text not null,
      since timestamptz not null,
      reason text not null default '',
      calls int not null,
      failed int not null,
      slow int not null,
      in_a_row int not null,
      succeeded bigint not null,
      errors bigint not null,
      not_permitted bigint not null,
      retries bigint not null,
      reported_at timestamptz not null default now(),
      primary key (process, name)
    )
    """,
    *of_installation("breaker_overrides", app="select, insert, update"),
    *of_installation("breaker_reports"),
    TOLD,
    """
    create trigger breaker_overrides_told after insert or update or delete on breaker_overrides
      for each statement execute function tell_breakers()
    """,
)
UNDO: tuple[str, ...] = (
    "drop table breaker_reports",
    "drop table breaker_overrides",
    "drop function tell_breakers",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
