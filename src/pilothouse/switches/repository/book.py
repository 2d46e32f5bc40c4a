"""Queries on the switches of one tenant, and on those that hold for all."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue
from sqlalchemy import Select, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.kit.repository import Repository
from pilothouse.kit.scope import Scope
from pilothouse.switches.tables import DegradationRow, FlagRow, KillRow

MOST = 100
"""Kill switches that are shown beside those in force."""


class SwitchRepository(Repository):
    """The switches that a tenant sees: its own and those for all, and of the home tenant everybody's."""

    def __init__(self, session: AsyncSession, scope: Scope, *, everybody: bool = False) -> None:
        """As `Repository`; with `everybody` those of every tenant are seen."""
        super().__init__(session, scope)
        self._everybody = everybody

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.SWITCH, subject, did, **details)

    async def kills(self, now: dt.datetime, *, ended: bool) -> Sequence[KillRow]:
        """What is killed, the latest first; with `ended` also the last that were let go."""
        rows = self._seen(select(KillRow), KillRow).order_by(KillRow.id.desc())
        lasts = KillRow.ended_at.is_(None) & (KillRow.until.is_(None) | (KillRow.until > now))
        found = list(await self._session.scalars(rows.where(lasts)))
        if ended:
            found += await self._session.scalars(rows.where(~lasts).limit(MOST))
        return found

    async def end(self, tenant_id: str, kind: str, name: str, at: dt.datetime, by: str) -> KillRow | None:
        """Let go what is killed; the row, or None where nothing was.

        What has let go by itself before is closed as of then.
        """
        statement = (
            update(KillRow)
            .where(
                KillRow.tenant_id == tenant_id,
                KillRow.kind == kind,
                KillRow.name == name,
                KillRow.ended_at.is_(None),
            )
            .values(ended_at=func.least(KillRow.until, at), ended_by=by)
        )
        row = (await self._session.scalars(statement.returning(KillRow))).one_or_none()
        return None if row is None or (row.until is not None and row.until <= at) else row

    async def add(self, row: KillRow) -> None:
        """Throw a kill switch; the same one is let go before."""
        self._session.add(row)
        await self._session.flush()

    async def flags(self) -> Sequence[FlagRow]:
        """The flags, by name."""
        statement = self._seen(select(FlagRow), FlagRow).order_by(FlagRow.name, FlagRow.tenant_id)
        return (await self._session.scalars(statement)).all()

    async def put(self, name: str, tenant_id: str, **values: Any) -> None:
        """Set a flag, whether it is there or not."""
        statement = insert(FlagRow).values(name=name, tenant_id=tenant_id, **values)
        keys = ["name", "tenant_id"]
        await self._session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))

    async def remove(self, name: str, tenant_id: str) -> FlagRow | None:
        """Remove a flag; the row, or None where there was none."""
        statement = delete(FlagRow).where(FlagRow.name == name, FlagRow.tenant_id == tenant_id)
        return (await self._session.scalars(statement.returning(FlagRow))).one_or_none()

    async def degradations(self) -> Sequence[DegradationRow]:
        """The agents that begin on a lower rung, by name."""
        statement = self._seen(select(DegradationRow), DegradationRow).where(DegradationRow.level > 0)
        return (
            await self._session.scalars(statement.order_by(DegradationRow.agent, DegradationRow.tenant_id))
        ).all()

    async def restore(self, agent: str, tenant_id: str, at: dt.datetime, reason: str) -> bool:
        """Put an agent back on its first rung; whether it stood on another."""
        statement = (
            update(DegradationRow)
            .where(
                DegradationRow.agent == agent, DegradationRow.tenant_id == tenant_id, DegradationRow.level > 0
            )
            .values(level=0, probe_at=None, changed_at=at, reason=reason)
        )
        found = await self._session.scalars(statement.returning(DegradationRow.agent))
        return found.one_or_none() is not None

    def _seen(self, statement: Select[Any], of: Any) -> Select[Any]:
        return statement if self._everybody else statement.where(of.tenant_id.in_([self._tenant_id, ""]))
