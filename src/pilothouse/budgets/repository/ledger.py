"""The engine's look at budgets: of all tenants, outside any request, on a connection of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

import orjson

from pilothouse.budgets.applying import Limits
from pilothouse.budgets.repository.statements import EXHAUST
from pilothouse.budgets.schemas import Beyond, Period, Scope, Unit
from pilothouse.runtime.connection import Lane

_LIMITS = """
select id, tenant_id, name, scope, subject, unit, currency, period, time_zone, soft, hard, beyond, role
  from budgets where tenant_id = any(%s::text[]) order by id
"""
_USED = """
select budget_id, period, spent + reserved from budget_periods
 where (budget_id, period) in (select * from unnest(%s::uuid[], %s::text[]))
"""
_RECLAIM = "select reclaim_budgets(%s::timestamptz, %s)"
_NOTE_DAYS = """
insert into budget_days as known (budget_id, day, tenant_id, period, spent)
select budget.id, (%s::timestamptz at time zone budget.time_zone)::date, budget.tenant_id, held.period,
       held.spent
  from budgets as budget join budget_periods as held on held.budget_id = budget.id
 where budget.period = 'month' and held.starts_at <= %s and held.ends_at > %s
on conflict (budget_id, day) do update set period = excluded.period, spent = excluded.spent
   where (known.period, known.spent) is distinct from (excluded.period, excluded.spent)
"""
_LEASE = """
select budget, place, leased, room, used, lapsed, charged from lease_budgets(%s::uuid, %s::json)
"""
_LAPSE = "select lapse_leases(%s::interval, %s)"
_FORGET = """
with over as (
  delete from budget_periods as held
   where (budget_id, period) in (
     select budget_id, period from budget_periods
      where coalesce(ends_at, changed_at) < %(before)s and reserved = 0
      limit %(most)s for update skip locked)
  returning budget_id),
told as (
  delete from budget_alerts
   where id = any(array(select id from budget_alerts where at < %(before)s
                         limit %(most)s for update skip locked))
  returning budget_id),
noted as (
  delete from budget_days
   where (budget_id, day) in (select budget_id, day from budget_days where day < (%(before)s)::date
                               limit %(most)s for update skip locked)
  returning budget_id)
select greatest((select count(*) from over), (select count(*) from told), (select count(*) from noted))
"""


class Used(NamedTuple):
    """What is spent and reserved of a budget in one period."""

    budget_id: UUID
    period: str
    amount: Decimal


class Leased(NamedTuple):
    """What a process has leased of a budget in one period, after it has asked.

    `room` is left for everybody (None: without end), `used` is spent altogether. Where its lease has
    `lapsed`, all of it was `charged`, or released.
    """

    budget_id: UUID
    period: str
    amount: Decimal
    room: Decimal | None
    used: Decimal
    lapsed: bool
    charged: bool


class Ledger:
    """Reads what actions are judged by, and does what has to be done about budgets of all tenants."""

    def __init__(self, lane: Lane) -> None:
        """Ask on `lane`, which needs the engine's rights."""
        self._lane = lane

    async def limits(self, tenants: Sequence[str]) -> list[Limits]:
        """The budgets of some tenants."""
        rows = await self._lane.rows(_LIMITS, (list(tenants),))
        return [
            Limits(
                *(row[0], row[1], row[2], Scope(row[3]), row[4], Unit(row[5]), row[6], Period(row[7])),
                *(row[8], row[9], row[10], Beyond(row[11]), row[12]),
            )
            for row in rows
        ]

    async def used(self, periods: Sequence[tuple[UUID, str]]) -> list[Used]:
        """What is spent and reserved; nothing is told of periods in which nothing was."""
        rows = await self._lane.rows(_USED, ([item[0] for item in periods], [item[1] for item in periods]))
        return [Used(*row) for row in rows]

    async def lease(self, process: UUID, asked: Sequence[Mapping[str, object]]) -> list[Leased]:
        """Report, give back and lease; migration 0033 says what the objects hold. None for what is gone."""
        rows = await self._lane.rows(_LEASE, (process, orjson.dumps(asked, default=str).decode()))
        return [Leased(*row) for row in rows]

    async def exhaust(self, periods: Sequence[tuple[UUID, str]]) -> None:
        """Make the alert that budgets are used up."""
        columns = [list(column) for column in zip(*periods, strict=True)]
        await self._lane.rows(EXHAUST, ([0] * len(periods), *columns))

    async def lapse(self, older: dt.timedelta, most: int) -> int:
        """Charge or release leases that nobody has renewed for so long; returns how many."""
        ((count,),) = await self._lane.rows(_LAPSE, (older, most))
        return int(count)

    async def reclaim(self, made_before: dt.datetime, most: int) -> int:
        """Close reservations from before a moment whose runs have ended or are gone; returns how many."""
        ((count,),) = await self._lane.rows(_RECLAIM, (made_before, most))
        return int(count)

    async def note_days(self, now: dt.datetime) -> None:
        """Note what is spent by today of each month that is under way, for forecasts."""
        await self._lane.rows(_NOTE_DAYS, (now, now, now))

    async def forget(self, before: dt.datetime, most: int) -> bool:
        """Remove periods that ended before a moment, and those of runs in which nothing was spent since.

        So do days and alerts from before it. At most so many of each; whether there may be more.
        """
        ((removed,),) = await self._lane.rows(_FORGET, {"before": before, "most": most})
        return bool(removed >= most)
