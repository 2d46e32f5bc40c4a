"""Queries on how long entries are kept: rules and holds of a tenant, and what may leave the table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.tables import ExportRow, HoldRow, KeepingRow, TreeRow
from pilothouse.kit.repository import Repository

_LEAVING = """
select rule.tenant_id, rule.days, tree.first,
       least(tree.signed_size, (select max(size) from audit_exports as done
                                 where done.tenant_id = rule.tenant_id)) as until
  from audit_retention as rule
  join audit_trees as tree on tree.tenant_id = rule.tenant_id
 where rule.days is not null
   and not exists (select from audit_holds as hold
                    where hold.tenant_id = rule.tenant_id and hold.released_at is null)
   and tree.first < (select max(size) from audit_exports as done where done.tenant_id = rule.tenant_id)
 order by rule.tenant_id
"""
_ALONE = "select pg_advisory_xact_lock(hashtextextended('pilothouse audit ' || :tenant_id, 0))"
"""So that no hold is made while entries leave."""

_FIRST = "select first from audit_trees where tenant_id = :tenant_id"
_HELD = """
select exists (select from audit_holds where tenant_id = :tenant_id and released_at is null)
"""
_SOME = """
select coalesce((select min(position) from audit_entries
                  where tenant_id = :tenant_id and position >= :first
                    and position < least(:until, :first + :most) and at >= :before),
                least(:until, :first + :most))
"""
_REMOVE = """
delete from audit_entries
 where tenant_id = :tenant_id and position >= :first and position < :until and kind <> 'signing_key'
"""
"""Where the key has changed stays: it leads from one key to the next."""

_MOVE_ON = "update audit_trees set first = :until where tenant_id = :tenant_id"


class KeepingRepository(Repository):
    """The rule and the holds of one tenant."""

    async def rule(self) -> KeepingRow | None:
        """The rule, if there is one."""
        statement = select(KeepingRow).where(KeepingRow.tenant_id == self._tenant_id)
        return (
            await self._session.scalars(statement.execution_options(populate_existing=True))
        ).one_or_none()

    async def put(self, days: int | None, principal: str, at: dt.datetime) -> None:
        """Make or change the rule."""
        said = {"days": days, "changed_by": principal, "changed_at": at}
        made = insert(KeepingRow).values(tenant_id=self._tenant_id, **said)
        await self._session.execute(made.on_conflict_do_update(index_elements=["tenant_id"], set_=said))

    async def first(self) -> int:
        """The position of the oldest entry that has not left the table."""
        statement = select(TreeRow.first).where(TreeRow.tenant_id == self._tenant_id)
        return await self._session.scalar(statement) or 0

    async def exported(self) -> int:
        """The size of the largest export."""
        statement = select(func.max(ExportRow.size)).where(ExportRow.tenant_id == self._tenant_id)
        return await self._session.scalar(statement) or 0

    async def holds(self) -> Sequence[HoldRow]:
        """All holds, the newest first."""
        statement = select(HoldRow).where(HoldRow.tenant_id == self._tenant_id)
        return (await self._session.scalars(statement.order_by(HoldRow.id.desc()))).all()

    async def hold(self, hold_id: UUID) -> HoldRow | None:
        """A hold."""
        statement = select(HoldRow).where(HoldRow.tenant_id == self._tenant_id, HoldRow.id == hold_id)
        return (await self._session.scalars(statement.with_for_update())).one_or_none()

    async def alone(self) -> None:
        """Wait until no entry of the tenant is leaving, and let none leave until the transaction ends."""
        await self._session.execute(text(_ALONE), {"tenant_id": self._tenant_id})

    async def save(self, row: HoldRow) -> None:
        """Write a hold."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()


class Due(NamedTuple):
    """A tenant of which entries may leave the table, from the place `first` to before `until`."""

    tenant_id: str
    days: int
    first: int
    until: int


class Leaving:
    """Entries of all tenants that may leave the table."""

    def __init__(self, session: AsyncSession) -> None:
        """Work through `session`, which needs the rights of maintenance."""
        self._session = session

    async def due(self) -> list[Due]:
        """The tenants with a rule and an export, and without a hold."""
        return [Due(*row) for row in await self._session.execute(text(_LEAVING))]

    async def remove(self, tenant_id: str, due: Due, before: dt.datetime, most: int) -> tuple[int, int]:
        """Remove the oldest entries from before a moment, at most `most`: from which place, to before which.

        Their hashes stay. Nothing is removed where a hold was made meanwhile.
        """
        await self._session.execute(text(_ALONE), {"tenant_id": tenant_id})
        first = int((await self._session.execute(text(_FIRST), {"tenant_id": tenant_id})).scalar_one())
        if await self._session.scalar(text(_HELD), {"tenant_id": tenant_id}):
            return first, first
        said = {"tenant_id": tenant_id, "first": first, "until": due.until}
        until = int(await self._session.scalar(text(_SOME), said | {"before": before, "most": most}) or 0)
        if until <= first:
            return first, first
        await self._session.execute(text(_REMOVE), said | {"until": until})
        await self._session.execute(text(_MOVE_ON), {"tenant_id": tenant_id, "until": until})
        return first, until
