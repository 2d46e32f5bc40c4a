"""What a restore asks of the database that it fills: whether it is free, and what has to be put right."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from pilothouse.backups.errors import NotEmpty, RestoreFailed, StillUsed
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.access import ROLES, ensure_roles_at
from pilothouse.kit.connecting import connect

AHEAD = 1_000
"""By how much epochs are raised: more than any process that lives on can have claimed meanwhile."""

_MAINTENANCE = ("postgres", "template1")
_RIGHTS = ("SELECT", "INSERT", "UPDATE", "DELETE")
_TABLES = "select tablename from pg_tables where schemaname = %s"
_USERS = """
select count(*) from pg_stat_activity
 where datname = %s and pid <> pg_backend_pid() and application_name like 'pilothouse-%%'
"""
_FORGET = """
alter table journal drop column xid;
alter table journal add column xid bigint;
alter table journal alter column xid set default pg_current_xact_id()::text::bigint
"""
_SETTLE = """
with open as materialized (
  select id, status from runs where status in ('queued', 'running', 'waiting')),
queued as (
  update runs set status = case when runs.status = 'running' then 'queued' else runs.status end,
                  worker_id = null, epoch = case when epoch > 0 then epoch + %s else 0 end
    from open where runs.id = open.id
  returning open.status as was),
told as (select pg_notify('pilothouse_runs', ''))
select (select count(*) from queued where was = 'running'), (select count(*) from told)
"""


class Target:
    """A database on a server, and the one that is filled beside it to take its place."""

    def __init__(self, conninfo: str) -> None:
        """Aim at the database of `conninfo`."""
        self.conninfo = conninfo
        self.name = str(conninfo_to_dict(conninfo).get("dbname") or conninfo_to_dict(conninfo).get("user"))

    def beside(self, name: str) -> str:
        """How to connect to another database of the same server."""
        return make_conninfo(self.conninfo, dbname=name)

    @asynccontextmanager
    async def connected(self, name: str | None = None) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A connection to this database, or another of the server, that commits by itself."""
        where = self.conninfo if name is None else self.beside(name)
        try:
            connection = await connect(where, "restore", autocommit=True, prepare_threshold=None)
        except psycopg.OperationalError as error:
            raise DatabaseUnavailable(f"The database does not answer: {error}".strip()) from error
        connection.silence = float("inf")
        async with connection:
            yield connection

    @asynccontextmanager
    async def maintaining(self) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        """A connection to a database of the server that nobody works in."""
        for name in _MAINTENANCE:
            try:
                connection = await connect(self.beside(name), "restore", autocommit=True)
            except psycopg.OperationalError:
                continue
            async with connection:
                yield connection
            return
        raise DatabaseUnavailable(f"Neither database {' nor '.join(_MAINTENANCE)} can be opened.")

    async def exists(self) -> bool:
        """Whether there is such a database."""
        async with self.maintaining() as connection:
            cursor = await connection.execute("select from pg_database where datname = %s", (self.name,))
            return await cursor.fetchone() is not None

    async def assert_free(self, schema: str, *, force: bool) -> bool:
        """Whether anything stands in the schema. Raises `StillUsed`, and `NotEmpty` unless `force`.

        A schema that has our tables and no run is as good as empty.
        """
        if not await self.exists():
            return False
        async with self.connected() as connection:
            await self._assert_unused(connection)
            tables = {name for (name,) in await _rows(connection, _TABLES, (schema,))}
            free = not tables
            if {"runs", "alembic_version"} <= tables:
                ((free,),) = await _rows(
                    connection,
                    sql.SQL("select not exists (select from {})").format(sql.Identifier(schema, "runs")),
                )
        if not free and not force:
            raise NotEmpty(
                f"The database {self.name} is not empty.",
                hint="Add --force: it is kept beside the restored one; or name another with --into.",
            )
        return bool(tables)

    async def assert_unused(self) -> None:
        """Raise `StillUsed` where processes of Pilothouse are connected."""
        async with self.connected() as connection:
            await self._assert_unused(connection)

    async def _assert_unused(self, connection: psycopg.AsyncConnection[Any]) -> None:
        ((users,),) = await _rows(connection, _USERS, (self.name,))
        if users:
            raise StillUsed(
                f"{users} sessions of Pilothouse are connected to the database {self.name}.",
                hint="Stop the servers and workers first: their runs are about to change under them.",
            )

    async def create(self, name: str, schema: str) -> None:
        """Make an empty database with an empty schema. Raises `RestoreFailed` without the right to do so."""
        statement = sql.SQL("create database {} template template0 encoding 'UTF8'")
        try:
            async with self.maintaining() as connection:
                await connection.execute(statement.format(sql.Identifier(name)))
            async with self.connected(name) as connection:
                await connection.execute(
                    sql.SQL("create schema if not exists {}").format(sql.Identifier(schema))
                )
            await asyncio.to_thread(ensure_roles_at, self.beside(name))  # the dump grants them its tables
        except psycopg.errors.InsufficientPrivilege as error:
            raise RestoreFailed(
                "The role may not create a database, and a restore fills a new one.",
                hint="Grant it: ALTER ROLE ... CREATEDB; or restore as a role that may.",
            ) from error

    async def drop(self, name: str) -> None:
        """Drop a database, if it is there."""
        async with self.maintaining() as connection:
            await connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    async def swap(self, filled: str, aside: str | None) -> None:
        """Give the database `filled` this one's name, and this one the name `aside` (None: there is none).

        Both in one transaction. Raises `StillUsed` where somebody is connected.
        """
        rename = sql.SQL("alter database {} rename to {}")
        try:
            async with self.maintaining() as connection, connection.transaction():
                if aside is not None:
                    await connection.execute(rename.format(sql.Identifier(self.name), sql.Identifier(aside)))
                await connection.execute(rename.format(sql.Identifier(filled), sql.Identifier(self.name)))
        except psycopg.errors.ObjectInUse as error:
            raise StillUsed(f"The database {self.name} is used: {error}".strip()) from error


async def forget_transactions(connection: psycopg.AsyncConnection[Any], schema: str) -> None:
    """Let go of the numbers of transactions, which mean nothing on another server.

    The column is made anew, which rewrites nothing; its index is made afterwards, with all others.
    """
    await _at(connection, schema)
    rows = await _rows(
        connection,
        """
        select from pg_attribute
         where attrelid = 'journal'::regclass and attname = 'xid' and not attisdropped
        """,
    )
    for statement in _FORGET.split(";") if rows else ():
        await connection.execute(statement.encode())


async def schema_of(connection: psycopg.AsyncConnection[Any]) -> str:
    """The schema that a connection works in."""
    ((name,),) = await _rows(connection, "select current_schema()")
    return str(name)


async def settle(connection: psycopg.AsyncConnection[Any], schema: str, backup_id: str) -> int:
    """Put right what was true of processes that are gone; returns how many runs were under way.

    No worker is there. What was running is queued, and everybody's epoch is raised so far that a process
    that lives on somewhere is fenced. Cursors of live streams belong to another incarnation.
    """
    await _at(connection, schema)
    async with connection.transaction():
        await connection.execute("delete from workers")
        ((requeued, _),) = await _rows(connection, _SETTLE, (AHEAD,))
        await connection.execute("delete from incarnations")
        await connection.execute("insert into incarnations default values")
        await connection.execute(
            """
            update backups set outcome = case when id = %s then 'complete' else 'interrupted' end,
                               finished_at = now()
             where outcome = 'running'
            """,
            (backup_id,),
        )
    return int(requeued)


async def grant(
    connection: psycopg.AsyncConnection[Any], schema: str, grants: Sequence[tuple[str, str, str]]
) -> None:
    """Give the database's own roles the rights that they had; others' are none of a backup's business."""
    for role in ROLES:
        usage = sql.SQL("grant usage on schema {} to {}")
        await connection.execute(usage.format(sql.Identifier(schema), sql.Identifier(role)))
    for role, table, right in grants:
        if role in ROLES and right in _RIGHTS:
            await connection.execute(
                sql.SQL("grant {} on {} to {}").format(
                    sql.SQL(right), sql.Identifier(schema, table), sql.Identifier(role)
                )
            )


async def counts(connection: psycopg.AsyncConnection[Any], schema: str) -> tuple[int, int]:
    """How many runs and entries there are."""
    await _at(connection, schema)
    ((runs, entries),) = await _rows(
        connection, "select (select count(*) from runs), (select count(*) from journal)"
    )
    return int(runs), int(entries)


async def inside(connection: psycopg.AsyncConnection[Any], schema: str) -> list[tuple[str, str, int]]:
    """Tenant, SHA-256 and size of the contents that the database itself keeps."""
    await _at(connection, schema)
    return await _rows(
        connection,
        "select tenant_id, sha256, sum(length(bytes))::bigint from artifact_contents group by 1, 2",
    )


async def content(connection: psycopg.AsyncConnection[Any], tenant_id: str, sha256: str) -> bytes:
    """A content that the database keeps."""
    parts = await _rows(
        connection,
        "select bytes from artifact_contents where tenant_id = %s and sha256 = %s order by part",
        (tenant_id, sha256),
    )
    return b"".join(part for (part,) in parts)


async def analyze(connection: psycopg.AsyncConnection[Any]) -> None:
    """Gather the statistics that plans rest on: a dump has none."""
    await connection.execute("analyze")


async def _at(connection: psycopg.AsyncConnection[Any], schema: str) -> None:
    await connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))


async def _rows(
    connection: psycopg.AsyncConnection[Any], statement: Any, parameters: Any = None
) -> list[Any]:
    cursor = await connection.execute(statement, parameters)
    return await cursor.fetchall()
