"""What was looked up for a credential is believed for less than a second, and by nobody for longer."""

from __future__ import annotations

import asyncio
import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from pilothouse.kit.clock import elapsed

T = TypeVar("T")

LASTS = 0.9
"""Seconds: whatever is revoked is refused within one, in every process."""

MOST = 10_000
"""Credentials that are remembered at once."""


class Believed(Generic[T]):
    """Remembers what a look-up found, by the SHA-256 of the credential. Failures are not remembered.

    Time counts from the begin of a look-up. Those who come while one is under way wait for it.
    """

    def __init__(
        self, lasts: float = LASTS, most: int = MOST, monotonic: Callable[[], float] = elapsed
    ) -> None:
        """Believe for `lasts` seconds; of more than `most` the oldest are forgotten."""
        self._lasts = lasts
        self._most = most
        self._monotonic = monotonic
        self._known: OrderedDict[bytes, tuple[float, T]] = OrderedDict()
        self._looking: dict[bytes, tuple[float, asyncio.Task[T]]] = {}

    async def of(self, credential: str, look: Callable[[], Awaitable[T]]) -> T:
        """What is known of a credential; raises what `look` raises."""
        key, now = hashlib.sha256(credential.encode()).digest(), self._monotonic()
        known = self._known.get(key)
        if known is not None and known[0] > now:
            return known[1]
        looking = self._looking.get(key)
        if looking is None or looking[0] + self._lasts <= now:
            task = asyncio.ensure_future(look())
            self._looking[key] = looking = (now, task)
            task.add_done_callback(lambda done: self._looked(key, now, done))
        return await asyncio.shield(looking[1])

    def _looked(self, key: bytes, since: float, task: asyncio.Task[T]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if key not in self._looking or self._looking[key][1] is not task:
            return  # what it found may be older than what has made us forget
        del self._looking[key]
        if failed:
            self._known.pop(key, None)
            return
        self._known[key] = since + self._lasts, task.result()
        self._known.move_to_end(key)
        while len(self._known) > self._most:
            self._known.popitem(last=False)

    def forget(self) -> None:
        """Look everything up anew, also what is being looked up."""
        self._known.clear()
        self._looking.clear()
