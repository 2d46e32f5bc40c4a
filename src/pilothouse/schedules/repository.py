"""Queries on schedules: those of one tenant for the API, and those that are due, of every tenant, to fire."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import class_row
from sqlalchemy import delete, func, select

from pilothouse.errors import Conflict
from pilothouse.kit.repository import Repository, Rows
from pilothouse.runtime.connection import Connection
from pilothouse.schedules.calendar import Rhythm
from pilothouse.schedules.schemas import ScheduleQuery
from pilothouse.schedules.tables import ScheduleRow


class ScheduleRepository(Repository):
    """The schedules of one tenant."""

    async def get(self, schedule_id: UUID, *, locked: bool = False) -> ScheduleRow | None:
        """A schedule, or None where there is none or it is another tenant's; `locked` until the commit."""
        statement = select(ScheduleRow).where(
            ScheduleRow.id == schedule_id, ScheduleRow.tenant_id == self._tenant_id
        )
        if locked:
            statement = statement.with_for_update(key_share=True)
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def page(self, query: ScheduleQuery) -> Rows[ScheduleRow]:
        """The wanted schedules, the newest first."""
        statement = select(ScheduleRow).where(ScheduleRow.tenant_id == self._tenant_id)
        if query.name is not None:
            statement = statement.where(ScheduleRow.name == query.name)
        if query.workflow is not None:
            statement = statement.where(ScheduleRow.workflow == query.workflow)
        if query.paused is not None:
            statement = statement.where(ScheduleRow.paused.is_(query.paused))
        if query.failing is not None:
            fails = ScheduleRow.failure.is_not(None)
            statement = statement.where(fails if query.failing else ~fails)
        return await self._page(statement, ScheduleRow, query)

    async def save(self, row: ScheduleRow) -> None:
        """Write a new or changed schedule; raises `Conflict` where the tenant has another of that name."""
        row.tenant_id = self._tenant_id
        hint = "Take another name, or change that one."
        await self._keep(row, Conflict(f"There is a schedule {row.name!r} already.", hint=hint))

    async def delete(self, schedule_id: UUID) -> bool:
        """Delete a schedule; whether there was one. A fire under way is waited for."""
        statement = (
            delete(ScheduleRow)
            .where(ScheduleRow.id == schedule_id, ScheduleRow.tenant_id == self._tenant_id)
            .returning(ScheduleRow.id)
        )
        return (await self._session.scalars(statement)).one_or_none() is not None

    async def now(self) -> dt.datetime:
        """The database's time, by which schedules fire whatever the clocks of other machines show."""
        now: dt.datetime = (await self._session.scalars(select(func.clock_timestamp()))).one()
        return now


@dataclass(frozen=True)
class Due:
    """A schedule that is to fire, locked until the transaction ends.

    `known` says whether this process has its workflow, `now` is the database's time.
    """

    id: UUID
    tenant_id: str
    workflow: str
    version: int | None
    codec: int
    payload: bytes
    cron: str | None
    interval_seconds: int | None
    time_zone: str
    start_at: dt.datetime | None
    end_at: dt.datetime | None
    missed: str
    missed_limit: int
    overlap: str
    priority: int
    labels: dict[str, str]
    next_at: dt.datetime | None
    last_run_id: UUID | None
    queued: list[dt.datetime]
    principal: str
    engagement_id: UUID | None
    created_at: dt.datetime
    now: dt.datetime
    known: bool


def rhythm_of(row: ScheduleRow | Due) -> Rhythm:
    """When a schedule fires; an interval without `start_at` counts from when the schedule was made."""
    anchor = row.start_at or row.created_at.replace(microsecond=0)
    return Rhythm(row.cron, row.interval_seconds, row.time_zone, anchor, row.end_at)


class Fired(NamedTuple):
    """How a schedule goes on: what it waits for, and what it has done if it has done anything."""

    id: UUID
    next_at: dt.datetime | None
    queued: Sequence[dt.datetime]
    tried: bool
    failure: str | None
    last_at: dt.datetime | None = None
    last_run_id: UUID | None = None


_KNOWN = """
(case when version is null then workflow = any(%(names)s::text[])
      else workflow || '@' || version = any(%(pins)s::text[]) end)
"""
_TAKE = """
select id, tenant_id, workflow, version, codec, payload, cron, interval_seconds, time_zone, start_at, end_at,
       missed, missed_limit, overlap, priority, labels, next_at, last_run_id, queued, principal,
       engagement_id, created_at, now() as now, KNOWN as known
  from schedules where not paused and WANTED
   and not exists (select from tenants where tenants.id = schedules.tenant_id and tenants.status <> 'active')
   and not exists (
     select from engagements where engagements.id = schedules.engagement_id and closed_at is not null)
 order by next_at limit %(most)s for no key update skip locked
"""
DUE = _TAKE.replace(
    "WANTED", "next_at <= now() and (KNOWN or failure is null and next_at <= now() - %(patience)s::interval)"
).replace("KNOWN", _KNOWN)
"""The schedules whose time has come by the database's clock, but for those that others are at.

One whose workflow this process does not have is left to another process that has it; where none has taken it
for a while it is returned once, to be called failing.
"""
FREED = _TAKE.replace(
    "WANTED",
    """queued <> '{}' and KNOWN and not exists (
         select from runs where runs.tenant_id = schedules.tenant_id and runs.schedule_id = schedules.id
            and runs.id >= schedules.last_run_id and runs.status in ('queued', 'running', 'waiting'))""",
).replace("KNOWN", _KNOWN)
"""The schedules of which fires have waited for the last run, which has ended."""

BUSY = """
select item.id from unnest(%s::uuid[], %s::text[], %s::uuid[]) as item(id, tenant_id, last_run_id)
 where exists (select from runs where runs.tenant_id = item.tenant_id and runs.schedule_id = item.id
                  and runs.id >= item.last_run_id and runs.status in ('queued', 'running', 'waiting'))
"""
"""The schedules whose last run, or the run that goes on in its place, has not ended."""

ADVANCE = """
update schedules set next_at = t.next_at, queued = t.queued::timestamptz[],
       last_at = coalesce(t.last_at, schedules.last_at),
       last_run_id = coalesce(t.last_run_id, schedules.last_run_id),
       failure = case when t.tried then t.failure else schedules.failure end,
       failing_since = case when not t.tried then failing_since
                            when t.failure is not null then coalesce(failing_since, now()) end
  from unnest(%s::uuid[], %s::timestamptz[], %s::text[], %s::boolean[], %s::text[], %s::timestamptz[],
              %s::uuid[])
    as t(id, next_at, queued, tried, failure, last_at, last_run_id)
 where schedules.id = t.id
"""
UPCOMING = """
select extract(epoch from min(next_at) - clock_timestamp())::float8 from schedules
 where not paused and next_at > now()
"""


class DueSchedules:
    """What fires: the schedules of all tenants, for a maintenance job that commits by itself."""

    def __init__(self, connection: Connection) -> None:
        """Work in the transaction that is open on `connection`."""
        self._connection = connection

    async def take(
        self, pins: Collection[str], names: Collection[str], most: int, patience: dt.timedelta
    ) -> list[Due]:
        """At most `most` schedules that are due and as many whose last run has ended, each locked, once."""
        given = {"pins": list(pins), "names": list(names), "most": most, "patience": patience}
        found: dict[UUID, Due] = {}
        async with self._connection.cursor(row_factory=class_row(Due)) as cursor:
            for statement in (DUE, FREED):
                await cursor.execute(statement.encode(), given)
                found.update({item.id: item for item in await cursor.fetchall()})
        return list(found.values())

    async def busy(self, due: Sequence[Due]) -> frozenset[UUID]:
        """Those of the schedules whose last run has not ended.

        To be asked behind `take`, not with it: what a statement sees of other tables can be older than the
        rows that it locks.
        """
        columns = (
            [item.id for item in due],
            [item.tenant_id for item in due],
            [item.last_run_id for item in due],
        )
        rows = await (await self._connection.execute(BUSY.encode(), columns)).fetchall()
        return frozenset(row[0] for row in rows)

    async def advance(self, fired: Sequence[Fired]) -> None:
        """Write how the schedules go on."""
        columns: tuple[list[Any], ...] = (
            [item.id for item in fired],
            [item.next_at for item in fired],
            ["{" + ",".join(moment.isoformat() for moment in item.queued) + "}" for item in fired],
            [item.tried for item in fired],
            [item.failure for item in fired],
            [item.last_at for item in fired],
            [item.last_run_id for item in fired],
        )
        await self._connection.execute(ADVANCE.encode(), columns)

    async def upcoming(self) -> float | None:
        """Seconds until the next schedule is due; None where none is."""
        row = await (await self._connection.execute(UPCOMING.encode())).fetchone()
        return row[0] if row else None
