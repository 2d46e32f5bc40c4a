"""Queries on keys: those of a tenant, and the one that somebody comes with."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import column, select, table, update
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog, Kind
from pilothouse.keys.tables import KeyRow
from pilothouse.kit.pagination import PageQuery
from pilothouse.kit.repository import Repository, Rows
from pilothouse.kit.scope import Scope

_TENANTS: Any = table("tenants", column("id"), column("status"))


class KeyRepository(Repository):
    """The keys of a tenant."""

    async def page(self, query: PageQuery) -> Rows[KeyRow]:
        """The wanted page, the newest first."""
        return await self._page(select(KeyRow).where(KeyRow.tenant_id == self._tenant_id), KeyRow, query)

    async def get(self, key_id: UUID, *, locked: bool = False) -> KeyRow | None:
        """A key; None where the tenant has no such. It is the caller's alone until the end where `locked`."""
        statement = select(KeyRow).where(KeyRow.tenant_id == self._tenant_id, KeyRow.id == key_id)
        return (
            await self._session.scalars(statement.with_for_update() if locked else statement)
        ).one_or_none()

    async def save(self, row: KeyRow) -> None:
        """Write a key of the tenant."""
        row.tenant_id = self._tenant_id
        self._session.add(row)
        await self._session.flush()

    async def record(self, audit: AuditLog, scope: Scope, row: KeyRow, did: str) -> None:
        """Record in the audit log what was done to a key."""
        await audit.did(self._session, scope, Kind.KEY, f"key/{row.id}", did, roles=[*row.roles])


@dataclass(frozen=True)
class Found:
    """The key that somebody came with, and whether its tenant is served."""

    key: KeyRow
    served: bool


class KeyLookup:
    """Keys of all tenants: whoever comes with one has not said whose it is."""

    def __init__(self, session: AsyncSession) -> None:
        """Look through `session`, which needs the rights of maintenance."""
        self._session = session

    async def find(self, key_id: UUID) -> Found | None:
        """The key with an id, and whether its tenant is active."""
        statement = select(KeyRow, _TENANTS.c.status).join(_TENANTS, _TENANTS.c.id == KeyRow.tenant_id)
        row = (await self._session.execute(statement.where(KeyRow.id == key_id))).one_or_none()
        return None if row is None else Found(row[0], row[1] == "active")

    async def used(self, key_id: UUID, at: dt.datetime, **hashed: Any) -> None:
        """Note that a key was used, and what is kept of its secret from now on."""
        await self._session.execute(
            update(KeyRow).where(KeyRow.id == key_id).values(last_used_at=at, **hashed)
        )

    async def older(self, rotated_before: dt.datetime, now: dt.datetime) -> Sequence[KeyRow]:
        """The valid keys of all tenants with secrets from before a moment, the oldest first."""
        statement = select(KeyRow).where(
            KeyRow.rotated_at <= rotated_before,
            KeyRow.revoked_at.is_(None),
            KeyRow.expires_at.is_(None) | (KeyRow.expires_at > now),
        )
        return (await self._session.scalars(statement.order_by(KeyRow.rotated_at))).all()
