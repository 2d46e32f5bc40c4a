"""Creates and drops databases on the embedded server; quick enough for one per test worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from pilothouse.errors import DatabaseUnavailable, NotFound
from pilothouse.kit.postgres.errors import DatabaseExists

MAINTENANCE = "postgres"  # nobody works in it, so that it is never in the way of a copy


def create(dsn: str, name: str, template: str | None) -> None:
    """Create the database `name` on the server of `dsn`, as a copy of `template` if given.

    Raises `DatabaseExists`, `NotFound` for the template, `DatabaseUnavailable` while somebody is
    connected to the template or the server does not answer.
    """
    statement = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    if template is not None:
        statement += sql.SQL(" TEMPLATE {}").format(sql.Identifier(template))
    try:
        with _connected(dsn) as connection:
            connection.execute(statement)
    except psycopg.errors.DuplicateDatabase as error:
        raise DatabaseExists(f"The database {name} exists already.", hint="Choose another name.") from error
    except psycopg.errors.InvalidCatalogName as error:
        raise NotFound(f"There is no database {template} to copy.") from error


def drop(dsn: str, name: str) -> None:
    """Drop the database `name` on the server of `dsn`, if it is there, ending its sessions."""
    with _connected(dsn) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def version(dsn: str) -> str:
    """The version of the server of `dsn`, for example `18.4`."""
    with _connected(dsn) as connection:
        number = connection.info.server_version
    return f"{number // 10000}.{number % 10000}"


_ARCHIVING = """
select case when current_setting('archive_mode') = 'off' then 'off until the next start'
            when last_failed_time > coalesce(last_archived_time, '-infinity')
              then 'failing since ' || last_failed_time || ' on ' || last_failed_wal
            when last_archived_time is null then 'on, nothing archived yet'
            else 'on, last ' || last_archived_wal || ' at ' || last_archived_time end
  from pg_stat_archiver
"""


def archiving(dsn: str) -> str:
    """How the server of `dsn` archives its log of writes, in words."""
    with _connected(dsn) as connection:
        row = connection.execute(_ARCHIVING).fetchone()
    return str(row[0]) if row else "unknown"


@contextmanager
def _connected(dsn: str) -> Iterator[psycopg.Connection]:
    try:
        with psycopg.connect(dsn, autocommit=True) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise DatabaseUnavailable(f"PostgreSQL refused: {str(error).strip()}") from error
