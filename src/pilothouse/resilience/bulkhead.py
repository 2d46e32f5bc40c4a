"""Bulkhead: so many calls at once and no more; others wait in a queue that is bounded, and in their order."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from pilothouse.resilience.errors import BulkheadFull
from pilothouse.resilience.terms import BulkheadTerms


class Bulkhead:
    """Places for calls of one dependency. Use it within one event loop."""

    def __init__(self, name: str, terms: BulkheadTerms | None = None) -> None:
        """All places are free."""
        self.name = name
        self.terms = terms or BulkheadTerms()
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self.refused = 0

    @property
    def taken(self) -> int:
        """Places that are taken."""
        return self._taken

    @property
    def waiting(self) -> int:
        """Calls that wait for one."""
        return len(self._waiting)

    @asynccontextmanager
    async def place(self, patience: float | None = None) -> AsyncIterator[None]:
        """Take a place for what is inside, waiting for one up to `patience` seconds or the terms' own.

        Raises `BulkheadFull` where the queue is full, or the time is over.
        """
        await self.take(patience)
        try:
            yield
        finally:
            self.leave()

    async def take(self, patience: float | None = None) -> None:
        """As `place`, without an end: `leave` has to be called."""
        if self._taken < self.terms.at_once and not self._waiting:
            self._taken += 1
            return
        if len(self._waiting) >= self.terms.queue:
            raise self._full("and its queue is full")
        longest = self.terms.patience if patience is None else min(patience, self.terms.patience)
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(max(longest, 0)):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place came at the very moment at which it was given up
            else:
                self._forget(turn)
            if isinstance(error, TimeoutError):
                raise self._full(f"and none was left within {longest:.3g} s") from error
            raise

    def leave(self) -> None:
        """Give a place back: whoever waits longest has it at once."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._taken -= 1

    def stay(self, work: asyncio.Future[Any]) -> None:
        """Count `work` as a call until it has ended: a thread, which goes on although nobody waits for it."""
        self._taken += 1
        work.add_done_callback(lambda _: self.leave())

    def _forget(self, turn: asyncio.Future[None]) -> None:
        if turn in self._waiting:
            self._waiting.remove(turn)

    def _full(self, why: str) -> BulkheadFull:
        self.refused += 1
        return BulkheadFull(
            f"{self.terms.at_once} calls of {self.name} are under way, {why}.",
            hint="Try again in a moment, or allow more at once.",
            retry_after=1.0,
        )
