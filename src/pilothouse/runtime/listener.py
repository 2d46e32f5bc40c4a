"""One connection that listens for notifications and wakes whoever waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

import psycopg
import structlog

from pilothouse.kit.connecting import Connection, connect, silence_of
from pilothouse.runtime.observing import Observer, Unobserved

log = structlog.get_logger(__name__)

RUNS, JOURNAL, CANCELS = "pilothouse_runs", "pilothouse_journal", "pilothouse_cancels"
DELTAS, WATCHES = "pilothouse_deltas", "pilothouse_watch"
POLICIES, SWITCHES = "pilothouse_policies", "pilothouse_switches"
BREAKERS, EXPERIMENTS, PROMPTS = "pilothouse_breakers", "pilothouse_experiments", "pilothouse_prompts"
MODELS = "pilothouse_models"
Heard = Callable[[str | None], None]


class Listener:
    """Calls handlers for notifications; a handler hears None when some may have been missed.

    A notification is a hint: its loss costs latency, never an event. Handlers run in the event loop
    and must not block. The connection is a session of its own, so that no transaction pooler may stand in
    between; while it is quiet the server is asked now and then whether it is still there.
    """

    def __init__(self, conninfo: str, observer: Observer | None = None) -> None:
        """Nothing is opened before `start`."""
        self._observer = observer or Unobserved()
        self._conninfo = conninfo
        self._silence = silence_of(conninfo)
        self._handlers: dict[str, list[Heard]] = {
            channel: []
            for channel in (
                *(RUNS, JOURNAL, CANCELS, DELTAS, WATCHES, POLICIES, SWITCHES),
                *(BREAKERS, EXPERIMENTS, MODELS, PROMPTS),
            )
        }
        self._task: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.connected = False

    def on(self, channel: str, handler: Heard) -> Callable[[], None]:
        """Call `handler` for notifications on `channel`; returns what ends that."""
        self._handlers[channel].append(handler)
        return lambda: self._handlers[channel].remove(handler)

    async def start(self) -> None:
        """Listen; returns once the connection stands. A database that is away is waited for."""
        self._task = asyncio.create_task(self._listen())
        ready = asyncio.create_task(self._ready.wait())
        await asyncio.wait([self._task, ready], return_when=asyncio.FIRST_COMPLETED)

    async def stop(self) -> None:
        """Close the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _listen(self) -> None:
        delay = 0.1
        while True:
            try:
                async with await connect(self._conninfo, "listener", autocommit=True) as connection:
                    for channel in self._handlers:
                        await connection.execute(f"listen {channel}".encode())
                    self._ready.set()
                    self.connected = True
                    self._observer.listening(connected=True)
                    delay = 0.1
                    self._tell_all(list(self._handlers))
                    await self._hear(connection)
            except psycopg.Error as error:
                log.warning("listener_lost", reason=str(error).strip())
            finally:
                self.connected = False
                self._observer.listening(connected=False)
            await asyncio.sleep(delay)
            delay = min(delay * 2, 1.0)

    async def _hear(self, connection: Connection) -> None:
        """Tell what is heard until the connection breaks."""
        connection.silence = self._silence * 2 / 3
        while True:
            async for notification in connection.notifies(timeout=self._silence / 3):
                self._tell(notification.channel, notification.payload)
            await connection.execute("select 1")  # what comes with the answer is kept for the next round

    def _tell(self, channel: str, payload: str) -> None:
        for handler in list(self._handlers[channel]):
            handler(payload)

    def _tell_all(self, channels: Sequence[str]) -> None:
        for channel in channels:
            for handler in list(self._handlers[channel]):
                handler(None)
