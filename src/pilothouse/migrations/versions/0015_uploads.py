"""What people upload, and the runs that have opened it."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import ENGAGED, by_engagement, of_tenants
from pilothouse.migrations.statements import execute

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table uploads (
      id uuid primary key,
      tenant_id text not null,
      engagement_id uuid,
      name text not null,
      media_type text not null,
      flags text[] not null default '{}',
      size bigint not null check (size >= 0),
      sha256 text not null,
      principal text not null,
      created_at timestamptz not null default now()
    )
    """,
    "create index uploads_by_tenant on uploads (tenant_id, id)",
    "create index uploads_by_content on uploads (tenant_id, sha256)",
    """
    create table upload_uses (
      upload_id uuid not null,
      run_id uuid not null,
      tenant_id text not null,
      primary key (upload_id, run_id)
    )
    """,
    "create index upload_uses_by_run on upload_uses (run_id)",
    *of_tenants("uploads", app="select, insert, update, delete", narrow=ENGAGED),
    *of_tenants("upload_uses", app="select, insert, delete", narrow=by_engagement("run_id")),
)
UNDO: tuple[str, ...] = ("drop table upload_uses", "drop table uploads")


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
