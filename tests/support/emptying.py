"""Empties a database for the next test, which takes 2 ms where making one takes 100."""

from __future__ import annotations

from typing import Any

import psycopg

OTHERS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and pid <> %s"
TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"


def empty(connection: psycopg.Connection[Any]) -> None:
    """End every other session in a connection's database, and delete the rows of all its tables."""
    connection.execute(OTHERS, (connection.info.dbname, connection.info.backend_pid))
    names = [psycopg.sql.Identifier(name) for (name,) in connection.execute(TABLES).fetchall()]
    deletions = [psycopg.sql.SQL("delete from {};").format(name) for name in names]
    in_any_order = psycopg.sql.SQL("set local session_replication_role = replica;")
    anew = psycopg.sql.SQL("insert into tenants (id, name) values ('default', 'Default')")
    # one transaction and one round trip
    connection.execute(psycopg.sql.SQL("").join([in_any_order, *deletions, anew]), prepare=False)
