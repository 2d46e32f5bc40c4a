"""Queries on the workers that execute runs, of every tenant."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.runs.tables import WorkerRow


@dataclass(frozen=True)
class LiveWorkers:
    """The workers whose heartbeat is fresh, and the workflows (`name@version`) that any of them has."""

    ids: frozenset[UUID]
    pins: frozenset[str]


async def live_workers(session: AsyncSession, lease: float) -> LiveWorkers:
    """The workers heard of in the last `lease` seconds, by the database's clock. They serve every tenant."""
    since = func.now() - dt.timedelta(seconds=lease)
    statement = select(WorkerRow.id, WorkerRow.pins).where(WorkerRow.heartbeat_at > since)
    rows = (await session.execute(statement)).all()
    return LiveWorkers(frozenset(row.id for row in rows), frozenset(pin for row in rows for pin in row.pins))
