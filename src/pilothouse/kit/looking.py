"""Looking at something again and again: whenever somebody asks for it, and every so often besides."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress


class Looking:
    """Looks soon after `ask`, and at least every so many seconds: one that is lost costs no more than that.

    Use it within one event loop.
    """

    def __init__(self, look: Callable[[], Awaitable[None]], every: float) -> None:
        """Nothing is looked at before `start`. An error of `look` ends it: it has to see to its own."""
        self._look, self._every = look, every
        self._asked = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def ask(self) -> None:
        """Look soon."""
        self._asked.set()

    def start(self) -> None:
        """Look from now on: when asked to, or for the first time after so many seconds."""
        self._task = asyncio.create_task(self._go_on())

    async def stop(self) -> None:
        """Look no more; a look that is under way is broken off."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _go_on(self) -> None:
        while True:
            with suppress(TimeoutError):  # nobody has asked
                async with asyncio.timeout(self._every):
                    await self._asked.wait()
            self._asked.clear()
            await self._look()
