"""Queries on runs, their journals, and the workers that execute them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.repository import Repository, Rows
from pilothouse.runs.schemas import RunQuery
from pilothouse.runs.tables import JournalRow, RunRow, WorkerRow


@dataclass(frozen=True)
class LiveWorkers:
    """The workers whose heartbeat is fresh, and the workflows (`name@version`) that any of them has."""

    ids: frozenset[UUID]
    pins: frozenset[str]


class RunRepository(Repository):
    """The runs of one tenant."""

    async def get(self, run_id: UUID) -> RunRow | None:
        """A run, or None where there is none or it is another tenant's. Read anew each time."""
        statement = select(RunRow).where(RunRow.id == run_id, RunRow.tenant_id == self._tenant_id)
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def page(self, query: RunQuery) -> Rows[RunRow]:
        """The wanted runs, the newest first."""
        statement = select(RunRow).where(RunRow.tenant_id == self._tenant_id)
        if query.status:
            statement = statement.where(RunRow.status.in_([status.value for status in query.status]))
        if query.workflow is not None:
            statement = statement.where(RunRow.workflow == query.workflow)
        if query.created_after is not None:
            statement = statement.where(RunRow.created_at > query.created_after)
        if query.created_before is not None:
            statement = statement.where(RunRow.created_at < query.created_before)
        return await self._page(statement, RunRow, query)

    async def live_workers(self, lease: float) -> LiveWorkers:
        """The workers heard of in the last `lease` seconds."""
        return await live_workers(self._session, lease)

    async def entries(
        self, run_id: UUID, after: int, limit: int, kinds: Collection[str] = ()
    ) -> Sequence[JournalRow]:
        """The first `limit` journal entries behind `after`, of these kinds or of all."""
        statement = select(JournalRow).where(
            JournalRow.run_id == run_id, JournalRow.tenant_id == self._tenant_id, JournalRow.seq > after
        )
        if kinds:
            statement = statement.where(JournalRow.kind.in_(kinds))
        return (await self._session.scalars(statement.order_by(JournalRow.seq).limit(limit))).all()

    async def last_entries(self, run_id: UUID, kinds: Collection[str], limit: int) -> Sequence[JournalRow]:
        """The last `limit` journal entries of these kinds, the newest first."""
        statement = select(JournalRow).where(
            JournalRow.run_id == run_id, JournalRow.tenant_id == self._tenant_id, JournalRow.kind.in_(kinds)
        )
        return (await self._session.scalars(statement.order_by(JournalRow.seq.desc()).limit(limit))).all()

    async def last_step(self, run_id: UUID) -> JournalRow | None:
        """The last journal entry that belongs to a step."""
        statement = select(JournalRow).where(
            JournalRow.run_id == run_id, JournalRow.tenant_id == self._tenant_id, JournalRow.key != ""
        )
        return (await self._session.scalars(statement.order_by(JournalRow.seq.desc()).limit(1))).first()


async def live_workers(session: AsyncSession, lease: float) -> LiveWorkers:
    """The workers heard of in the last `lease` seconds, by the database's clock. They serve every tenant."""
    since = func.now() - dt.timedelta(seconds=lease)
    statement = select(WorkerRow.id, WorkerRow.pins).where(WorkerRow.heartbeat_at > since)
    rows = (await session.execute(statement)).all()
    return LiveWorkers(frozenset(row.id for row in rows), frozenset(pin for row in rows for pin in row.pins))
