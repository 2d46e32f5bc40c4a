"""The heartbeat: says from a thread of its own that a worker lives, so that a busy one does not look dead."""

from __future__ import annotations

import asyncio
import ctypes
import math
import os
import socket
import sys
import threading
import traceback
from collections.abc import Sequence
from importlib.metadata import version
from typing import NamedTuple
from uuid import UUID

import psycopg
import structlog
from psycopg.types.json import Jsonb

from pilothouse.kit.clock import Clock, ServerClock, elapsed
from pilothouse.kit.connecting import ThreadConnection, connect_in_thread, silence_of
from pilothouse.runtime import sql
from pilothouse.runtime.connection import CONNECT_TIMEOUT, explain
from pilothouse.runtime.errors import LoopBlocked
from pilothouse.runtime.stuck import end_stuck
from pilothouse.runtime.worker_settings import WorkerSettings

log = structlog.get_logger(__name__)

MARGIN = 0.8
"""The part of the lease after which this worker itself stops acting, before anybody takes over."""


def lock_key(worker_id: UUID) -> int:
    """The advisory lock of a worker, as a signed 64-bit number made of its id's random bits."""
    value = worker_id.int & ((1 << 62) - 1)
    return value | 1 << 62


_TOLD = " returning clock_timestamp()"
"""Added to `sql.HEARTBEAT`: the server's time."""


class Unbroken(NamedTuple):
    """The lease of what was claimed at one moment. Once it was interrupted it never becomes valid again."""

    heartbeat: Heartbeat
    interruptions: int

    def valid(self) -> bool:
        """Whether no heartbeat has been late since, so that nobody else can have taken over."""
        return self.interruptions == self.heartbeat.interruptions and self.heartbeat.valid()


class Heartbeat:
    """Keeps the worker's row fresh and its advisory lock held; knows whether the lease is valid.

    PostgreSQL frees the lock the moment the process dies, which is how others notice at once; a
    process that is frozen keeps it, and its lease runs out instead. The thread also watches the event
    loop: `beat()` is called from there, and a loop that is blocked for too long is interrupted. It ends
    with that loop. The lock needs a session of its own, so that no transaction pooler may stand in between.
    """

    def __init__(
        self,
        conninfo: str,
        worker_id: UUID,
        pins: Sequence[str],
        settings: WorkerSettings,
        clock: Clock | None = None,
    ) -> None:
        """Nothing happens before `start`. Each beat puts a `clock` right that shows the server's time."""
        self._conninfo = conninfo
        self._worker_id = worker_id
        self._pins = list(pins)
        labels = Jsonb(dict(settings.labels))
        self._facts = (socket.gethostname(), os.getpid(), labels, version("pilothouse"), settings.slots)
        self.draining = False  # set where the worker claims nothing more
        self._settings = settings
        self._clock = clock if isinstance(clock, ServerClock) else None
        self._interval = min(settings.heartbeat, settings.lease / 5)
        self._renewed = -math.inf
        self.interruptions = 0
        self._silent = 0.0
        self._stop = threading.Event()
        self._silence = max(silence_of(conninfo), CONNECT_TIMEOUT)  # once it has started, less
        self._connection: ThreadConnection | None = None
        self._locked = False
        self._starting = threading.Lock()
        self._stuck_due = 0.0
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._thread = threading.Thread(target=self._run, name="pilothouse-heartbeat", daemon=True)

    def start(self) -> None:
        """Register the worker, unless it was stopped before.

        Raises `DatabaseUnavailable` where the database does not answer.
        """
        with self._starting:
            if self._stop.is_set():
                return
            try:
                self._renew()
            except psycopg.OperationalError as error:
                raise explain(error) from error
            self._silence = min(
                self._silence, max(self._settings.lease / 3, 1.0)
            )  # time for one more attempt
            if self._connection is not None:
                self._connection.silence = self._silence
            self._thread.start()

    def stop(self) -> None:
        """Stop, and take the worker off the list. Runs it still holds are taken over at once.

        Called while `start` is still connecting, it waits for that: nothing may be left behind.
        """
        self._stop.set()
        with self._starting:
            if self._thread.is_alive():
                self._thread.join()
            self._leave()

    def _leave(self) -> None:
        if self._connection is not None and not self._connection.closed:
            try:
                self._connection.execute("delete from workers where id = %s", (self._worker_id,))
            except psycopg.Error as error:
                log.info("worker_not_removed", reason=str(error).strip())
            self._connection.close()

    def valid(self) -> bool:
        """Whether this worker may still act: its last heartbeat is younger than the lease allows."""
        return elapsed() - self._renewed < self._settings.lease * MARGIN

    def lease(self) -> Unbroken:
        """The lease as it is now: take it before a claim, for the runs that are claimed then.

        A worker that was frozen or cut off for too long renews its heartbeat when it comes back; the runs
        it held before may be somebody else's by then, and this lease tells.
        """
        return Unbroken(self, self.interruptions)

    def beat(self) -> None:
        """The event loop lives."""
        self._silent = 0.0

    def _run(self) -> None:
        while not self._stop.wait(self._interval):
            if self._loop.is_closed():  # without a stop before: nobody executes anything any more
                self._leave()
                return
            try:
                self._renew()
                self._end_stuck()
            except psycopg.Error as error:
                self._renewed = -math.inf
                log.warning("heartbeat_failed", reason=str(error).strip())
            self._watch_loop()

    def _renew(self) -> None:
        started = elapsed()
        if started - self._renewed > self._settings.lease * MARGIN:
            self.interruptions += 1
        if self._connection is None or self._connection.closed:
            self._connection = connect_in_thread(self._conninfo, "heartbeat", self._silence, autocommit=True)
            self._locked = False
        if not self._locked:  # a session that the server still believes in may hold it
            key = (lock_key(self._worker_id),)
            found = self._connection.execute("select pg_try_advisory_lock(%s)", key).fetchone()
            self._locked = found == (True,)
        row = (self._worker_id, lock_key(self._worker_id), self._pins, *self._facts, self.draining)
        asked = elapsed()
        told = self._connection.execute(sql.HEARTBEAT + _TOLD, row).fetchone()
        if self._clock is not None and told is not None:
            self._clock.told(told[0], asked, elapsed())
        self._renewed = started

    def _end_stuck(self) -> None:
        """Now and then, end what others left locked. See `stuck`."""
        if self._connection is None or elapsed() < self._stuck_due:
            return
        self._stuck_due = elapsed() + self._settings.lease / 5
        for name in end_stuck(self._connection, self._settings.lease):
            log.warning("stuck_session_ended", application=name)

    def _watch_loop(self) -> None:
        """Interrupt the loop's thread where it has not beaten for too long.

        Counted in turns of this thread: while the whole process is frozen, neither of them runs.
        """
        self._silent += self._interval
        if self._silent < self._settings.blocked_after or not self._loop.is_running():
            return
        frame = sys._current_frames().get(self._loop_thread)  # noqa: SLF001 - documented for debuggers
        stack = "".join(traceback.format_stack(frame, limit=4)) if frame else ""
        log.error("loop_blocked", seconds=round(self._silent, 1), stack=stack)
        self._silent = 0.0
        ctypes.pythonapi.PyThreadState_SetAsyncExc(
            ctypes.c_ulong(self._loop_thread), ctypes.py_object(LoopBlocked)
        )
