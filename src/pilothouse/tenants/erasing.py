"""Erases a tenant for ever: its keys first, so that from then on nothing that was sealed can be read.

What is done can be done again: an erasure that was interrupted begins anew and finds less to do.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from pilothouse.runtime.ports import ArtifactStore
from pilothouse.tenants.repository import Held, Holdings

KEPT: Mapping[str, str] = {
    "journal": "the bytes of every entry stay, so that what proves the past still does; what was sealed "
    "(personal workflows) or stored aside (large) cannot be read any more, the other payloads can",
    "runs": "what the journal's entries belong to: ids, workflows, times, states; no labels, keys or names",
    "vault_keys": "that the keys were destroyed; the keys themselves are overwritten",
    "tenant_jobs": "this report",
    **dict.fromkeys(
        ("audit_inbox", "audit_entries", "audit_tiles", "audit_trees", "audit_heads", "audit_holds"),
        "the audit log, which names people by their ids only, so that what was signed can still be proved",
    ),
}
"""Tables whose rows stay, each with the reason that the report gives."""

ALL_TIME = dt.datetime(9999, 1, 1, tzinfo=dt.UTC)

Progress = Callable[[str, int], Awaitable[None]]
"""Told what the erasure is at and how much is removed; may raise to end it."""


class KeyDestroyer(Protocol):
    """Has the keys of tenants."""

    async def destroy(self, tenant_id: str) -> int:
        """Destroy all keys of a tenant for good; how many there were."""
        ...


class Remains(Protocol):
    """Something that a domain keeps of tenants outside the database and the artifact store."""

    @property
    def name(self) -> str:
        """What the report calls it."""
        ...

    async def remove(self, tenant_id: str) -> int:
        """Remove all that there is of a tenant; how much that was."""
        ...


class Erasing:
    """One erasure of one tenant."""

    def __init__(
        self,
        tenant_id: str,
        holdings: Holdings,
        store: ArtifactStore,
        vault: KeyDestroyer | None,
        remains: tuple[Remains, ...] = (),
    ) -> None:
        """Remove rows through `holdings` and bytes from `store`, and keys from `vault`."""
        self._tenant_id = tenant_id
        self._holdings = holdings
        self._store = store
        self._vault = vault
        self._remains = remains
        self.done = 0

    async def erase(self, progress: Progress) -> dict[str, Any]:
        """Erase; returns what was removed and what stays."""
        await progress("keys", self.done)
        destroyed = await self._vault.destroy(self._tenant_id) if self._vault is not None else 0
        await progress("runs", self.done)
        async for ids in self._holdings.runs():
            await self._holdings.silence_runs(ids)
            await progress("runs", self.done)
        elsewhere = {item.name: await item.remove(self._tenant_id) for item in self._remains}
        contents = await self._contents(progress)
        removed: dict[str, int] = {}
        kept: dict[str, Any] = {}
        for table in await self._holdings.tables():
            if table.name in KEPT:
                kept[table.name] = await self._kept(table)
                continue
            count = 0
            while more := await self._holdings.remove(table):
                count += more
                self.done += more
                await progress(table.name, self.done)
            if count:
                removed[table.name] = count
        return {
            "keys_destroyed": destroyed,
            "contents_removed": contents,
            **elsewhere,
            "rows_removed": removed,
            "rows_kept": kept,
        }

    async def _kept(self, table: Held) -> dict[str, Any]:
        """How much of a table stays and why; of the journal also how many payloads can still be read."""
        found = {"rows": await self._holdings.count(table), "reason": KEPT[table.name]}
        return found | ({"readable": await self._holdings.readable()} if table.name == "journal" else {})

    async def _contents(self, progress: Progress) -> int:
        """Remove the bytes of artifacts and of large payloads, while there still are rows that name them."""
        count = 0
        await progress("contents", self.done)
        async for sha256 in self._holdings.contents():
            await self._store.remove(self._tenant_id, sha256, ALL_TIME)
            count += 1
            self.done += 1
            await progress("contents", self.done)
        return count
