"""What holds for each tenant as one process knows it: looked up once, and anew when it may have changed.

A change is told and holds then at once. Where that is lost, it is looked up again as soon as what is known is
older than `BELIEVED` seconds: a change holds everywhere within a second.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, NamedTuple, TypeVar

from pilothouse.kit.clock import elapsed

T = TypeVar("T")

BELIEVED = 0.8
"""Seconds for which what was looked up is believed."""
MOST = 256
"""Tenants of whom something is kept in memory; those that were used least recently are looked up anew."""


class _Seen(NamedTuple, Generic[T]):
    """What was found by a look that began at `looked`."""

    found: T
    looked: float


class Known(Generic[T]):
    """What holds for each tenant. Use it within one event loop."""

    def __init__(
        self,
        look: Callable[[str, T | None], Awaitable[T]],
        now: Callable[[], float] = elapsed,
        *,
        most: int = MOST,
    ) -> None:
        """`look` looks up what holds for a tenant, given what held before; `now` counts seconds."""
        self._look, self._now, self._most = look, now, most
        self._hot: OrderedDict[str, _Seen[T]] = OrderedDict()
        self._stale: set[str] = set()
        self._looking: dict[str, asyncio.Task[T]] = {}
        self._heard = 0

    @property
    def tenants(self) -> tuple[str, ...]:
        """Those of whom something is in memory, the one that was used last at the end."""
        return tuple(self._hot)

    def last(self, tenant_id: str) -> T | None:
        """What was looked up last, however old it is; None where nothing is kept."""
        seen = self._hot.get(tenant_id)
        return None if seen is None else seen.found

    async def of(self, tenant_id: str) -> T:
        """What holds for a tenant; raises what looking raises. Those who ask meanwhile wait for one look."""
        seen = self._hot.get(tenant_id)
        if seen is not None and tenant_id not in self._stale and self._now() - seen.looked < BELIEVED:
            self._hot.move_to_end(tenant_id)
            return seen.found
        task = self._looking.get(tenant_id)
        if task is None:
            task = asyncio.create_task(self._seen(tenant_id))
            self._looking[tenant_id] = task
            task.add_done_callback(lambda done: self._looked(tenant_id, done))
        return await asyncio.shield(task)

    def changed(self, tenant_id: str | None) -> None:
        """Hear that something of a tenant was changed; None: that some changes may have been missed."""
        self._heard += 1
        concerned = {*self._hot, *self._looking} if tenant_id is None else {tenant_id}
        self._stale.update(name for name in concerned if name in self._hot or name in self._looking)
        for name in concerned:
            self._looking.pop(name, None)  # it may have looked before the change

    def _looked(self, tenant_id: str, done: asyncio.Task[T]) -> None:
        if self._looking.get(tenant_id) is done:
            del self._looking[tenant_id]
        if not done.cancelled():
            done.exception()  # whoever waits for it raises it

    async def _seen(self, tenant_id: str) -> T:
        looked, heard = self._now(), self._heard
        found = await self._look(tenant_id, self.last(tenant_id))
        other = self._hot.get(tenant_id)
        if other is not None and other.looked > looked:
            return found  # somebody who began later, after a change, was faster
        if heard == self._heard:
            self._stale.discard(tenant_id)
        self._hot[tenant_id] = _Seen(found, looked)
        self._hot.move_to_end(tenant_id)
        while len(self._hot) > self._most:
            gone, _ = self._hot.popitem(last=False)
            self._stale.discard(gone)
        return found
