"""What keeps the breakers of a process in step with the installation.

What operators have set by hand is read when a notification says so, and at least every second, so that a
lost notification costs no more than that. What the process's breakers are like is told when it changes, and
now and then. While the database is away the process goes by what it knows.
"""

from __future__ import annotations

import datetime as dt
import os
import socket
from collections.abc import Callable, Mapping

import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.looking import Looking
from pilothouse.kit.session import Database, Overloaded
from pilothouse.resilience.dependency import Dependency
from pilothouse.resilience.registry import Override, Registry
from pilothouse.resilience.repository import BreakerRepository, in_force
from pilothouse.resilience.states import Event, State, Told
from pilothouse.runtime.listener import BREAKERS, Listener

log = structlog.get_logger(__name__)

EVERY = 1.0
"""Seconds between two looks, at most."""
TELL_EVERY = 10.0
"""Seconds after which breakers are told of although nothing has changed."""


class BreakerBoard:
    """Use it within one event loop, that of its registry, and `close` it there."""

    def __init__(
        self, database: Database, registry: Registry, *, process: str | None = None, every: float = EVERY
    ) -> None:
        """Nothing is read before `open`. `process` is what this process is called."""
        self.process = process or f"{socket.gethostname()}:{os.getpid()}"
        self._database = database
        self._registry = registry
        self._looking = Looking(self._tend, every)
        self._moved = True
        self._told_at = 0.0
        self._known: frozenset[str] = frozenset()
        self._resets: dict[str, dt.datetime] | None = None
        self._offs: list[Callable[[], None]] = []
        self._away = False

    async def open(self, listener: Listener | None = None) -> None:
        """Read what is set by hand, and go on reading. A database that is away is asked again."""
        self._offs.append(self._registry.on_event(self._heard))
        if listener is not None:
            self._offs.append(listener.on(BREAKERS, lambda _: self._looking.ask()))
        await self._tend()
        self._looking.start()

    async def close(self) -> None:
        """Read no more, and tell that this process ends."""
        while self._offs:
            self._offs.pop()()
        await self._looking.stop()
        try:
            async with self._database.maintenance() as session:
                await BreakerRepository(session).leave(self.process)
        except (DatabaseUnavailable, Overloaded) as error:
            log.warning("breakers_not_told", reason=str(error))

    async def look(self) -> None:
        """Read what is set by hand, and tell what there is to tell. Raises `DatabaseUnavailable`."""
        names = frozenset(one.name for one in self._registry)
        due = self._registry.clock.monotonic() - self._told_at >= TELL_EVERY
        tells = self._moved or due or names != self._known
        async with self._database.maintenance() as session:
            repository = BreakerRepository(session)
            now, rows = await repository.now(), await repository.overrides()
            resets = {row.name: row.reset_at for row in rows if row.reset_at is not None}
            self._registry.override(
                {row.name: Override(State(row.mode), row.reason) for row in rows if in_force(row, now)}
            )
            self._reset(resets)
            if tells or self._moved:
                self._moved = False
                try:
                    await repository.report(self.process, [self._told(one, now) for one in self._registry])
                except BaseException:
                    self._moved = True
                    raise
                self._told_at, self._known = self._registry.clock.monotonic(), names

    def _reset(self, resets: dict[str, dt.datetime]) -> None:
        """Have those forget that were told to since the last look."""
        before, self._resets = self._resets, resets
        if before is not None:
            self._registry.reset(name for name, at in resets.items() if before.get(name) != at)

    def _told(self, dependency: Dependency, now: dt.datetime) -> Mapping[str, object]:
        seen = dependency.breaker.snapshot()
        age = dependency.breaker.clock.monotonic() - seen.since
        return {
            "name": seen.name,
            "state": seen.state.value,
            "since": now - dt.timedelta(seconds=age),
            "reason": seen.reason,
            "calls": seen.window.calls,
            "failed": seen.window.failed,
            "slow": seen.window.slow,
            "in_a_row": seen.in_a_row,
            "succeeded": seen.counts.succeeded,
            "errors": seen.counts.failed,
            "not_permitted": seen.counts.not_permitted,
            "retries": 0 if dependency.retry is None else dependency.retry.retries,
        }

    def _heard(self, event: Event) -> None:
        if event.told is Told.TRANSITION:
            self._moved = True
            self._looking.ask()
            log.warning(
                "breaker_moved",
                breaker=event.breaker,
                before=event.before,
                after=event.after,
                reason=event.reason,
            )

    async def _tend(self) -> None:
        try:
            await self.look()
        except (DatabaseUnavailable, Overloaded) as error:
            if not self._away:
                log.warning("breakers_not_read", reason=str(error))
            self._away = True
        else:
            self._away = False
