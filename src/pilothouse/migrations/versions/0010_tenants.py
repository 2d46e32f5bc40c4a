"""Tenants, their engagements, and what is done with a tenant as a whole."""

from __future__ import annotations

from alembic import op

from pilothouse.kit.access import APP
from pilothouse.kit.scope import HOME_TENANT
from pilothouse.migrations.access import ENGAGED, OWN, UNBOUND, by_engagement, of_installation, of_tenants
from pilothouse.migrations.statements import execute

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

HOME = f"(select current_setting('pilothouse.tenant_id', true)) = '{HOME_TENANT}' and {UNBOUND}"
"""Whoever acts in the home tenant: the roles there say who looks after the installation."""

# Each may be executed again: the index of an attempt that failed is built anew after this was committed.
COLUMN = ("alter table schedules add column if not exists engagement_id uuid",)
INDEX = (
    """
    create index concurrently schedules_by_engagement on schedules (tenant_id, engagement_id, id)
     where engagement_id is not null
    """,
)
STATEMENTS: tuple[str, ...] = (
    """
    create table tenants (
      id text primary key check (id ~ '^[a-z][a-z0-9-]{0,62}$'),
      name text not null,
      status text not null default 'active' check (status in ('active', 'suspended', 'erased')),
      attributes jsonb not null default '{}',
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now()
    )
    """,
    "insert into tenants (id, name) values ('default', 'Default')",
    # Whoever upgrades may have runs of tenants that only their rows have named so far.
    """
    insert into tenants (id, name)
    select distinct tenant_id, tenant_id from runs where tenant_id ~ '^[a-z][a-z0-9-]{0,62}$'
    on conflict (id) do nothing
    """,
    """
    create table engagements (
      id uuid primary key,
      tenant_id text not null references tenants (id),
      name text not null,
      closed_at timestamptz,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      unique (tenant_id, name)
    )
    """,
    """
    create table tenant_jobs (
      id uuid primary key,
      tenant_id text not null references tenants (id),
      kind text not null check (kind in ('export', 'erase')),
      status text not null default 'queued' check (status in ('queued', 'running', 'completed', 'failed')),
      epoch int not null default 0,
      stage text not null default '',
      done bigint not null default 0,
      report jsonb not null default '{}',
      failure text,
      asked_by text not null,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      finished_at timestamptz,
      expires_at timestamptz
    )
    """,
    """
    create unique index tenant_jobs_open on tenant_jobs (tenant_id, kind)
     where status in ('queued', 'running')
    """,
    """
    create table tenant_job_parts (
      job_id uuid not null references tenant_jobs (id) on delete cascade,
      part int not null,
      tenant_id text not null,
      sha256 text not null,
      size int not null,
      primary key (job_id, part)
    )
    """,
    *of_tenants(
        "engagements",
        narrow="id = nullif((select current_setting('pilothouse.engagement_id', true)), '')::uuid",
    ),
    *of_installation("tenants", app=""),
    f"grant select, insert, update on tenants to {APP}",
    f"""
    create policy seen on tenants for select to {APP}
     using (id = (select current_setting('pilothouse.tenant_id', true)) or {HOME})
    """,
    f"create policy made on tenants for insert to {APP} with check ({HOME})",
    f"create policy changed on tenants for update to {APP} using ({HOME}) with check ({HOME})",
    *(
        statement
        for table in ("tenant_jobs", "tenant_job_parts")
        for statement in (
            *of_installation(table, app=""),
            f"grant select, insert on {table} to {APP}",
            f"create policy app on {table} to {APP} using ({OWN} and {UNBOUND} or {HOME})",
        )
    ),
    # A principal that is bound to an engagement sees the schedules and the labels of that one only.
    "drop policy app on schedules",
    f"""
    create policy app on schedules to {APP} using ({OWN} and ({UNBOUND} or {ENGAGED}))
      with check ({OWN} and ({UNBOUND} or {ENGAGED}))
    """,
    "drop policy app on run_labels",
    f"create policy app on run_labels to {APP} using ({OWN} and ({UNBOUND} or {by_engagement('run_id')}))",
    # The journal only grows, and only through the engine.
    f"revoke insert, update, delete on journal from {APP}",
)
UNDO: tuple[str, ...] = (
    "drop policy app on schedules",
    f"create policy app on schedules to {APP} using ({OWN}) with check ({OWN})",
    "drop policy app on run_labels",
    f"create policy app on run_labels to {APP} using ({OWN}) with check ({OWN})",
    f"grant insert, update, delete on journal to {APP}",
    "drop table tenant_job_parts",
    "drop table tenant_jobs",
    "drop table engagements",
    "drop table tenants",
    "drop index schedules_by_engagement",
    "alter table schedules drop column engagement_id",
)


def upgrade() -> None:
    execute(COLUMN)
    execute(INDEX)
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
