"""Queries on workers and on how many runs each of them executes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, text
from sqlalchemy.ext.asyncio import AsyncSession

ALL = """
select id, host, pid, version, labels, slots, pins, started_at, draining,
       greatest(extract(epoch from now() - heartbeat_at), 0)::float8 as silent_for,
       (select count(*) from runs where status = 'running' and worker_id = workers.id) as busy
  from workers order by started_at, id
"""


class WorkerRepository:
    """The workers of an installation: they serve every tenant."""

    def __init__(self, session: AsyncSession) -> None:
        """Read within `session`."""
        self._session = session

    async def all(self) -> Sequence[RowMapping]:
        """Every worker on the list, with what it is doing."""
        found: Any = await self._session.execute(text(ALL))
        return list(found.mappings())
