"""Queries on the targets and deliveries of one tenant."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy import delete, exists, func, select

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.errors import Conflict
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope
from pilothouse.notifications.schemas import DeliveryQuery
from pilothouse.notifications.tables import DeliveryRow, TargetRow


class TargetRepository(Repository):
    """Where messages of a tenant go, and what became of them."""

    async def record(
        self, audit: AuditLog, scope: Scope, subject: str, did: str, **details: JsonValue
    ) -> None:
        """Record in the audit log what was done."""
        await audit.did(self._session, scope, Kind.TENANT, subject, did, **details)

    async def page(self, query: PageQuery) -> Rows[TargetRow]:
        """The wanted targets, the newest first."""
        statement = select(TargetRow).where(TargetRow.tenant_id == self._tenant_id)
        return await self._page(statement, TargetRow, query)

    async def get(self, target_id: UUID, *, locked: bool = False) -> TargetRow | None:
        """A target, or None where the tenant has no such; it is the caller's alone where `locked`."""
        statement = select(TargetRow).where(TargetRow.tenant_id == self._tenant_id, TargetRow.id == target_id)
        found = await self._session.scalars(statement.with_for_update() if locked else statement)
        return found.one_or_none()

    async def count(self) -> int:
        """How many targets the tenant has."""
        statement = select(func.count()).where(TargetRow.tenant_id == self._tenant_id)
        return int(await self._session.scalar(statement) or 0)

    async def save(self, row: TargetRow) -> None:
        """Write a new or changed target; raises `Conflict` where the tenant has another of that name."""
        row.tenant_id = self._tenant_id
        taken = Conflict(f"There is a target {row.name!r} already.", hint="Take another name.")
        await self._keep(row, taken)

    async def remove(self, target_id: UUID) -> bool:
        """Remove a target with its deliveries; whether there was one."""
        statement = delete(TargetRow).where(TargetRow.id == target_id, TargetRow.tenant_id == self._tenant_id)
        return (await self._session.scalars(statement.returning(TargetRow.id))).one_or_none() is not None

    async def deliveries(self, query: DeliveryQuery) -> Rows[DeliveryRow]:
        """The wanted deliveries, the newest first."""
        statement = select(DeliveryRow).where(DeliveryRow.tenant_id == self._tenant_id)
        if query.status is not None:
            statement = statement.where(DeliveryRow.status == query.status.value)
        if query.target_id is not None:
            statement = statement.where(DeliveryRow.target_id == query.target_id)
        return await self._page(statement, DeliveryRow, query)

    async def names(self, ids: Collection[UUID]) -> dict[UUID, str]:
        """What targets are called."""
        statement = select(TargetRow.id, TargetRow.name).where(
            TargetRow.tenant_id == self._tenant_id, TargetRow.id.in_(ids)
        )
        return {row[0]: row[1] for row in await self._session.execute(statement)}

    async def has(self, target_id: UUID) -> bool:
        """Whether the tenant has a target."""
        found = exists().where(TargetRow.tenant_id == self._tenant_id, TargetRow.id == target_id)
        return bool(await self._session.scalar(select(found)))

    async def add_delivery(self, row: DeliveryRow) -> None:
        """Keep what became of a test."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()
