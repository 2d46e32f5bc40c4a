"""Seals anew, with the active key, what older keys of a tenant have sealed: column after column, in batches.

A batch is one transaction that locks its column's progress, so that several processes share the work, and one
that stops is gone on with by the next. A value that somebody writes is passed over, and looked at again.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.kit.sealing import Erased, Place, SealedColumn, Unreadable
from pilothouse.vault.repository import KeyRepository, Sealed, ValueRepository
from pilothouse.vault.schemas import PartProgress
from pilothouse.vault.service import Vault, version_of
from pilothouse.vault.tables import VaultProgressRow

log = structlog.get_logger(__name__)

SETTLED = 2.0
"""Seconds after a key was turned over when every process seals with the new one; a look at values waits."""


@dataclass(frozen=True)
class ResealingPace:
    """How quickly values are sealed anew: `values` in a batch, and at most a `share` of the time."""

    values: int = 100
    share: float = 0.2
    idle: dt.timedelta = dt.timedelta(seconds=30)
    settled: float = SETTLED


class Resealing:
    """Goes through the columns that a vault knows."""

    def __init__(self, vault: Vault, pace: ResealingPace | None = None) -> None:
        """Work through the vault's database."""
        self._vault = vault
        self.pace = pace or ResealingPace()

    async def batch(self, tenant_id: str | None = None) -> PartProgress | None:
        """Seal the next values anew, of one tenant or of any; None where nothing is left or others do it."""
        async with self._vault.database.maintenance() as session:
            keys = KeyRepository(session)
            row = await keys.due(tenant_id, list(self._vault.columns), self.pace.settled)
            if row is None:
                return None
            column = self._vault.columns[row.part]
            values = ValueRepository(session, column, row.tenant_id)
            if row.total is None:
                row.total = await values.count()
            found = await values.batch(row.after, self.pace.values)
            try:
                await self._seal_all(session, values, column, row, found)
            except Erased:
                found = []  # the tenant was erased meanwhile: there is nothing left to do
            await keys.moved_on(row, found[-1].key if found else None, ended=len(found) < self.pace.values)
            told = PartProgress.model_validate(row, from_attributes=True)
        if told.ended_at is not None:
            log.info("vault_column_resealed", tenant_id=row.tenant_id, **told.model_dump(mode="json"))
        return told

    async def all(self, tenant_id: str) -> AsyncGenerator[PartProgress]:
        """Seal everything of a tenant anew, and tell of each batch; what others do of it is waited for."""
        while True:
            told = await self.batch(tenant_id)
            if told is not None:
                yield told
                continue
            async with self._vault.database.maintenance() as session:
                if not await KeyRepository(session).open_parts(tenant_id, list(self._vault.columns)):
                    return
            await asyncio.sleep(0.2)

    async def _seal_all(
        self,
        session: AsyncSession,
        values: ValueRepository,
        column: SealedColumn,
        row: VaultProgressRow,
        found: Sequence[Sealed],
    ) -> None:
        ring = await self._vault.keyring.of(row.tenant_id)
        if ring.active is not None and ring.active < row.version:
            await self._vault.keyring.of(row.tenant_id, fresh=True)  # which has not been looked up since
        for sealed in found:
            row.seen += 1
            place = Place(row.tenant_id, column.table, sealed.row, sealed.field)
            try:
                if version_of(sealed.value) >= row.version:
                    continue
                value = await self._vault.open(place, sealed.value)
            except Erased:
                raise
            except Unreadable as error:
                row.unreadable += 1
                log.warning("vault_value_unreadable", part=row.part, key=sealed.key, reason=error.message)
                continue
            if await values.replace(sealed, await self._vault.seal(place, value)):
                row.resealed += 1
            else:
                row.passed_over += 1


class ResealingChore:
    """Lets workers seal anew what older keys have sealed, with pauses, so that nobody notices."""

    name = "vault"

    def __init__(self, resealing: Resealing) -> None:
        """Work as quickly as the pace of `resealing` says."""
        self._resealing = resealing

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do one batch; returns when the next is due."""
        pace = self._resealing.pace
        loop = asyncio.get_running_loop()
        since = loop.time()
        if await self._resealing.batch() is None:
            return now + pace.idle
        return now + dt.timedelta(seconds=(loop.time() - since) / pace.share)


async def finish(resealing: Resealing, tenant_id: str) -> None:
    """Seal everything of a tenant anew."""
    async with aclosing(resealing.all(tenant_id)) as batches:
        async for _ in batches:
            pass
