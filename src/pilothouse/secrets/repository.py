"""Queries on what is remembered of secrets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

import psycopg
from psycopg import sql
from psycopg.rows import TupleRow
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.scope import HOME_TENANT
from pilothouse.secrets.tables import MarkRow

_PEPPERS = """
select version, count(*) from (
  select pepper as version from api_keys where revoked_at is null
  union all
  select previous_pepper from api_keys where revoked_at is null and previous_until > :now
) as used group by 1
"""


class Marked(NamedTuple):
    """A version that was there: the mark to know it by (empty: none), and since when."""

    version: str
    mark: bytes
    noted_at: dt.datetime


class MarkRepository:
    """The marks of an installation's secrets."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def of(self, name: str) -> Sequence[Marked]:
        """The versions of a secret that were there, the newest first."""
        statement = (
            select(MarkRow.version, MarkRow.mark, MarkRow.noted_at)
            .where(MarkRow.tenant_id == HOME_TENANT, MarkRow.name == name)
            .order_by(MarkRow.noted_at.desc(), MarkRow.version.desc())
        )
        return [Marked(*row) for row in await self._session.execute(statement)]

    async def add(self, name: str, version: str, mark: bytes, now: dt.datetime) -> None:
        """Note a version, unless one of that number is noted."""
        values = {"tenant_id": HOME_TENANT, "name": name, "version": version, "mark": mark, "noted_at": now}
        await self._session.execute(insert(MarkRow).values(**values).on_conflict_do_nothing())

    async def remove(self, name: str, version: str | None) -> int:
        """Forget a version of a secret (None: all); returns how many."""
        statement = delete(MarkRow).where(MarkRow.tenant_id == HOME_TENANT, MarkRow.name == name)
        if version is not None:
            statement = statement.where(MarkRow.version == version)
        return len((await self._session.scalars(statement.returning(MarkRow.version))).all())


async def keys_by_pepper(session: AsyncSession, now: dt.datetime) -> dict[str, int]:
    """How many API keys of all tenants are verified with each version of the pepper."""
    found = await session.execute(text(_PEPPERS), {"now": now})
    return {str(version): int(count) for version, count in found}


async def set_password(connection: psycopg.AsyncConnection[TupleRow], user: str, verifier: str) -> None:
    """Give a role the password that `verifier` (as PostgreSQL keeps it) verifies."""
    statement = sql.SQL("alter role {} password {}").format(sql.Identifier(user), sql.Literal(verifier))
    await connection.execute(statement)
