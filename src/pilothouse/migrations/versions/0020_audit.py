"""The audit log: what writers insert, its places in each tenant's tree, tree heads, exports and holds."""

from __future__ import annotations

from alembic import op

from pilothouse.kit.access import ENGINE
from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

COLUMNS = """
      id uuid not null,
      at timestamptz not null,
      kind text not null check (kind ~ '^[a-z_]{1,40}$'),
      actor text not null,
      subject text not null,
      run_id uuid,
      step text,
      append text,
      leaf bytea not null
"""
STATEMENTS: tuple[str, ...] = (
    f"create table audit_inbox (tenant_id text not null, {COLUMNS}, primary key (id))",
    "create index audit_inbox_by_tenant on audit_inbox (tenant_id)",
    f"""
    create table audit_entries (
      tenant_id text not null,
      position bigint not null check (position >= 0),
      {COLUMNS},
      primary key (tenant_id, position)
    )
    """,
    "create unique index audit_entries_by_id on audit_entries (tenant_id, id)",
    "create index audit_entries_by_kind on audit_entries (tenant_id, kind, id)",
    "create index audit_entries_by_actor on audit_entries (tenant_id, actor, id)",
    "create index audit_entries_by_run on audit_entries (run_id, id) where run_id is not null",
    """
    create table audit_tiles (
      tenant_id text not null,
      level int not null check (level >= 0),
      index bigint not null check (index >= 0),
      hashes bytea not null check (octet_length(hashes) % 32 = 0 and octet_length(hashes) <= 8192),
      primary key (tenant_id, level, index)
    )
    """,
    "alter table audit_tiles alter column hashes set storage external",
    # first: the position of the oldest entry that has not left the table
    """
    create table audit_trees (
      tenant_id text primary key,
      size bigint not null default 0,
      edge bytea not null default '',
      signed_size bigint not null default 0,
      key_id text,
      public_key bytea,
      first bigint not null default 0
    )
    """,
    "create index audit_trees_unsigned on audit_trees (tenant_id) where size > signed_size",
    """
    create table audit_heads (
      id uuid primary key,
      tenant_id text not null,
      size bigint not null,
      root bytea not null,
      at timestamptz not null,
      key_id text not null,
      public_key bytea not null,
      signature bytea not null
    )
    """,
    "create unique index audit_heads_by_size on audit_heads (tenant_id, size, key_id)",
    "create index audit_heads_by_tenant on audit_heads (tenant_id, id)",
    """
    create table audit_publications (
      tenant_id text not null,
      place text not null,
      size bigint not null,
      at timestamptz not null,
      primary key (tenant_id, place)
    )
    """,
    """
    create table audit_exports (
      id uuid primary key,
      tenant_id text not null,
      size bigint not null,
      principal text not null,
      at timestamptz not null
    )
    """,
    "create index audit_exports_by_tenant on audit_exports (tenant_id, size)",
    """
    create table audit_retention (
      tenant_id text primary key,
      days int check (days >= 1),
      changed_by text not null,
      changed_at timestamptz not null
    )
    """,
    """
    create table audit_holds (
      id uuid primary key,
      tenant_id text not null,
      reason text not null,
      made_by text not null,
      made_at timestamptz not null,
      released_by text,
      released_at timestamptz
    )
    """,
    "create index audit_holds_by_tenant on audit_holds (tenant_id, id)",
    *of_tenants("audit_inbox", app="select, insert"),
    *of_tenants("audit_entries", app="select"),
    *of_tenants("audit_tiles", app="select"),
    *of_tenants("audit_trees", app="select"),
    *of_tenants("audit_heads", app="select"),
    *of_tenants("audit_publications", app="select"),
    *of_tenants("audit_exports", app="select, insert"),
    *of_tenants("audit_retention", app="select, insert, update"),
    *of_tenants("audit_holds", app="select, insert, update"),
    # An entry and a head stay as they were written, whoever works on them; places are taken in the inbox.
    f"revoke update on audit_inbox, audit_entries, audit_heads, audit_exports from {ENGINE}",
)
UNDO: tuple[str, ...] = (
    "drop table audit_holds",
    "drop table audit_retention",
    "drop table audit_exports",
    "drop table audit_publications",
    "drop table audit_heads",
    "drop table audit_trees",
    "drop table audit_tiles",
    "drop table audit_entries",
    "drop table audit_inbox",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
