"""What health asks of the database."""

from __future__ import annotations

from typing import NamedTuple
from uuid import UUID

from sqlalchemy import column, exc, select, table, text
from sqlalchemy.ext.asyncio import AsyncSession

_VERSION = table("alembic_version", column("version_num"))
_STATE = table("schema_state", column("oldest_revision"))
_QUEUE = (
    "select count(*), extract(epoch from now() - min(changed_at))::float8 from runs where status = 'queued'"
)
_DUE = """
with live as materialized (
  select pins from workers where heartbeat_at > now() - :lease * interval '1 second')
select extract(epoch from now() - min(changed_at))::float8 from runs
 where status = 'queued'
   and (pin in (select unnest(pins) from live) or not exists (select from live))
   and not exists (select from tenants where tenants.id = runs.tenant_id and tenants.status <> 'active')
   and not exists (select from limits where limits.workflow in ('*', runs.workflow)
                      and (scope <> 'tenant' or limits.tenant_id = runs.tenant_id))
"""
_WORKERS = """
select count(*) filter (where heartbeat_at > now() - :lease * interval '1 second'),
       extract(epoch from now() - max(heartbeat_at) filter (where id = :worker))::float8 from workers
"""


class Queue(NamedTuple):
    """What waits for a worker, of all tenants: how many runs, and for how many seconds the oldest."""

    runs: int
    oldest: float


class Heartbeats(NamedTuple):
    """How many workers live, and the seconds since this process's was heard of (None: not at all)."""

    live: int
    own_age: float | None


async def works_on(session: AsyncSession, found: str | None, revision: str) -> bool:
    """Whether code of a schema `revision` works on a database that is at `found`, which may be newer."""
    if found is None or found <= revision:
        return found == revision
    oldest = (await session.scalars(select(_STATE.c.oldest_revision))).first()
    return oldest is not None and str(oldest) <= revision


async def schema_revision(session: AsyncSession) -> str | None:
    """The revision that the database is at; None for an empty one, after which the session is of no use."""
    try:
        found = (await session.scalars(select(_VERSION.c.version_num))).first()
    except exc.ProgrammingError:
        return None
    return None if found is None else str(found)


async def queue(session: AsyncSession) -> Queue:
    """What waits for a worker."""
    runs, oldest = (await session.execute(text(_QUEUE))).one()
    return Queue(runs, max(oldest or 0.0, 0.0))


async def oldest_due(session: AsyncSession, lease: float) -> float:
    """How many seconds the oldest run has waited that only lacks a free worker.

    Left out are runs of suspended tenants, those that a limit may hold back, and those of which no worker
    heard of in the last `lease` seconds has the workflow; where there is no worker at all, all wait for one.
    """
    return max((await session.execute(text(_DUE), {"lease": lease})).scalar() or 0.0, 0.0)


async def heartbeats(session: AsyncSession, worker_id: UUID | None, lease: float) -> Heartbeats:
    """The workers heard of in the last `lease` seconds, and this process's own."""
    found = await session.execute(text(_WORKERS), {"lease": lease, "worker": worker_id})
    live, own_age = found.one()
    # the clocks of two statements may differ by a hair, and nobody is heard of in the future
    return Heartbeats(live, None if own_age is None else max(own_age, 0.0))
