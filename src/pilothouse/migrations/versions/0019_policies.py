"""Policy sets of tenants: their versions, which is active, how that came to be, and what was decided."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import ENGAGED, of_tenants
from pilothouse.migrations.statements import execute

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table policy_versions (
      id uuid primary key,
      tenant_id text not null,
      number int not null check (number > 0),
      sha256 text not null,
      content text not null,
      policies int not null check (policies >= 0),
      parent int,
      note text not null,
      made_by text not null,
      created_at timestamptz not null default now(),
      unique (tenant_id, number)
    )
    """,
    "create index policy_versions_by_tenant on policy_versions (tenant_id, id)",
    """
    create table policy_states (
      tenant_id text primary key,
      active int,
      shadow int,
      revision bigint not null default 1,
      changed_at timestamptz not null default now()
    )
    """,
    """
    create table policy_changes (
      id uuid primary key,
      tenant_id text not null,
      kind text not null check (kind in ('activated', 'rolled_back', 'shadowed', 'unshadowed')),
      before int,
      after int,
      note text not null,
      made_by text not null,
      at timestamptz not null default now()
    )
    """,
    "create index policy_changes_by_tenant on policy_changes (tenant_id, id)",
    """
    create table decisions (
      id uuid primary key,
      tenant_id text not null,
      run_id uuid not null,
      engagement_id uuid,
      step text not null,
      tool text not null,
      at timestamptz not null,
      verdict text not null check (verdict in ('allow', 'deny', 'require_approval')),
      policies text[] not null,
      roles text[] not null,
      reasons text[] not null,
      version text,
      codec smallint not null,
      request bytea not null,
      shadow int,
      shadow_verdict text check (shadow_verdict in ('allow', 'deny', 'require_approval')),
      shadow_policies text[],
      shadow_roles text[],
      differs boolean not null default false
    )
    """,
    "create index decisions_by_tenant on decisions (tenant_id, id)",
    "create index decisions_by_run on decisions (run_id)",
    "create index decisions_differing on decisions (tenant_id, id) where differs",
    # What was decided, and by which policies, is not changed afterwards by anybody who serves requests.
    *of_tenants("policy_versions", app="select, insert"),
    *of_tenants("policy_states", app="select, insert, update"),
    *of_tenants("policy_changes", app="select, insert"),
    *of_tenants("decisions", app="select, insert", narrow=ENGAGED),
)
UNDO: tuple[str, ...] = (
    "drop table decisions",
    "drop table policy_changes",
    "drop table policy_states",
    "drop table policy_versions",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
