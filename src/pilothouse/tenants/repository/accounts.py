"""Queries on tenants and on the engagements of one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exc, func, select, text

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import Conflict
from pilothouse.kit.reading import Read
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope
from pilothouse.tenants.schemas import EngagementQuery, TenantQuery
from pilothouse.tenants.tables import EngagementRow, TenantRow

RESUMED = "pilothouse_runs"
"""The channel that wakes workers: more may be executed now."""

_USED = """
select exists (select from runs where tenant_id = :tenant_id and engagement_id = :id)
    or exists (select from schedules where tenant_id = :tenant_id and engagement_id = :id)
"""


_PLACE = """
select id, name, closed_at from engagements
 where tenant_id = $1 and (id::text = lower($2) or name = $2)
"""


def place(scope: Scope, wanted: str) -> Read[Any]:
    """The engagement that `wanted` names by id or name, as a read: id, name, closed_at; or None."""
    return Read(_PLACE, (scope.tenant_id, wanted), lambda rows: rows[0] if rows else None)


class TenantRepository(Repository):
    """The tenants that a scope may see: its own, and all of them in the home tenant (row-level security)."""

    async def get(self, tenant_id: str, *, locked: bool = False) -> TenantRow | None:
        """A tenant, or None where there is none that this scope sees; `locked` until the commit."""
        statement = select(TenantRow).where(TenantRow.id == tenant_id)
        if locked:
            statement = statement.with_for_update(key_share=True)
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def record(self, audit: AuditLog, scope: Scope, tenant_id: str, did: str) -> None:
        """Record in the audit log of whoever acts what was done to a tenant."""
        await audit.did(self._session, scope, Kind.TENANT, f"tenant/{tenant_id}", did)

    async def own(self) -> TenantRow | None:
        """The scope's own tenant."""
        return await self.get(self._tenant_id)

    async def page(self, query: TenantQuery) -> tuple[Sequence[TenantRow], str | None]:
        """The wanted tenants by id, and where the next page begins."""
        statement = select(TenantRow).order_by(TenantRow.id).limit(query.limit + 1)
        if query.status is not None:
            statement = statement.where(TenantRow.status == query.status.value)
        if query.cursor is not None:
            statement = statement.where(TenantRow.id > query.cursor)
        rows = list(await self._session.scalars(statement))
        more = len(rows) > query.limit
        return rows[: query.limit], rows[query.limit - 1].id if more else None

    async def save(self, row: TenantRow) -> None:
        """Write a new or changed tenant; raises `Conflict` where there is another of that id."""
        tenant_id = row.id
        self._session.add(row)
        try:
            await self._session.flush()
        except exc.IntegrityError as error:
            raise Conflict(
                f"There is a tenant {tenant_id!r} already.", hint="Take another id: one is never given twice."
            ) from error

    async def wake(self) -> None:
        """Have workers look for runs that were held."""
        await self._session.execute(select(func.pg_notify(RESUMED, "")))


class EngagementRepository(Repository):
    """The engagements of one tenant; only its own one for a principal that is bound to it."""

    async def get(self, engagement_id: UUID) -> EngagementRow | None:
        """An engagement, or None where there is none or it is another tenant's."""
        statement = select(EngagementRow).where(
            EngagementRow.id == engagement_id, EngagementRow.tenant_id == self._tenant_id
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def named(self, name: str) -> EngagementRow | None:
        """The engagement of that name."""
        statement = select(EngagementRow).where(
            EngagementRow.name == name, EngagementRow.tenant_id == self._tenant_id
        )
        return (await self._session.scalars(statement)).one_or_none()

    async def page(self, query: EngagementQuery) -> Rows[EngagementRow]:
        """The wanted engagements, the newest first."""
        statement = select(EngagementRow).where(EngagementRow.tenant_id == self._tenant_id)
        if query.name is not None:
            statement = statement.where(EngagementRow.name == query.name)
        if query.closed is not None:
            closed = EngagementRow.closed_at.is_not(None)
            statement = statement.where(closed if query.closed else ~closed)
        return await self._page(statement, EngagementRow, query)

    async def save(self, row: EngagementRow) -> None:
        """Write a new or changed engagement; raises `Conflict` where the tenant has another of that name."""
        row.tenant_id = self._tenant_id
        hint = "Take another name, or rename that one."
        await self._keep(row, Conflict(f"There is an engagement {row.name!r} already.", hint=hint))

    async def delete(self, row: EngagementRow) -> None:
        """Delete an engagement that nothing belongs to; raises `Conflict` where something does."""
        wanted = {"tenant_id": self._tenant_id, "id": row.id}
        if await self._session.scalar(text(_USED), wanted):
            raise Conflict(
                f"Runs or schedules belong to the engagement {row.name}.", hint="Close it instead."
            )
        statement = delete(EngagementRow).where(
            EngagementRow.id == row.id, EngagementRow.tenant_id == self._tenant_id
        )
        await self._session.execute(statement)
