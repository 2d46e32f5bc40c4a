"""Rows for any table: the catalogue says which columns there are, and some value is found for each."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import sql

ROWS_OF_TENANTS = """
select c.relname from pg_class as c
 where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
   and exists (select from pg_attribute where attrelid = c.oid and attname = 'tenant_id' and not attisdropped)
 order by 1
"""
"""The tables with rows of tenants."""

_NEEDED = """
select attname::text, format_type(atttypid, atttypmod) from pg_attribute
 where attrelid = %s::regclass and attnum > 0 and not attisdropped and attgenerated = '' and attidentity = ''
   and (attnotnull or attname = 'tenant_id') and (not atthasdef or attname = 'tenant_id')
"""

CHECKED = {
    "tenant_jobs": {"kind": "export"},
    "person_links": {"purpose": "recovery"},
    "budgets": {"scope": "tenant", "unit": "actions", "period": "day", "hard": 1},
    "kills": {"kind": "tenant"},
    "experiments": {"key": "run", "state": "draft"},
    "feedback": {"rating": 1, "message": "m"},
    "notification_targets": {"channel": "apprise"},
    "notices": {"kind": "kill"},
    "audit_entries": {"kind": "export"},
    "audit_inbox": {"kind": "export"},
    "sessions": {"kind": "program", "by": "password"},
}
"""Values that a table's own checks want."""


def value_of(kind: str, number: int) -> Any:
    """Some value of a type, another for each number."""
    if kind.endswith("[]"):
        return "{}"
    made = {
        "uuid": str(uuid4()),
        "bytea": bytes([number]) * 32,
        "jsonb": "{}",
        "boolean": False,
        "timestamp with time zone": dt.datetime(2026, 1, number, tzinfo=dt.UTC),
        "text": f"text {number}",
        "date": dt.date(2026, 1, number),
        "inet": f"10.0.0.{number}",
    }
    return made.get(kind, number)


def filled(
    connection: psycopg.Connection[Any], table: str, tenant: str, number: int = 1, **said: Any
) -> None:
    """Write a row of a tenant: the columns that have to be there with some value, and what is `said`.

    Foreign keys and triggers are left out for the rest of the transaction.
    """
    connection.execute("set local session_replication_role = replica")
    needed = dict(connection.execute(_NEEDED, (table,)).fetchall())
    row = {name: value_of(kind, number) for name, kind in needed.items()}
    row |= CHECKED.get(table, {}) | {"tenant_id": tenant} | said
    connection.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join([sql.Placeholder()] * len(row)),
        ),
        list(row.values()),
    )
