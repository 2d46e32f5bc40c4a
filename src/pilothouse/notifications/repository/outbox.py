"""The workers' queries: what happened becomes notices, notices become deliveries, and these are worked off.

All of it runs beside the transactions that it tells of: a notice is a row that they have written, or is made
once from one that they have.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.notifications.schemas import Event

WANTED = """
exists (select from notification_targets as target
         where target.tenant_id = {tenant} and target.disabled_at is null)
"""
_ALERTS = f"""
with taken as (
  update budget_alerts set told_at = :now
   where id = any(array(select id from budget_alerts where told_at is null order by id limit :most
                           for update skip locked))
  returning id, tenant_id, budget_id, period, level, spent, at_most, at)
insert into notices (tenant_id, kind, subject_id, occasion, facts, at)
select taken.tenant_id, 'budget', taken.budget_id, taken.id::text,
       jsonb_build_object('budget', budget.name, 'period', taken.period, 'level', taken.level,
                          'spent', trim_scale(taken.spent)::text, 'at_most', trim_scale(taken.at_most)::text,
                          'unit', budget.unit, 'currency', budget.currency),
       taken.at
  from taken join budgets as budget on budget.id = taken.budget_id
 where {WANTED.format(tenant="taken.tenant_id")}
 order by taken.id
"""  # noqa: S608 - constants
_KILLS = """
insert into notices (tenant_id, kind, subject_id, facts, at)
select tenant.id, 'kill', kill.id,
       jsonb_build_object('kind', kill.kind, 'name', kill.name, 'everybody', kill.tenant_id = '',
                          'why', kill.why, 'by', kill.made_by, 'until', kill.until),
       kill.made_at
  from kills as kill
  join (select distinct tenant_id as id from notification_targets where disabled_at is null) as tenant
    on kill.tenant_id in ('', tenant.id)
 where kill.made_at > :since
on conflict do nothing
"""
_EXPIRING = f"""
insert into notices (tenant_id, kind, subject_id, occasion, at)
select asked.tenant_id, 'expiring', asked.id, extract(epoch from asked.expires_at)::text, :now
  from questions as asked
 where asked.status = 'open' and asked.expires_at > :now
   and asked.expires_at <= :now + least(:before, (asked.expires_at - asked.created_at) / 4)
   and {WANTED.format(tenant="asked.tenant_id")}
on conflict do nothing
"""  # noqa: S608 - constants
_UNSPREAD = """
select id, tenant_id, kind, subject_id, facts, at from notices
 where spread_at is null order by id limit :most
"""
_SPREAD = """
insert into deliveries (id, tenant_id, notice_id, target_id, event, next_at, created_at)
select :id, target.tenant_id, :notice, target.id, :event, :now, :now
  from notification_targets as target
 where target.id = :target and target.tenant_id = :tenant_id
on conflict do nothing
"""
_TARGETS = """
select id from notification_targets
 where tenant_id = :tenant_id and disabled_at is null and created_at <= :at
   and (events = '{}' or :event = any(events))
   and (roles = '{}' or not :asks or cast(:role as text) = any(roles))
"""
_DONE_SPREADING = "update notices set spread_at = :now where id = :id"
_CLAIM = """
with due as (
  select id, row_number() over (partition by target_id order by next_at, id) as place
    from deliveries where status = 'pending' and next_at <= :now),
picked as (
  select delivery.id from deliveries as delivery join due using (id)
   where due.place <= :each and delivery.status = 'pending' and delivery.next_at <= :now
   order by delivery.next_at, delivery.id limit :most
     for update of delivery skip locked)
update deliveries as delivery set attempts = attempts + 1, next_at = :leased_until
  from picked, notification_targets as target
 where delivery.id = picked.id and target.id = delivery.target_id
returning delivery.id, delivery.tenant_id, delivery.target_id, delivery.event, delivery.attempts,
          delivery.created_at, delivery.notice_id,
          target.channel, target.address_secret, target.signing_secret, target.previous_secret,
          target.previous_until, target.addressee, target.links
"""
_NOTICE = "select id, tenant_id, kind, subject_id, facts, at from notices where id = :id"
_END = """
update deliveries
   set status = :status, ended_at = :now, next_at = null, answered = :answered, reason = :reason
 where id = :id and attempts = :attempts and status = 'pending'
"""
_AGAIN = """
update deliveries set next_at = :next_at, answered = :answered, reason = :reason
 where id = :id and attempts = :attempts and status = 'pending'
"""
_DISABLE = """
update notification_targets set disabled_at = :now, disabled_because = :reason, changed_at = :now
 where id = :id and disabled_at is null
"""
_ABANDON = """
update deliveries set status = 'dead', ended_at = :now, next_at = null, reason = :reason
 where target_id = :id and status = 'pending'
"""
_FORGET_DELIVERIES = "delete from deliveries where ended_at < :before"
_FORGET_NOTICES = """
delete from notices where at < :before and spread_at is not null
   and not exists (select from deliveries where deliveries.notice_id = notices.id)
"""
_FORGET_LINKS = "delete from action_links where expires_at < :before"


class Notice(NamedTuple):
    """Something that people are to be told of."""

    id: int
    tenant_id: str
    kind: str
    subject_id: UUID
    facts: dict[str, Any]
    at: dt.datetime


class Due(NamedTuple):
    """A delivery that was claimed, with the target that it is for. What is secret of that is sealed."""

    id: UUID
    tenant_id: str
    target_id: UUID
    event: str
    attempts: int
    created_at: dt.datetime
    notice_id: int
    channel: str
    address: bytes
    signing: bytes | None
    previous: bytes | None
    previous_until: dt.datetime | None
    addressee: str | None
    links: bool


class OutboxRepository:
    """The notices and deliveries of all tenants."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`, which needs the rights to all tenants."""
        self._session = session

    async def collect(self, now: dt.datetime, *, before: dt.timedelta, since: dt.datetime, most: int) -> None:
        """Make notices of new alerts of budgets, kills since a moment, and questions that expire soon.

        Soon is `before` the end, or the last quarter of the time where that is shorter.
        """
        await self._session.execute(text(_ALERTS), {"now": now, "most": most})
        await self._session.execute(text(_KILLS), {"since": since})
        await self._session.execute(text(_EXPIRING), {"now": now, "before": before})

    async def unspread(self, most: int) -> list[Notice]:
        """Notices of which nobody has made deliveries yet."""
        rows = await self._session.execute(text(_UNSPREAD), {"most": most})
        return [_notice(row) for row in rows]

    async def targets(self, notice: Notice, event: Event, role: str | None, *, asks: bool) -> Sequence[UUID]:
        """The targets that want an event: those for its role, where it is a question that `asks` people."""
        said = {"tenant_id": notice.tenant_id, "at": notice.at, "event": event.value}
        found = await self._session.scalars(text(_TARGETS), said | {"role": role, "asks": asks})
        return list(found)

    async def spread(self, notice: Notice, event: Event, deliveries: Sequence[Any], now: dt.datetime) -> None:
        """Make deliveries of a notice: each an id and the target's; none is made twice."""
        said = {"notice": notice.id, "tenant_id": notice.tenant_id, "event": event.value, "now": now}
        for delivery_id, target_id in deliveries:
            await self._session.execute(text(_SPREAD), said | {"id": delivery_id, "target": target_id})

    async def spreading_done(self, notice: Notice, now: dt.datetime) -> None:
        """Note that a notice has its deliveries."""
        await self._session.execute(text(_DONE_SPREADING), {"id": notice.id, "now": now})

    async def claim(self, now: dt.datetime, leased_until: dt.datetime, *, most: int, each: int) -> list[Due]:
        """Deliveries that are due, at most `each` of one target; nobody else has them until then."""
        said = {"now": now, "leased_until": leased_until, "most": most, "each": each}
        return [Due(*row) for row in await self._session.execute(text(_CLAIM), said)]

    async def notice(self, notice_id: int) -> Notice | None:
        """A notice, or None where it was forgotten."""
        row = (await self._session.execute(text(_NOTICE), {"id": notice_id})).one_or_none()
        return None if row is None else _notice(row)

    async def end(
        self, due: Due, status: str, now: dt.datetime, *, answered: int | None = None, reason: str = ""
    ) -> None:
        """Note how a delivery ended, unless another worker has taken it since."""
        said = {"id": due.id, "attempts": due.attempts, "now": now}
        await self._session.execute(
            text(_END), said | {"status": status, "answered": answered, "reason": reason}
        )

    async def again(self, due: Due, next_at: dt.datetime, *, answered: int | None, reason: str) -> None:
        """Note when a delivery is tried again, unless another worker has taken it since."""
        said = {"id": due.id, "attempts": due.attempts, "next_at": next_at}
        await self._session.execute(text(_AGAIN), said | {"answered": answered, "reason": reason})

    async def disable(self, target_id: UUID, reason: str, now: dt.datetime) -> None:
        """Send nothing more to a target, and give up what waits for it."""
        said = {"id": target_id, "reason": reason, "now": now}
        await self._session.execute(text(_DISABLE), said)
        await self._session.execute(text(_ABANDON), said)

    async def forget(self, before: dt.datetime) -> None:
        """Remove what ended before a moment."""
        for statement in (_FORGET_DELIVERIES, _FORGET_NOTICES, _FORGET_LINKS):
            await self._session.execute(text(statement), {"before": before})


def _notice(row: Any) -> Notice:
    facts = row[4] if isinstance(row[4], dict) else orjson.loads(row[4])
    return Notice(row[0], row[1], row[2], row[3], facts, row[5])
