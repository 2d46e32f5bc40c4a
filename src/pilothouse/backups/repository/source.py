"""What backups ask of the database that is backed up, and the lines that it keeps about them."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from pilothouse.backups.schemas import Kind, Manifest, Outcome, Record
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.access import ROLES
from pilothouse.kit.connecting import connect

_GRANTS = """
select grantee::text, table_name::text, privilege_type::text from information_schema.role_table_grants
 where grantee = any(%s) and table_schema = %s order by 1, 2, 3
"""
_LOCK = 0x6261636B7570  # one process at a time; the number behind it is for copies of the whole server
_PAGE = 1_000

_FACTS = """
select pg_export_snapshot(), clock_timestamp(), current_schema(), pg_database_size(current_database()),
       to_regclass('payload_references') is not null, to_regclass('artifact_contents') is not null,
       to_regclass('uploads') is not null
"""
_COUNTS = "select (select count(*) from runs), (select count(*) from journal)"
_ARTIFACTS = "select tenant_id, sha256, size from artifacts"
_PAYLOADS = " union all select tenant_id, sha256, size from payload_references"
_UPLOADS = " union all select tenant_id, sha256, size from uploads"
_INSIDE = """
 where not exists (select from artifact_contents as inside
                    where inside.tenant_id = named.tenant_id and inside.sha256 = named.sha256)
"""
_STILL_NAMED = """
select exists (select from artifacts where tenant_id = %(tenant)s and sha256 = %(sha256)s)
    or exists (select from uploads where tenant_id = %(tenant)s and sha256 = %(sha256)s)
"""


@dataclass(frozen=True)
class Shown:
    """The one moment that a dump shows: its name for pg_dump, when it was, and what stands there."""

    snapshot: str
    at: dt.datetime
    schema: str
    revision: str
    server_version: int
    database_bytes: int


class Snapshot:
    """A transaction that only reads and sees one moment for as long as it is open.

    It has no transaction id of its own: it keeps nobody waiting, and holds up no stream of entries.
    """

    def __init__(self, connection: psycopg.AsyncConnection[Any], shown: Shown, contents: str) -> None:
        """Use the transaction that is open on `connection`."""
        self._connection = connection
        self._contents = contents
        self.shown = shown

    async def counts(self) -> tuple[int, int]:
        """How many runs and entries there are."""
        runs, entries = await _one(self._connection, _COUNTS)
        return int(runs), int(entries)

    async def grants(self) -> tuple[tuple[str, str, str], ...]:
        """The rights of the database's own roles: role, table, right."""
        cursor = await self._connection.execute(_GRANTS.encode(), (list(ROLES), self.shown.schema))
        return tuple((role, table, right) for role, table, right in await cursor.fetchall())

    async def contents(self) -> AsyncIterator[tuple[str, str, int]]:
        """Tenant, SHA-256 and size of each content that is named here and not kept in the database itself."""
        async with self._connection.cursor("contents") as cursor:
            cursor.itersize = _PAGE
            await cursor.execute(self._contents.encode())
            async for tenant, sha256, size in cursor:
                yield tenant, sha256, int(size)


@asynccontextmanager
async def snapshot(conninfo: str) -> AsyncIterator[Snapshot]:
    """Open a snapshot. Raises `DatabaseUnavailable`."""
    try:
        connection = await connect(conninfo, "backup", prepare_threshold=None)
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"The database does not answer: {error}".strip()) from error
    connection.silence = float("inf")  # counting may take minutes
    async with connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.set_read_only(True)
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await connection.execute("set local statement_timeout = 0")
        name, at, schema, size, payloads, inside, uploads = await _one(connection, _FACTS)
        (revision,) = await _one(connection, "select version_num from alembic_version")
        version = connection.info.server_version
        named = _ARTIFACTS + (_PAYLOADS if payloads else "") + (_UPLOADS if uploads else "")
        contents = f"select tenant_id, sha256, max(size) from ({named}) as named"  # noqa: S608 - constants
        contents += (_INSIDE if inside else "") + " group by 1, 2 order by 1, 2"
        shown = Shown(name, at, schema, revision, version, size)
        yield Snapshot(connection, shown, contents)


async def is_named(conninfo: str, tenant_id: str, sha256: str) -> bool:
    """Whether an artifact with this content is there now."""
    async with await connect(conninfo, "backup", autocommit=True) as connection:
        row = await _one(connection, _STILL_NAMED, {"tenant": tenant_id, "sha256": sha256})
    return bool(row[0])


class Ledger:
    """The lines about backups, on a connection that is kept for as long as one is made."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Use an open connection that commits by itself."""
        self.connection = connection

    async def claim(self, kind: Kind) -> bool:
        """Be the only process that makes backups of this kind until the connection is closed."""
        key = _LOCK + (kind is Kind.BASE)
        (got,) = await _one(self.connection, "select pg_try_advisory_lock(%s)", (key,))
        return bool(got)

    async def begun(self, record: Record) -> None:
        """Note that a backup begins. Whatever is still said to run was interrupted."""
        async with self.connection.transaction():
            await self.connection.execute(
                """
                update backups set outcome = 'interrupted', finished_at = now()
                 where outcome = 'running' and kind = %s
                """,
                (record.kind,),
            )
            await self.connection.execute(
                """
                insert into backups (id, kind, place, outcome, started_at)
                values (%s, %s, %s, 'running', %s)
                """,
                (record.id, record.kind, record.place, record.started_at),
            )

    async def ended(self, backup_id: str, outcome: Outcome, manifest: Manifest | None, detail: str) -> None:
        """Note how a backup went."""
        size = manifest.size if manifest else 0
        await self.connection.execute(
            """
            update backups set outcome = %s, finished_at = clock_timestamp(), bytes = %s, detail = %s
             where id = %s
            """,
            (outcome, size, detail, backup_id),
        )

    async def forget(self, before: dt.datetime) -> None:
        """Forget the lines of backups that began earlier."""
        await self.connection.execute("delete from backups where started_at < %s", (before,))

    async def newest(self, kind: Kind, place: str) -> tuple[dt.datetime | None, dt.datetime | None]:
        """When the newest complete backup of a kind in a place began, and the newest attempt."""
        row = await _one(
            self.connection,
            """
            select max(started_at) filter (where outcome = 'complete'), max(started_at)
              from backups where kind = %s and place = %s
            """,
            (kind, place),
        )
        return row[0], row[1]

    async def last(self, kind: Kind, place: str, *, complete: bool) -> Record | None:
        """The newest backup of a kind in a place: the newest complete one, or the newest that has ended."""
        cursor = await self.connection.execute(
            """
            select id, kind, place, outcome, started_at, finished_at, bytes, detail from backups
             where kind = %s and place = %s and outcome <> 'running' and (outcome = 'complete' or not %s)
             order by started_at desc limit 1
            """,
            (kind, place, complete),
        )
        row = await cursor.fetchone()
        return Record(**dict(zip(Record.model_fields, row, strict=True))) if row else None

    async def records(self, limit: int) -> list[Record]:
        """The newest backups and attempts, the newest first; none in a database that knows no backups yet."""
        (known,) = await _one(self.connection, "select to_regclass('backups') is not null")
        if not known:
            return []
        cursor = await self.connection.execute(
            """
            select id, kind, place, outcome, started_at, finished_at, bytes, detail from backups
             order by started_at desc limit %s
            """,
            (limit,),
        )
        names = Record.model_fields.keys()
        return [Record(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]


@asynccontextmanager
async def ledger(conninfo: str) -> AsyncIterator[Ledger]:
    """Open the ledger of a database, straight on the server. Raises `DatabaseUnavailable`."""
    try:
        connection = await connect(conninfo, "backup", autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise DatabaseUnavailable(f"The database does not answer: {error}".strip()) from error
    async with connection:
        yield Ledger(connection)
        # The server would let go of the lock only after this process has gone on.
        await connection.execute("select pg_advisory_unlock_all()")


async def _one(connection: psycopg.AsyncConnection[Any], statement: str, parameters: Any = None) -> Any:
    cursor = await connection.execute(sql.SQL(statement), parameters)
    return await cursor.fetchone()


class Archived(NamedTuple):
    """How the server's archiving of WAL goes: whether it is on, when it last worked and last failed.

    `failing` is the segment that it cannot archive now; `timeline` is the server's.
    """

    on: bool
    last: dt.datetime | None
    failed: dt.datetime | None
    failing: str | None
    timeline: int


_ARCHIVED = """
select current_setting('archive_mode') <> 'off', last_archived_time, last_failed_time,
       case when last_failed_time > coalesce(last_archived_time, '-infinity') then last_failed_wal end,
       (select timeline_id from pg_control_checkpoint())
  from pg_stat_archiver
"""


async def archived(conninfo: str) -> Archived:
    """How archiving goes. Raises `DatabaseUnavailable`."""
    async with ledger(conninfo) as lines:
        return Archived(*await _one(lines.connection, _ARCHIVED))
