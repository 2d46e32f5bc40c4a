"""What telemetry asks of the database: figures of the whole installation, and what a run has of its trace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.clock import elapsed

_TRACED = "select pin, traceparent, request_id from runs where id = :run_id and tenant_id = :tenant_id"
_QUEUE = """
select workflow, count(*), extract(epoch from now() - min(changed_at))::float8
  from runs where status = 'queued' group by workflow order by 2 desc
"""
_COUNTS = """
select (select count(*) from runs where status = 'running'),
       (select count(*) from questions where status = 'open')
"""
_WORKERS = """
select draining, count(*), sum(slots)::int, max(extract(epoch from now() - heartbeat_at))::float8
  from workers where heartbeat_at > now() - :lease * interval '1 second' group by draining
"""
_DATABASE = """
select pg_database_size(current_database()), xact_commit, xact_rollback, deadlocks,
       current_setting('max_connections')::int,
       (select coalesce(sum(pg_total_relation_size(inhrelid)), 0)
          from pg_inherits where inhparent = 'journal'::regclass)
  from pg_stat_database where datname = current_database()
"""
_CONNECTIONS = """
select coalesce(state, 'other'), count(*), max(extract(epoch from now() - xact_start))::float8
  from pg_stat_activity where datname = current_database() and backend_type = 'client backend' group by 1
"""


class Traced(NamedTuple):
    """What a run keeps of its trace."""

    pin: str
    traceparent: str | None
    request_id: str | None


@dataclass(frozen=True)
class Queued:
    """What waits of one workflow: how many runs, and for how many seconds the oldest."""

    runs: int
    oldest: float


@dataclass(frozen=True)
class Figures:
    """The installation at one moment. Ages and times are in seconds, sizes in bytes.

    `workers` and `slots` are by state (live, draining), `connections` by PostgreSQL's word for theirs.
    """

    queue: Mapping[str, Queued] = field(default_factory=dict)
    running: int = 0
    questions: int = 0
    workers: Mapping[str, int] = field(default_factory=dict)
    slots: int = 0
    heartbeat_age: float | None = None
    latency: float = 0.0
    size: int = 0
    journal_size: int = 0
    commits: int = 0
    rollbacks: int = 0
    deadlocks: int = 0
    connections: Mapping[str, int] = field(default_factory=dict)
    connections_most: int = 0
    oldest_transaction: float = 0.0


async def traced(session: AsyncSession, run_id: UUID, tenant_id: str) -> Traced | None:
    """What a tenant's run keeps of its trace; None where there is no such run."""
    found = await session.execute(text(_TRACED), {"run_id": run_id, "tenant_id": tenant_id})
    row = found.one_or_none()
    return None if row is None else Traced(*row)


async def figures(session: AsyncSession, lease: float) -> Figures:
    """Read them all. A worker silent for `lease` seconds is none."""
    queue = (await session.execute(text(_QUEUE))).all()
    since = elapsed()
    running, questions = (await session.execute(text(_COUNTS))).one()
    latency = elapsed() - since
    workers = (await session.execute(text(_WORKERS), {"lease": lease})).all()
    database = (await session.execute(text(_DATABASE))).one()
    connections = (await session.execute(text(_CONNECTIONS))).all()
    ages = [row[3] for row in workers]
    return Figures(
        queue={row[0]: Queued(row[1], max(row[2], 0.0)) for row in queue},
        running=running,
        questions=questions,
        workers={"draining" if row[0] else "live": row[1] for row in workers},
        slots=sum(row[2] for row in workers if not row[0]),
        heartbeat_age=max(ages) if ages else None,
        latency=latency,
        size=database[0],
        commits=database[1],
        rollbacks=database[2],
        deadlocks=database[3],
        connections_most=database[4],
        journal_size=int(database[5]),
        connections={row[0]: row[1] for row in connections},
        oldest_transaction=max((row[2] or 0.0 for row in connections), default=0.0),
    )
