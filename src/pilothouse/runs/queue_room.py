"""How many runs of a tenant may be queued: what is beyond that is refused, until some have been taken.

To count a hundred thousand rows for each submit would cost more than the submit. Each process counts now and
then, and hands out a part of what it found free until it counts again: the nearer the bound, the more often.
What others submit within `VALID` seconds is all by which the bound can be exceeded.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field, replace

from pilothouse.errors import LimitExceeded, Severity
from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.repository.queued import queued

VALID = 5.0
"""Seconds for which what was counted holds."""
FULL = 1.0
"""Seconds for which a full queue is taken to be full, without another look."""
PART = 8
"""One in so many of the free places may be taken before the next look: as many processes do not exceed it."""
MOST = 10_000
"""Tenants that are remembered."""


class QueueFull(LimitExceeded):
    """Too many runs are queued."""

    code = "queue_full"
    severity = Severity.INFO

    def __init__(self, most: int, retry_after: int) -> None:
        """Of `most` runs none has been taken for a while; ask the client to come again."""
        super().__init__(
            f"Your tenant has {most:,} runs queued, which is the most.",
            hint=f"Try again in {retry_after} s: more workers, or fewer submits, make room.",
        )
        self.headers = {"retry-after": str(retry_after)}


@dataclass
class _Room:
    """The places of one tenant that are left to this process until the next look."""

    left: int = 0
    until: float = 0.0
    looking: asyncio.Lock = field(default_factory=asyncio.Lock)


class QueueRoom:
    """The places in all tenants' queues, as one process hands them out. Use it within one event loop."""

    def __init__(self, database: Database, clock: Clock, most: int, retry_after: int = 10) -> None:
        """At most `most` runs of a tenant are queued; 0: any number."""
        self._database = database
        self._clock = clock
        self._most = most
        self._retry_after = retry_after
        self._rooms: OrderedDict[str, _Room] = OrderedDict()

    async def take(self, scope: Scope) -> None:
        """Take one place for a run of the scope's tenant. Raises `QueueFull`."""
        if not self._most:
            return
        room = self._room_of(scope.tenant_id)
        async with room.looking:
            now = self._clock.monotonic()
            if now >= room.until:
                await self._look(room, scope, now)
            elif room.left == 0:
                raise QueueFull(self._most, self._retry_after)
            room.left -= 1
            if room.left == 0:
                room.until = now

    async def _look(self, room: _Room, scope: Scope, now: float) -> None:
        whole = replace(scope, engagement_id=None)  # the queue is the tenant's
        (found,) = await self._database.read(whole, queued(whole, self._most))
        free = self._most - found
        if free <= 0:
            room.left, room.until = 0, now + FULL
            raise QueueFull(self._most, self._retry_after)
        room.left, room.until = max(1, free // PART), now + VALID

    def _room_of(self, tenant_id: str) -> _Room:
        room = self._rooms.setdefault(tenant_id, _Room())
        self._rooms.move_to_end(tenant_id)
        if len(self._rooms) > MOST:
            self._rooms.popitem(last=False)
        return room
