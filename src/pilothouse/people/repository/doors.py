"""Queries for those who stand before the door: who they are, and how often they have failed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.people.tables import LinkRow, PersonRow, tenants

_ATTEMPT = """
insert into sign_in_failures as known (digest, failures, last_at) values (:digest, 1, :now)
    on conflict (digest) do update
   set failures = case when known.last_at < :forgotten then 1 else known.failures + 1 end,
       locked_until = case when known.last_at >= :forgotten and known.failures + 1 >= :bound
                           then cast(:now as timestamptz) + interval '1 minute'
                                * least(:longest, power(2, least(known.failures + 1 - :bound, 20))) end,
       last_at = :now
 where known.locked_until is null or known.locked_until <= :now
returning failures
"""
"""It counts as a failure until it has gone well: of many at once no more are let in than of one by one."""

_LOCKED = "select locked_until from sign_in_failures where digest = :digest"
_TAKEN_BACK = """
update sign_in_failures set failures = failures - 1, locked_until = null
 where digest = :digest and failures > 0
"""
_FORGOTTEN = "delete from sign_in_failures where digest = :digest"
_TIDIED = """
delete from sign_in_failures where digest in (
  select digest from sign_in_failures where last_at < :forgotten order by last_at limit 20
     for update skip locked)
"""


@dataclass(frozen=True)
class Attempts:
    """After how many failures something is locked, and for how many minutes at the most."""

    bound: int
    longest: int = 60
    remembered: dt.timedelta = dt.timedelta(days=1)


class DoorRepository:
    """Looks in all tenants, in the session of one transaction without a scope: nobody has signed in yet."""

    def __init__(self, session: AsyncSession) -> None:
        """Work in `session`."""
        self._session = session

    async def person(self, person_id: UUID) -> tuple[PersonRow, str] | None:
        """A person and the status of the tenant."""
        found = await self._people(PersonRow.id == person_id)
        return found[0] if found else None

    async def people(
        self, sign_in_index: bytes, tenant_id: str | None, *, most: int = 2
    ) -> Sequence[tuple[PersonRow, str]]:
        """The people with an address, of one tenant or of all; no more than `most`."""
        of_tenant = [PersonRow.tenant_id == tenant_id] if tenant_id is not None else []
        return await self._people(PersonRow.sign_in_index == sign_in_index, *of_tenant, most=most)

    async def link(self, digest: bytes) -> LinkRow | None:
        """A link that has not been used; whoever comes second waits until the first has used it."""
        statement = select(LinkRow).where(LinkRow.digest == digest).with_for_update()
        return (await self._session.scalars(statement)).one_or_none()

    async def attempt(self, digest: bytes, attempts: Attempts, now: dt.datetime) -> dt.datetime | None:
        """Count one more attempt as failed. Where it is locked: until when, and nothing is counted."""
        wanted = {
            "digest": digest, "now": now, "forgotten": now - attempts.remembered,
            "bound": attempts.bound, "longest": attempts.longest,
        }  # fmt: skip
        if await self._session.scalar(text(_ATTEMPT), wanted) is not None:
            return None
        until: dt.datetime | None = await self._session.scalar(text(_LOCKED), {"digest": digest})
        return until or now

    async def take_back(self, digest: bytes) -> None:
        """An attempt was no failure."""
        await self._session.execute(text(_TAKEN_BACK), {"digest": digest})

    async def forget(self, digest: bytes) -> None:
        """All failures so far are forgotten."""
        await self._session.execute(text(_FORGOTTEN), {"digest": digest})

    async def tidy(self, forgotten: dt.datetime) -> None:
        """Remove some of what is too old to count."""
        await self._session.execute(text(_TIDIED), {"forgotten": forgotten})

    async def _people(
        self, *conditions: ColumnElement[bool], most: int = 1
    ) -> Sequence[tuple[PersonRow, str]]:
        statement = select(PersonRow, tenants.c.status).join(tenants, tenants.c.id == PersonRow.tenant_id)
        found = await self._session.execute(statement.where(*conditions).order_by(PersonRow.id).limit(most))
        return [(row[0], str(row[1])) for row in found]
