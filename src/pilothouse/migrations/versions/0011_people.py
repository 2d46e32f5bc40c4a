"""People, their roles and what they sign in with."""

from __future__ import annotations

from alembic import op

from pilothouse.migrations.access import of_installation, of_tenants
from pilothouse.migrations.statements import execute

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS: tuple[str, ...] = (
    """
    create table people (
      id uuid primary key,
      tenant_id text not null references tenants (id),
      email bytea,
      email_index bytea,
      sign_in_index bytea,
      name bytea not null,
      locale text,
      roles text[] not null default '{}',
      password text,
      sessions_valid_from timestamptz not null default now(),
      totp bytea,
      totp_confirmed_at timestamptz,
      totp_step bigint,
      issuer text,
      identity_index bytea,
      disabled_at timestamptz,
      joined_at timestamptz,
      last_signed_in_at timestamptz,
      created_at timestamptz not null default now(),
      changed_at timestamptz not null default now(),
      unique (tenant_id, email_index),
      unique (tenant_id, identity_index),
      unique (tenant_id, id)
    )
    """,
    "create index people_by_sign_in on people (sign_in_index)",
    """
    create table person_links (
      digest bytea primary key,
      tenant_id text not null,
      person_id uuid not null,
      purpose text not null check (purpose in ('invitation', 'recovery')),
      expires_at timestamptz not null,
      created_at timestamptz not null,
      foreign key (tenant_id, person_id) references people (tenant_id, id) on delete cascade
    )
    """,
    "create index person_links_of_person on person_links (person_id, purpose)",
    """
    create table person_recovery_codes (
      tenant_id text not null,
      person_id uuid not null,
      digest bytea not null,
      primary key (person_id, digest),
      foreign key (tenant_id, person_id) references people (tenant_id, id) on delete cascade
    )
    """,
    """
    create table sign_in_failures (
      digest bytea primary key,
      failures int not null,
      locked_until timestamptz,
      last_at timestamptz not null
    )
    """,
    "create index sign_in_failures_by_age on sign_in_failures (last_at)",
    *of_tenants("people"),
    *of_tenants("person_links"),
    *of_tenants("person_recovery_codes"),
    *of_installation("sign_in_failures", app=""),  # nobody's: it is there before it is known who comes
)
UNDO: tuple[str, ...] = (
    "drop table sign_in_failures",
    "drop table person_recovery_codes",
    "drop table person_links",
    "drop table people",
)


def upgrade() -> None:
    execute(STATEMENTS)


def downgrade() -> None:
    for statement in UNDO:
        op.execute(statement)
