"""Queries on the keys of tenants and on how far values are sealed anew. They are the installation's."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.engine import CursorResult
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.vault.masters import Wrapped
from pilothouse.vault.tables import VaultKeyRow, VaultProgressRow

_ALONE = "select pg_advisory_xact_lock(hashtextextended('pilothouse vault ' || :tenant_id, 0))"


_COUNTS = ("seen", "resealed", "unreadable", "passed_over")


class KeyRepository:
    """The keys of all tenants, within one session."""

    def __init__(self, session: AsyncSession) -> None:
        """Work within `session`, which sees all tenants."""
        self._session = session

    async def alone(self, tenant_id: str) -> None:
        """Keep others from changing the keys of a tenant until the transaction ends."""
        await self._session.execute(text(_ALONE), {"tenant_id": tenant_id})

    async def of(self, tenant_id: str) -> Sequence[VaultKeyRow]:
        """The keys of a tenant, by version."""
        statement = select(VaultKeyRow).where(VaultKeyRow.tenant_id == tenant_id)
        return (await self._session.scalars(statement.order_by(VaultKeyRow.version))).all()

    async def tenants(self) -> Sequence[str]:
        """The tenants that have keys, or had some."""
        statement = select(VaultKeyRow.tenant_id).distinct().order_by(VaultKeyRow.tenant_id)
        return (await self._session.scalars(statement)).all()

    async def add(self, tenant_id: str, version: int, key_id: UUID, status: str, wrapped: Wrapped) -> None:
        """Add a key."""
        self._session.add(
            VaultKeyRow(
                tenant_id=tenant_id,
                version=version,
                id=key_id,
                status=status,
                wrapping=wrapped.wrapping,
                wrapped=wrapped.key,
                created_at=func.now(),
            )
        )
        await self._session.flush()

    async def entomb(self, tenant_id: str, key_id: UUID) -> None:
        """Say of a tenant that never had a key that its keys are destroyed: it gets none any more."""
        row = {"tenant_id": tenant_id, "version": 0, "id": key_id, "status": "destroyed", "wrapping": ""}
        await self._session.execute(insert(VaultKeyRow).values(**row, destroyed_at=func.now()))

    async def retire(self, tenant_id: str) -> None:
        """The active key seals nothing more."""
        await self._session.execute(
            update(VaultKeyRow)
            .where(VaultKeyRow.tenant_id == tenant_id, VaultKeyRow.status == "active")
            .values(status="retired")
        )

    async def destroy(self, tenant_id: str) -> int:
        """Overwrite the keys of a tenant; returns how many there were."""
        done = await self._session.execute(
            update(VaultKeyRow)
            .where(VaultKeyRow.tenant_id == tenant_id, VaultKeyRow.status != "destroyed")
            .values(status="destroyed", wrapped=None, destroyed_at=func.now())
        )
        return done.rowcount if isinstance(done, CursorResult) else 0

    async def wrapped_otherwise(self, current: str, limit: int) -> Sequence[VaultKeyRow]:
        """Keys that another master key than `current` wraps, locked; those that others hold are left out."""
        statement = (
            select(VaultKeyRow)
            .where(VaultKeyRow.wrapping != current, VaultKeyRow.wrapped.is_not(None))
            .order_by(VaultKeyRow.tenant_id, VaultKeyRow.version)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(statement)).all()

    async def wrappings(self) -> Sequence[tuple[str, int]]:
        """The master keys that wrap anything, each with the number of keys."""
        statement = (
            select(VaultKeyRow.wrapping, func.count())
            .where(VaultKeyRow.wrapped.is_not(None))
            .group_by(VaultKeyRow.wrapping)
            .order_by(VaultKeyRow.wrapping)
        )
        return [(name, count) for name, count in await self._session.execute(statement)]

    async def progress(self, tenant_id: str) -> Sequence[VaultProgressRow]:
        """How far the values of a tenant's columns are sealed anew."""
        statement = select(VaultProgressRow).where(VaultProgressRow.tenant_id == tenant_id)
        return (await self._session.scalars(statement.order_by(VaultProgressRow.part))).all()

    async def begin(self, tenant_id: str, part: str, version: int) -> None:
        """Go through the values of a column from the beginning."""
        anew: dict[str, object] = dict.fromkeys(("after", "total", "ended_at")) | dict.fromkeys(_COUNTS, 0)
        anew |= {"version": version, "begun_at": func.now(), "changed_at": func.now()}
        statement = insert(VaultProgressRow).values(tenant_id=tenant_id, part=part, **anew)
        await self._session.execute(
            statement.on_conflict_do_update(index_elements=("tenant_id", "part"), set_=anew)
        )

    async def due(self, tenant_id: str | None, parts: Sequence[str], after: float) -> VaultProgressRow | None:
        """One column that is not through and was begun `after` seconds ago or before, locked."""
        row = VaultProgressRow
        statement = (
            select(row)
            .where(row.ended_at.is_(None), row.part.in_(parts))
            .where(row.begun_at < func.now() - func.make_interval(0, 0, 0, 0, 0, 0, after))
            .order_by(row.begun_at, row.tenant_id, row.part)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if tenant_id is not None:
            statement = statement.where(row.tenant_id == tenant_id)
        return (await self._session.scalars(statement)).first()

    async def moved_on(self, row: VaultProgressRow, after: Sequence[str] | None, *, ended: bool) -> None:
        """A batch of a column is through, up to the row with the key `after`.

        Where values were passed over, all are gone through again.
        """
        row.after = list(after) if after is not None else row.after
        row.changed_at = func.now()
        if ended and row.passed_over:
            row.after, row.seen, row.passed_over, row.begun_at = None, 0, 0, func.now()
        elif ended:
            row.ended_at = func.now()
        await self._session.flush()
        await self._session.refresh(row)

    async def open_parts(self, tenant_id: str, parts: Sequence[str]) -> int:
        """How many of the columns `parts` of a tenant are not through."""
        row = VaultProgressRow
        statement = select(func.count()).where(
            row.tenant_id == tenant_id, row.part.in_(parts), row.ended_at.is_(None)
        )
        return int(await self._session.scalar(statement) or 0)
