"""The keys of tenants as one process knows them: looked up, unwrapped once, and believed for a moment.

A key that was destroyed opens nothing any more within `BELIEVED` seconds, in every process: what was looked
up is not believed for longer. An unwrapped key itself does not change, so that looking again is one query.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from pilothouse.errors import Conflict
from pilothouse.kit import cipher
from pilothouse.kit.clock import elapsed
from pilothouse.kit.ids import Ids
from pilothouse.kit.sealing import Erased
from pilothouse.kit.session import Database
from pilothouse.vault.masters import Master, Wrapped
from pilothouse.vault.repository import KeyRepository
from pilothouse.vault.tables import VaultKeyRow

BELIEVED = 0.9
"""Seconds for which what was looked up is believed."""
REMEMBERED = 10_000
"""Tenants whose keys are kept in memory at most."""
INDEX = 0
"""The version of the key for blind indexes, which never changes: an index is not made anew."""


@dataclass(frozen=True)
class Ring:
    """The keys of one tenant by version; None for one that was destroyed. `active` seals."""

    active: int | None
    looked: float
    keys: dict[int, bytes | None] = field(repr=False)
    ids: dict[UUID, bytes] = field(repr=False)

    def sealing(self, tenant_id: str) -> tuple[int, bytes]:
        """The version that seals, and its key; raises `Erased`."""
        key = None if self.active is None else self.keys[self.active]
        if self.active is None or key is None:
            raise erased(tenant_id)
        return self.active, key


def erased(tenant_id: str) -> Erased:
    """That the keys of a tenant were destroyed."""
    return Erased(f"The keys of tenant {tenant_id} were destroyed: what they sealed cannot be read any more.")


class Keyring:
    """Looks the keys of tenants up, and makes those of a tenant that has none yet."""

    def __init__(
        self,
        database: Database,
        master: Master,
        *,
        now: Callable[[], float] = elapsed,
        ids: Ids | None = None,
    ) -> None:
        """`now` counts seconds; nothing is looked up before a key is needed."""
        self._database = database
        self._master = master
        self._now = now
        self._ids = ids or Ids()
        self._rings: OrderedDict[str, Ring] = OrderedDict()
        self._looking: dict[str, asyncio.Task[Ring]] = {}

    async def of(self, tenant_id: str, *, fresh: bool = False) -> Ring:
        """The keys of a tenant, which are made where there are none; looked up now where `fresh` is asked.

        Raises what the database and the master key raise.
        """
        found = self._rings.get(tenant_id)
        if found is not None and not fresh and self._now() - found.looked < BELIEVED:
            return found
        task = self._looking.get(tenant_id)
        if task is None or fresh:
            task = asyncio.create_task(self._look(tenant_id))
            self._looking[tenant_id] = task
            task.add_done_callback(lambda done: self._looked(tenant_id, done))
        return await asyncio.shield(task)

    def new_id(self) -> UUID:
        """An id for a key, or for what says that there is none."""
        return self._ids.new()

    def forget(self, tenant_id: str) -> None:
        """Look a tenant's keys up before they are used again."""
        self._rings.pop(tenant_id, None)

    async def add(self, keys: KeyRepository, tenant_id: str, version: int, status: str) -> None:
        """Make a key of a tenant within the transaction of `keys`."""
        key_id, wrapped = self._ids.new(), await self._master.wrap(cipher.new_key(), tenant_id, version)
        await keys.add(tenant_id, version, key_id, status, wrapped)

    def _looked(self, tenant_id: str, done: asyncio.Task[Ring]) -> None:
        if self._looking.get(tenant_id) is done:
            del self._looking[tenant_id]
        if not done.cancelled():
            done.exception()  # whoever waited was told; nobody may have

    async def _look(self, tenant_id: str) -> Ring:
        looked = self._now()
        async with self._database.maintenance() as session:
            rows = await KeyRepository(session).of(tenant_id)
        if not rows:
            rows = await self._first(tenant_id)
        ring = await self._unwrapped(tenant_id, rows, looked)
        known = self._rings.get(tenant_id)
        if known is not None and known.looked > looked:
            return ring  # somebody who looked later was quicker
        self._rings[tenant_id] = ring
        self._rings.move_to_end(tenant_id)
        while len(self._rings) > REMEMBERED:
            self._rings.popitem(last=False)
        return ring

    async def _first(self, tenant_id: str) -> Sequence[VaultKeyRow]:
        async with self._database.maintenance() as session:
            keys = KeyRepository(session)
            await keys.alone(tenant_id)
            rows = await keys.of(tenant_id)
            if rows:  # another process was quicker
                return rows
            await self.add(keys, tenant_id, INDEX, "index")
            await self.add(keys, tenant_id, INDEX + 1, "active")
            session.expire_all()
            return await keys.of(tenant_id)

    async def _unwrapped(self, tenant_id: str, rows: Sequence[VaultKeyRow], looked: float) -> Ring:
        known = self._rings.get(tenant_id)
        held = known.ids if known is not None else {}
        keys: dict[int, bytes | None] = {}
        ids: dict[UUID, bytes] = {}
        active = None
        for row in rows:
            keys[row.version] = None
            if row.wrapped is None:
                continue
            key = held.get(row.id)
            if key is None:
                wrapped = Wrapped(row.wrapping, row.wrapped)
                key = await self._master.unwrap(wrapped, tenant_id, row.version)
            keys[row.version] = ids[row.id] = key
            if row.status == "active":
                active = row.version
        return Ring(active, looked, keys, ids)


async def turn_over(keyring: Keyring, keys: KeyRepository, tenant_id: str) -> int:
    """Make a tenant's next key, which seals from now on; returns its version. Raises `Erased`, `Conflict`."""
    await keys.alone(tenant_id)
    rows = await keys.of(tenant_id)
    if not rows:
        raise Conflict(f"Tenant {tenant_id} has no keys: nothing was sealed for it.")
    if all(row.status == "destroyed" for row in rows):
        raise erased(tenant_id)
    version = rows[-1].version + 1
    await keys.retire(tenant_id)
    await keyring.add(keys, tenant_id, version, "active")
    return version
