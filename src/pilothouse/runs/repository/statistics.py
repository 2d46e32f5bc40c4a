"""The figures of a tenant's runs in a window of time: one statement whose cost has a bound."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

MOST = 200_000
"""Runs that are counted at most, of each: those that ended in the window, were made in it, and are open."""

PERCENTILES = (0.5, 0.95, 0.99)

STATEMENT = """
with ended as materialized (
  select workflow, status, extract(epoch from finished_at - created_at) as seconds from runs
   where tenant_id = :tenant_id and finished_at >= :since and finished_at < :until
   order by finished_at desc limit :most),
opened as materialized (
  select workflow, status, changed_at from runs
   where tenant_id = :tenant_id and status in ('queued', 'running', 'waiting') limit :most),
made as (
  select count(*) as runs from (
    select from runs where tenant_id = :tenant_id and created_at >= :since and created_at < :until
     limit :most) as counted),
counted as (
  select workflow, status, count(*) as runs from ended group by 1, 2
   union all
  select workflow, status, count(*) as runs from opened group by 1, 2)
select (select coalesce(jsonb_agg(jsonb_build_array(workflow, status, runs)), '[]') from counted) as counts,
       (select percentile_cont(cast(:percentiles as float8[])) within group (order by seconds) from ended
         where status = 'completed') as seconds,
       (select runs from made) as made,
       (select count(*) from ended) as ended,
       (select count(*) from opened) as open,
       (select count(distinct run_id) from questions
         where tenant_id = :tenant_id and status = 'open') as asking,
       (select extract(epoch from clock_timestamp() - min(changed_at)) from opened
         where status = 'queued') as queued_for
"""

FAILURES = """
select tenant_id, failed.id as run_id, 'run_failed' as kind, '' as key, journal.codec, journal.payload
  from (select tenant_id, id, seq from runs
         where tenant_id = :tenant_id and status = 'failed' and finished_at >= :since and finished_at < :until
         order by id desc limit :most) as failed
 cross join lateral (
   select codec, payload from journal where run_id = failed.id and seq = failed.seq and kind = 'run_failed')
   as journal
"""
"""What the newest failed runs of the window failed with."""


@dataclass(frozen=True)
class Figures:
    """What was counted. `counts` has workflow, state and number; `seconds` are those of `PERCENTILES`."""

    counts: Sequence[tuple[str, str, int]]
    seconds: Sequence[float] | None
    made: int
    ended: int
    open: int
    asking: int
    queued_for: float | None


async def figures(session: AsyncSession, tenant_id: str, since: dt.datetime, until: dt.datetime) -> Figures:
    """The figures of a tenant from `since` to before `until`."""
    given: Mapping[str, Any] = {
        "tenant_id": tenant_id,
        "since": since,
        "until": until,
        "most": MOST,
        "percentiles": list(PERCENTILES),
    }
    row = (await session.execute(text(STATEMENT), given)).one()
    counts = [(workflow, status, runs) for workflow, status, runs in row.counts]
    waited = None if row.queued_for is None else float(row.queued_for)
    return Figures(counts, row.seconds, row.made, row.ended, row.open, row.asking, waited)


async def failures(
    session: AsyncSession, tenant_id: str, since: dt.datetime, until: dt.datetime, most: int
) -> Sequence[Row[Any]]:
    """How the newest `most` failed runs of the window ended: each last entry, as far as it tells of that."""
    given = {"tenant_id": tenant_id, "since": since, "until": until, "most": most}
    return (await session.execute(text(FAILURES), given)).all()
