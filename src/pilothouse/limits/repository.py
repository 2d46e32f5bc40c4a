"""Queries on limits. They are the installation's, whoever is limited: operators see and set all of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.limits.tables import LimitRow

KEY = ("scope", "tenant_id", "workflow")
CHANGED = "pilothouse_runs"
"""The channel that wakes workers: more may be executed now."""


class LimitRepository:
    """The limits of an installation."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`."""
        self._session = session

    async def all(self) -> Sequence[LimitRow]:
        """Every limit, those of the installation first."""
        order = func.array_position(["installation", "each_tenant", "tenant"], LimitRow.scope)
        statement = select(LimitRow).order_by(order, LimitRow.tenant_id, LimitRow.workflow)
        return (await self._session.scalars(statement)).all()

    async def put(self, scope: str, tenant_id: str, workflow: str, **bounds: int | None) -> None:
        """Make a limit, or change the one that is there."""
        statement = insert(LimitRow).values(scope=scope, tenant_id=tenant_id, workflow=workflow, **bounds)
        changed = {**bounds, "changed_at": func.now()}
        await self._session.execute(statement.on_conflict_do_update(index_elements=KEY, set_=changed))
        await self._wake()

    async def remove(self, scope: str, tenant_id: str, workflow: str) -> LimitRow | None:
        """Remove a limit; returns it, or None where there is none."""
        statement = delete(LimitRow).where(
            LimitRow.scope == scope, LimitRow.tenant_id == tenant_id, LimitRow.workflow == workflow
        )
        found = await self._session.scalars(statement.returning(LimitRow))
        row = found.one_or_none()
        await self._wake()
        return row

    async def _wake(self) -> None:
        await self._session.execute(select(func.pg_notify(CHANGED, "")))
