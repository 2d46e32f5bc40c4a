"""What every process goes by: the switches of all tenants, read as a whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from pilothouse.runtime.connection import Lane
from pilothouse.switches.degrading import Standing
from pilothouse.switches.flags import Setting

_KILLS = """
select tenant_id, kind, name, why, made_by, until, now() from kills
 where ended_at is null and (until is null or until > now()) order by made_at
"""
_FLAGS = "select name, tenant_id, enabled, percentage from flags"
_STANDINGS = "select tenant_id, agent, level, backoff, probe_at, changed_at, reason from degradations"
_STAND = """
insert into degradations as known (tenant_id, agent, level, backoff, probe_at, changed_at, reason)
select * from unnest(%s::text[], %s::text[], %s::int[], %s::float8[], %s::timestamptz[], %s::timestamptz[],
                     %s::text[])
on conflict (tenant_id, agent) do update
   set (level, backoff, probe_at, changed_at, reason)
     = (excluded.level, excluded.backoff, excluded.probe_at, excluded.changed_at, excluded.reason)
 where known.changed_at < excluded.changed_at
"""

Agent = tuple[str, str]
"""A tenant's id, and the name of an agent."""


class InForce(NamedTuple):
    """What is killed; `now` is the database's time, by which it lets go."""

    tenant_id: str
    kind: str
    name: str
    why: str
    made_by: str
    until: dt.datetime | None
    now: dt.datetime


class SwitchState:
    """Reads the switches of all tenants, and shares where agents stand."""

    def __init__(self, lane: Lane) -> None:
        """Ask on `lane`, which needs the engine's rights."""
        self._lane = lane

    async def kills(self) -> list[InForce]:
        """What is killed now, the oldest first."""
        return [InForce(*row) for row in await self._lane.rows(_KILLS)]

    async def flags(self) -> dict[tuple[str, str], Setting]:
        """Every flag, by name and tenant."""
        return {(row[0], row[1]): Setting(row[2], row[3]) for row in await self._lane.rows(_FLAGS)}

    async def standings(self) -> dict[Agent, Standing]:
        """Where each agent stands that has ever gone down."""
        rows = await self._lane.rows(_STANDINGS)
        return {(row[0], row[1]): Standing(*row[2:7]) for row in rows}

    async def stand(self, standings: Sequence[tuple[Agent, Standing]]) -> None:
        """Tell where agents stand now; what another process has told later stays."""
        rows = sorted(standings, key=lambda item: item[0])
        columns = (
            [tenant for (tenant, _), _ in rows],
            [agent for (_, agent), _ in rows],
            [standing.level for _, standing in rows],
            [standing.backoff for _, standing in rows],
            [standing.probe_at for _, standing in rows],
            [standing.changed_at for _, standing in rows],
            [standing.reason for _, standing in rows],
        )
        await self._lane.rows(_STAND, columns)
