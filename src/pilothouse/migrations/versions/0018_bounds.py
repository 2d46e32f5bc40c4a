"""What uploads of a tenant take, kept count of, and the room that those under way have reserved."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table upload_totals (
      tenant_id text primary key,
      bytes bigint not null default 0,
      files bigint not null default 0
    )
    """,
    """
    create table upload_reservations (
      id uuid primary key,
      tenant_id text not null,
      principal text not null,
      bytes bigint not null check (bytes >= 0),
      made_at timestamptz not null default now(),
      seen_at timestamptz not null default now()
    )
    """,
    "create index upload_reservations_by_tenant on upload_reservations (tenant_id, id)",
    # Neither is narrowed to an engagement: the room is the tenant's, whoever uploads.
    *of_tenants("upload_totals", app="select, insert, update"),
    *of_tenants("upload_reservations"),
    """
    create function count_uploads() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' then
        insert into upload_totals as total (tenant_id, bytes, files)
        select tenant_id, sum(size), count(*) from changed group by tenant_id order by tenant_id
        on conflict (tenant_id) do update set bytes = total.bytes + excluded.bytes,
                                              files = total.files + excluded.files;
      else
        update upload_totals as total set bytes = total.bytes - gone.bytes, files = total.files - gone.files
          from (select tenant_id, sum(size) as bytes, count(*) as files
                  from changed group by tenant_id order by tenant_id) as gone
         where total.tenant_id = gone.tenant_id;
      end if;
      return null;
    end
    $$
    """,
    """
    create trigger uploads_counted after insert on uploads referencing new table as changed
      for each statement execute function count_uploads()
    """,
    """
    create trigger uploads_uncounted after delete on uploads referencing old table as changed
      for each statement execute function count_uploads()
    """,
    """
    insert into upload_totals (tenant_id, bytes, files)
    select tenant_id, sum(size), count(*) from uploads group by tenant_id
    """,
)
UNDO: tuple[str, ...] = (
    "drop trigger uploads_uncounted on uploads",
    "drop trigger uploads_counted on uploads",
    "drop function count_uploads",
    "drop table upload_reservations",
    "drop table upload_totals",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
