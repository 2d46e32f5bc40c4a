"""Queries on attestations, and what the database tells of its own readiness."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import exists, func, literal, select, table, tablesample, text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.access import APP, ENGINE
from pilothouse.kit.repository import Repository
from pilothouse.kit.scope import Scope
from pilothouse.readiness.schemas import AttestationEdit
from pilothouse.readiness.tables import AttestationRow

MOST = 500
"""Attestations in one answer: one has six topics, each of which is stated anew about once a year."""

SHARED = ("limits", "limit_tokens")
"""Tables that tell of tenants and belong to the installation, whose admins alone the roles let to them."""

SAMPLED = 10_000
"""Rows of a table that are looked at, about: a policy that is missing shows all of them."""

_LOGIN = """
select current_user, rolsuper, rolbypassrls, inet_server_addr() is not null,
       coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
       (select count(*) from pg_class where relkind in ('r', 'p') and not relispartition
           and relnamespace = to_regnamespace(current_schema()) and relowner = mine.oid),
       (select min(pg_get_userbyid(relowner)) from pg_class where oid = to_regclass('runs')),
       coalesce((select pg_has_role(mine.oid, relowner, 'member')
                   from pg_class where oid = to_regclass('runs')), false),
       array(select rolname::text from pg_roles where rolname = any(:names) and not pg_has_role(
           mine.oid, oid, 'member') order by 1)
  from pg_roles as mine where rolname = current_user
"""
_ROLES = "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = any(:names) order by 1"
_GOVERNING = """
select (select count(*) from budgets where hard is not null),
       (select count(*) from kills where ended_at is null and (until is null or until > now())),
       (select coalesce(extract(epoch from now() - min(at)), 0)::float8 from audit_inbox)
"""
_SERVER = """
select current_setting('server_version_num')::int / 10000, current_setting('max_connections')::int,
       current_setting('password_encryption'), current_setting('fsync') = 'on',
       current_setting('full_page_writes') = 'on'
"""
_UNGUARDED = """
select found.relname from pg_class as found
  join pg_namespace as space on space.oid = found.relnamespace and space.nspname = current_schema()
 where found.relkind in ('r', 'p') and not found.relispartition
   and exists (select from pg_attribute where attrelid = found.oid and attname = 'tenant_id' and attnum > 0)
   and not (found.relrowsecurity
            and (not has_table_privilege(:app, found.oid, 'select')
                 or found.relname = any(:shared)
                 or exists (select from pg_policy where polrelid = found.oid
                               and (select oid from pg_roles where rolname = :app) = any(polroles)
                               and pg_get_expr(polqual, polrelid) like '%tenant_id%')))
 order by 1
"""
_SHOWN = """
select found.relname, greatest(found.reltuples, 0) + coalesce((
         select sum(greatest(part.reltuples, 0)) from pg_inherits
           join pg_class as part on part.oid = inhrelid where inhparent = found.oid), 0)
  from pg_class as found
 where found.relnamespace = to_regnamespace(current_schema()) and found.relkind in ('r', 'p')
   and not found.relispartition and has_table_privilege(:app, found.oid, 'select')
   and not found.relname = any(:shared)
   and exists (select from pg_attribute where attrelid = found.oid and attname = 'tenant_id' and attnum > 0)
 order by 1
"""
_OPEN_PARTITIONS = """
select found.relname from pg_class as found
 where found.relispartition and has_table_privilege(:app, found.oid, 'select') order by 1 limit 5
"""
_TENANT_TABLES = """
select count(*) from pg_class as found
  join pg_namespace as space on space.oid = found.relnamespace and space.nspname = current_schema()
 where found.relkind in ('r', 'p') and not found.relispartition
   and exists (select from pg_attribute where attrelid = found.oid and attname = 'tenant_id' and attnum > 0)
"""
_LIMITS = "select count(*) from limits where concurrency is not null or rate is not null"

_BACKUP = """
select id, place, started_at from backups where outcome = 'complete' and kind = 'dump'
 order by started_at desc limit 1
"""


class Governing(NamedTuple):
    """How many budgets have a hard limit, how many kill switches hold, and the seconds that entries wait."""

    budgets: int
    killed: int
    unplaced: float


class Backup(NamedTuple):
    """A backup of which the database knows."""

    id: str
    place: str
    started_at: dt.datetime


class Login(NamedTuple):
    """The database role of this process, how it is connected, and how many tables it owns.

    `owner` is whose the tables are, `becomes_owner` whether this role may act as that one, and `lacks` are
    the roles of Pilothouse as which it may not.
    """

    name: str
    is_superuser: bool
    bypasses: bool
    over_network: bool
    encrypted: bool
    owns: int = 0
    owner: str | None = None
    becomes_owner: bool = False
    lacks: Sequence[str] = ()


class Server(NamedTuple):
    """What the database server is and keeps."""

    version: int
    max_connections: int
    password_encryption: str
    fsync: bool
    full_page_writes: bool


class AttestationRepository(Repository):
    """The attestations of a tenant."""

    async def all(self) -> Sequence[AttestationRow]:
        """The newest ones, the newest first."""
        statement = (
            select(AttestationRow)
            .where(AttestationRow.tenant_id == self._tenant_id)
            .order_by(AttestationRow.id.desc())
            .limit(MOST)
        )
        return (await self._session.scalars(statement)).all()

    async def one(self, id_: UUID) -> AttestationRow | None:
        """One of them, or None."""
        statement = select(AttestationRow).where(
            AttestationRow.tenant_id == self._tenant_id, AttestationRow.id == id_
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def add(
        self, id_: UUID, edit: AttestationEdit, now: dt.datetime, expires_at: dt.datetime, scope: Scope
    ) -> AttestationRow:
        """Write a new one."""
        row = AttestationRow(
            id=id_,
            tenant_id=self._tenant_id,
            topic=edit.topic.value,
            evidence=edit.evidence,
            stated_by=edit.stated_by,
            stated_at=now,
            expires_at=expires_at,
            recorded_by=scope.principal,
            withdrawn_at=None,
            withdrawn_by=None,
        )
        self._session.add(row)
        await self._session.flush()
        return row


async def login(session: AsyncSession) -> Login:
    """The role of this session."""
    return Login(*(await session.execute(text(_LOGIN), {"names": [APP, ENGINE]})).one())


async def unbound(session: AsyncSession) -> dict[str, bool]:
    """Of each of the roles that statements are executed with: whether row-level security does not bind it."""
    found = await session.execute(text(_ROLES), {"names": [APP, ENGINE]})
    return {str(name): bool(free) for name, free in found}


def bound(role: str) -> str:
    """What an administrator executes, so that row-level security binds a role."""
    return f"alter role {role} nosuperuser nobypassrls;"


async def server(session: AsyncSession) -> Server:
    """The database server."""
    return Server(*(await session.execute(text(_SERVER))).one())


async def unguarded(session: AsyncSession) -> Sequence[str]:
    """The tables whose rows belong to tenants and of which the app would see those of others."""
    tables = (await session.scalars(text(_UNGUARDED), {"app": APP, "shared": list(SHARED)})).all()
    partitions = (await session.scalars(text(_OPEN_PARTITIONS), {"app": APP})).all()
    return [*tables, *partitions]


async def tables_shown(session: AsyncSession) -> dict[str, float]:
    """The tables with rows of tenants that the app may read, and about how many rows each has."""
    found = await session.execute(text(_SHOWN), {"app": APP, "shared": list(SHARED)})
    return {str(name): float(rows) for name, rows in found}


async def seen_in(session: AsyncSession, tables: dict[str, float]) -> Sequence[str]:
    """The tables of which this session sees a row; of a large one a sample is read."""
    if not tables:
        return []
    columns = []
    for name, rows in tables.items():
        percent = min(100.0, 100.0 * SAMPLED / max(rows, 1.0))
        rows_of = tablesample(table(name), func.system(percent))
        columns.append(exists(select(literal(1)).select_from(rows_of)).label(name))
    seen = (await session.execute(select(*columns))).one()
    return [name for name, is_seen in zip(tables, seen, strict=True) if is_seen]


async def tables_of_tenants(session: AsyncSession) -> int:
    """How many tables have rows that belong to tenants."""
    return int((await session.execute(text(_TENANT_TABLES))).scalar_one())


async def limits(session: AsyncSession) -> int:
    """How many limits on runs are set."""
    return int((await session.execute(text(_LIMITS))).scalar_one())


async def governing(session: AsyncSession) -> Governing:
    """Budgets that bound something, kill switches that hold, and how long the oldest audit row has waited."""
    return Governing(*(await session.execute(text(_GOVERNING))).one())


async def newest_backup(session: AsyncSession) -> Backup | None:
    """The newest whole backup, wherever it is."""
    found = (await session.execute(text(_BACKUP))).one_or_none()
    return None if found is None else Backup(*found)
