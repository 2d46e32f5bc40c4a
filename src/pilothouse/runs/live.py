"""Follows runs for any number of viewers: one listener wakes them, and they read from the pool in turns."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from pilothouse.errors import InvalidInput, NotFound, Unavailable
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database, Overloaded
from pilothouse.runs.journal import shown
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.schemas import End, JournalEntry, RunStatus
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.entries import Kind
from pilothouse.runtime.listener import JOURNAL, Listener

PAGE = 200
"""Journal entries that a viewer reads at once."""

READERS = 4
"""Connections that all viewers together use at once."""

REACHED = {
    Kind.RUN_COMPLETED.value: RunStatus.COMPLETED,
    Kind.RUN_CONTINUED.value: RunStatus.COMPLETED,
    Kind.RUN_FAILED.value: RunStatus.FAILED,
    Kind.RUN_CANCELLED.value: RunStatus.CANCELLED,
}
"""The state that a final entry leaves the run in."""

Event = JournalEntry | End | None
"""What a viewer sees: an entry, the end, or None as a sign of life."""


class Live:
    """The live streams of one process. Holds no connection for a viewer who waits.

    `heartbeat` is how many seconds a stream may be silent; after that time a viewer also looks into the
    journal, so that a lost notification costs no more. At most `viewers` are served at once.
    """

    def __init__(
        self, database: Database, listener: Listener, *, heartbeat: float = 10.0, viewers: int = 1_000
    ) -> None:
        """Wake viewers on what `listener` hears, from now on until `stop`."""
        self._database = database
        self._heartbeat = heartbeat
        self._most = viewers
        self._reading = asyncio.Semaphore(READERS)
        self._viewers: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._stopping = False
        self._off = listener.on(JOURNAL, self._heard)

    @property
    def viewers(self) -> int:
        """How many streams are open."""
        return sum(len(viewers) for viewers in self._viewers.values())

    def stop(self) -> None:
        """End every stream soon: viewers resume from another process, or from this one when it is back."""
        self._stopping = True
        self._off()
        self._heard(None)

    async def follow(self, scope: Scope, run_id: UUID, after: int) -> AsyncGenerator[Event, None]:
        """The run's entries behind `after`, first those that are there, then each as it is committed.

        Ends with `End` where the journal's last entry is a final one; a run that is retried afterwards is
        followed anew from there. A database that goes away meanwhile is waited for. Raises, before it
        returns, `NotFound`, `InvalidInput` where `after` lies beyond the journal's end, and `Overloaded`.
        """
        if self.viewers >= self._most:
            raise Overloaded(hint=f"At most {self._most} live streams are served at once. Try again later.")
        async with self._database.session() as session:
            run = await RunRepository(session, scope).get(run_id)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        if after > run.seq:
            raise InvalidInput(
                f"The journal of run {run_id} ends with entry {run.seq}: nothing can follow entry {after}.",
                hint="Follow it from the last entry that you have seen of this run.",
            )
        return self._events(scope, run, after)

    async def _events(self, scope: Scope, run: RunRow, after: int) -> AsyncGenerator[Event, None]:
        status = RunStatus(run.status)
        ended = End(status=status, seq=run.seq) if status.is_final and after == run.seq else None
        with self._watched(run.id) as changed:
            while not self._stopping:
                changed.clear()
                try:
                    rows = await self._read(scope, run.id, after)
                except Unavailable:
                    yield None
                    await self._wait(changed, 1.0)
                    continue
                for row in rows:
                    after = row.seq
                    yield shown(row)
                if rows:
                    reached = REACHED.get(rows[-1].kind)
                    ended = End(status=reached, seq=after) if reached else None
                if len(rows) == PAGE:
                    continue
                if ended is not None:
                    yield ended
                    return
                if not await self._wait(changed, self._heartbeat):
                    yield None

    async def _read(self, scope: Scope, run_id: UUID, after: int) -> Sequence[JournalRow]:
        async with self._reading, self._database.session() as session:
            return await RunRepository(session, scope).entries(run_id, after, PAGE)

    @contextmanager
    def _watched(self, run_id: UUID) -> Iterator[asyncio.Event]:
        changed, key = asyncio.Event(), str(run_id)
        self._viewers[key].add(changed)
        try:
            yield changed
        finally:
            self._viewers[key].discard(changed)
            if not self._viewers[key]:
                del self._viewers[key]

    def _heard(self, payload: str | None) -> None:
        """Wake the viewers of the runs named, or of all where some may have been missed."""
        for key in list(self._viewers) if payload is None else payload.split(","):
            for changed in self._viewers.get(key, ()):
                changed.set()

    @staticmethod
    async def _wait(changed: asyncio.Event, seconds: float) -> bool:
        try:
            await asyncio.wait_for(changed.wait(), seconds)
        except TimeoutError:
            return False
        return True
