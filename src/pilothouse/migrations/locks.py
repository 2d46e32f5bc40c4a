"""Waits for locks with patience and an end: a migration that cannot get one gives up and says who holds it.

Whoever waits for a strong lock makes everybody behind it wait as well. So each attempt waits for a moment
only, is rolled back, and is made again a little later.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import psycopg
import structlog

from pilothouse.errors import Unavailable
from pilothouse.runtime.connection import CONNECT_TIMEOUT

T = TypeVar("T")
log = structlog.get_logger(__name__)

_BLOCKERS = """
select activity.pid, coalesce(nullif(application_name, ''), 'unnamed'), coalesce(usename, ''), state,
       extract(epoch from now() - xact_start)::int, left(regexp_replace(query, '\\s+', ' ', 'g'), 120)
  from unnest(pg_blocking_pids(%s)) as blocker(pid) join pg_stat_activity as activity using (pid)
"""

WATCH_EVERY = 0.2
"""Seconds between two looks at who stands in the way."""


class MigrationBlocked(Unavailable):
    """A change of the schema could not get its lock."""

    code = "migration_blocked"


class Patience(NamedTuple):
    """How long one attempt waits for a lock, how many there are, and the pause between, in seconds."""

    lock_timeout: float = 3.0
    attempts: int = 8
    pause: float = 1.0


def bounded(
    conninfo: str, lock_timeout: float, *, autocommit: bool = False
) -> psycopg.Connection[tuple[object, ...]]:
    """A connection whose statements wait `lock_timeout` seconds for a lock and no longer."""
    connection = psycopg.connect(conninfo, autocommit=autocommit, connect_timeout=CONNECT_TIMEOUT)
    connection.execute("select set_config('lock_timeout', %s, false)", (f"{lock_timeout * 1000:.0f}ms",))
    if not autocommit:
        connection.commit()
    return connection


class Blockers:
    """Sees who keeps a session from its lock."""

    def __init__(self) -> None:
        """Nobody has been seen yet."""
        self.seen: list[str] = []

    @contextmanager
    def watching(self, conninfo: str, pid: int) -> Iterator[None]:
        """Look, from a session of its own, while the block lasts."""
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(conninfo, pid, over), name="blockers", daemon=True)
        watch.start()
        try:
            yield
        finally:
            over.set()
            watch.join()

    def _watch(self, conninfo: str, pid: int, over: threading.Event) -> None:
        try:
            with psycopg.connect(conninfo, autocommit=True, connect_timeout=CONNECT_TIMEOUT) as connection:
                while not over.wait(WATCH_EVERY):
                    if found := connection.execute(_BLOCKERS, (pid,)).fetchall():
                        self.seen = [_described(*row) for row in found]
        except psycopg.Error as error:
            log.warning("blockers_not_seen", reason=str(error).strip())


def patiently(what: str, attempt: Callable[[Blockers], T], patience: Patience) -> T:
    """The result of `attempt`, made again where it could not get a lock in time.

    Raises `MigrationBlocked` that names who held the lock at the last attempt.
    """
    blockers = Blockers()
    for number in range(1, patience.attempts + 1):
        try:
            return attempt(blockers)
        except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
            log.warning("migration_waits", what=what, attempt=number, blocked_by=blockers.seen)
            if number == patience.attempts:
                raise _blocked(what, blockers) from error
        time.sleep(patience.pause)
    raise _blocked(what, blockers)  # without a single attempt


def _blocked(what: str, blockers: Blockers) -> MigrationBlocked:
    by = "; ".join(blockers.seen) or "a session that is gone by now"
    return MigrationBlocked(
        f"{what} could not get its lock. It is held by {by}.",
        hint="Nothing was changed by it. End that session or wait for it, then start again.",
    )


def _described(pid: int, name: str, user: str, state: str, seconds: int | None, query: str) -> str:
    since = "" if seconds is None else f" for {seconds} s"
    return f"process {pid} ({name}, user {user}, {state}{since}: {query})"
