"""Entries about what is too frequent for a transaction each: written together, a few times a second.

A process that is killed loses what it has not written yet: at most a second. Where the database is away,
entries wait, and after a while whatever would make more of them is refused.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import structlog

from pilothouse.audit.errors import AuditBehind
from pilothouse.audit.repository.writing import write
from pilothouse.errors import PilothouseError
from pilothouse.kit.clock import elapsed
from pilothouse.kit.session import Database
from pilothouse.runtime.ports import Statement

log = structlog.get_logger(__name__)

EVERY = 0.25
"""Seconds for which entries are gathered."""
MOST = 2_000
"""Entries of one transaction."""
PATIENCE = 5.0
"""Seconds for which entries may wait for a database that is away, before no more are taken."""


class AuditBatch:
    """Writes entries in batches. Use it within one event loop, and `close` it."""

    def __init__(self, database: Database, *, now: Callable[[], float] = elapsed) -> None:
        """Write through `database`; `now` counts seconds."""
        self._database = database
        self._now = now
        self._waiting: list[Statement] = []
        self._since = 0.0
        self._task: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def insist(self) -> None:
        """Raise `AuditBehind` where what was done cannot be written."""
        if self._waiting and self._now() - self._since > PATIENCE:
            raise AuditBehind(hint="Try again once the database answers.")

    def add(self, statements: Sequence[Statement]) -> None:
        """Have entries written within a moment."""
        if not statements:
            return
        if not self._waiting:
            self._since = self._now()
        self._waiting += statements
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Write what is left; what cannot be written is counted in the log."""
        self._closing.set()
        if self._task is not None:
            await asyncio.wait([self._task])
        if self._waiting:
            log.error("audit_entries_lost", entries=len(self._waiting))

    async def _write(self) -> None:
        while self._waiting:
            await self._gathered()
            batch = self._waiting[:MOST]
            try:
                async with self._database.maintenance() as session:
                    await write(session, batch)
            except PilothouseError as error:
                log.warning("audit_entries_wait", entries=len(self._waiting), reason=str(error))
                if self._closing.is_set():
                    return
                continue
            del self._waiting[: len(batch)]
            self._since = self._now()

    async def _gathered(self) -> None:
        """Wait for more, but not while this process ends."""
        try:
            async with asyncio.timeout(EVERY):
                await self._closing.wait()
        except TimeoutError:
            return
