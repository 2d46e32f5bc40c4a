"""Switches: what is killed, which features are on, and which agents work on a lower rung."""

from __future__ import annotations

from alembic import op

from pilothouse.kit.access import APP, ENGINE, TENANT
from pilothouse.migrations.access import OWN
from pilothouse.migrations.statements import execute

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def _shared(table: str, app: str) -> tuple[str, ...]:
    """The table's rows are a tenant's, or hold for all where they name none; the home tenant sets those."""
    home = f"(select current_setting('{TENANT}', true)) = 'default'"
    return (
        f"alter table {table} enable row level security",
        f"grant select, insert, update, delete on {table} to {ENGINE}",
        f"create policy engine on {table} to {ENGINE} using (true) with check (true)",
        f"grant {app} on {table} to {APP}",
        f"create policy app on {table} to {APP} using ({OWN} or {home}) with check ({OWN} or {home})",
        f"create policy shared on {table} for select to {APP} using (tenant_id = '')",
    )


TOLD = """
create function tell_switches() returns trigger language plpgsql as $$
begin
  perform pg_notify('pilothouse_switches', ''), pg_notify('pilothouse_runs', '');
  return null;
end
$$
"""
"""Wakes those who go by switches, and workers: what was killed may be executed again."""

STATEMENTS: tuple[str, ...] = (
    """
    create table kills (
      id uuid primary key,
      tenant_id text not null default '',
      kind text not null check (kind in ('everything', 'tenant', 'workflow', 'agent', 'tool', 'provider')),
      name text not null default '',
      why text not null,
      made_by text not null,
      made_at timestamptz not null default now(),
      until timestamptz,
      ended_at timestamptz,
      ended_by text
    )
    """,
    "create unique index kills_in_force on kills (tenant_id, kind, name) where ended_at is null",
    """
    create table flags (
      name text not null,
      tenant_id text not null default '',
      enabled boolean not null,
      percentage numeric check (percentage between 0 and 100),
      why text not null default '',
      changed_by text not null,
      changed_at timestamptz not null default now(),
      primary key (name, tenant_id)
    )
    """,
    """
    create table degradations (
      tenant_id text not null,
      agent text not null,
      level int not null check (level >= 0),
      reason text not null default '',
      probe_at timestamptz,
      backoff float8 not null,
      changed_at timestamptz not null,
      primary key (tenant_id, agent)
    )
    """,
    *_shared("kills", "select, insert, update"),
    *_shared("flags", "select, insert, update, delete"),
    *_shared("degradations", "select, update"),
    TOLD,
    """
    create trigger kills_told after insert or update on kills
      for each statement execute function tell_switches()
    """,
    """
    create trigger flags_told after insert or update or delete on flags
      for each statement execute function tell_switches()
    """,
)
UNDO: tuple[str, ...] = (
    "drop table degradations",
    "drop table flags",
    "drop table kills",
    "drop function tell_switches",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
