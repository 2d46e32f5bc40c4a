"""Notifications: targets, notices of what happened, their deliveries, and links that decide one action."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_tenants
from pilothouse.migrations.statements import execute

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

NOTE_QUESTION = """
create function note_question() returns trigger language plpgsql as $$
begin
  insert into notices (tenant_id, kind, subject_id, at)
  select new.tenant_id, 'question', new.id, now()
   where exists (select from notification_targets
                  where tenant_id = new.tenant_id and disabled_at is null);
  return null;
end
$$
"""
"""Notes an opened question in the transaction that opens it, where the tenant has anybody to tell."""

STATEMENTS: tuple[str, ...] = (
    """
    create table notification_targets (
      id uuid primary key,
      tenant_id text not null,
      name text not null,
      channel text not null check (channel in ('apprise', 'webhook')),
      shown text not null,
      address_secret bytea not null,
      signing_secret bytea,
      previous_secret bytea,
      previous_until timestamptz,
      events text[] not null default '{}',
      roles text[] not null default '{}',
      addressee text,
      links boolean not null default false,
      made_by text not null,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      disabled_at timestamptz,
      disabled_because text not null default '',
      unique (tenant_id, name),
      check ((signing_secret is not null) = (channel = 'webhook')),
      check (not links or addressee is not null)
    )
    """,
    """
    create table notices (
      id bigint generated always as identity primary key,
      tenant_id text not null,
      kind text not null check (kind in ('question', 'expiring', 'budget', 'kill')),
      subject_id uuid not null,
      occasion text not null default '',
      facts jsonb not null default '{}',
      at timestamptz not null default now(),
      spread_at timestamptz
    )
    """,
    """
    create unique index notices_once on notices (tenant_id, kind, subject_id, occasion)
     where kind in ('expiring', 'kill')
    """,
    "create index notices_due on notices (id) where spread_at is null",
    "create index notices_by_age on notices (at)",
    """
    create table deliveries (
      id uuid primary key,
      tenant_id text not null,
      notice_id bigint references notices on delete set null,
      target_id uuid not null references notification_targets on delete cascade,
      event text not null,
      status text not null default 'pending' check (status in ('pending', 'sent', 'dead', 'moot')),
      attempts int not null default 0,
      next_at timestamptz,
      created_at timestamptz not null default now(),
      ended_at timestamptz,
      answered int,
      reason text not null default ''
    )
    """,
    "create unique index deliveries_once on deliveries (notice_id, target_id)",
    "create index deliveries_due on deliveries (next_at) where status = 'pending'",
    "create index deliveries_by_target on deliveries (target_id)",
    "create index deliveries_by_tenant on deliveries (tenant_id, id)",
    """
    create table action_links (
      id uuid primary key,
      tenant_id text not null,
      question_id uuid not null,
      digest text not null,
      addressee text not null,
      role text,
      created_at timestamptz not null,
      expires_at timestamptz not null,
      seen_at timestamptz,
      used_at timestamptz,
      verdict text
    )
    """,
    "create index action_links_by_expiry on action_links (expires_at)",
    *of_tenants("notification_targets"),
    *of_tenants("notices", app="select"),
    *of_tenants("deliveries", app="select, insert"),
    *of_tenants("action_links", app="select, insert, update"),
    NOTE_QUESTION,
    """
    create trigger questions_noted after insert on questions
      for each row when (new.status = 'open') execute function note_question()
    """,
    """
    create trigger questions_noted_again after update of status on questions
      for each row when (new.status = 'open' and old.status <> 'open') execute function note_question()
    """,
)
UNDO: tuple[str, ...] = (
    "drop trigger questions_noted_again on questions",
    "drop trigger questions_noted on questions",
    "drop function note_question",
    "drop table action_links",
    "drop table deliveries",
    "drop table notices",
    "drop table notification_targets",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
