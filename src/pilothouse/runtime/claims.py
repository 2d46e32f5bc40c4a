"""Claiming: asks for the next runs in the cheapest way that is right, and again where it has to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
import structlog

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.claims_sql import CLAIM, CLAIM_ONE, FREE, KEY, PLAIN
from pilothouse.runtime.connection import Lane, Query

log = structlog.get_logger(__name__)

LANES = 1_000
"""Lanes that one claim looks at. Where there are more, the next one goes on behind them."""

PLANS = {
    **dict.fromkeys(("jit", "enable_seqscan", "enable_bitmapscan", "enable_sort"), "off"),
    "plan_cache_mode": "force_generic_plan",
    "lock_timeout": "1s",
}
"""The plans follow their indexes, whatever stale statistics say during a burst of submits, and are made once:
planning takes longer than claiming. Nobody waits for another's claim for longer than that, which takes some
milliseconds."""

_SETTINGS = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in PLANS.items())

PINNED = Query(f"select {_SETTINGS}")
"""Sent ahead of what is to follow its indexes."""

LOCKED = Query(f"select {_SETTINGS}, pg_advisory_xact_lock({KEY})")
"""Sent ahead of a claim in the same transaction: one claim at a time, each on a snapshot of its own.

A claim counts what is running. Two that counted at the same moment would each fill the same room.
"""

MOST = 500
"""Runs that one claim takes: the answer has to fit into a socket, or a frozen process would hold up all."""


class Claiming:
    """The claims of one process. Each is right by itself; what is kept here only makes the next one quick.

    `held_for` is how many seconds after the last claim a rate lets another run start; None where none waits.
    """

    def __init__(self, lane: Lane, lanes: int = LANES) -> None:
        """Claim on `lane`, which needs no settings of its own."""
        self._lane = lane
        self._lanes = lanes
        self._crowded = False
        self._since = ""
        self.held_for: float | None = None

    async def claim(
        self, worker_id: UUID, pins: Sequence[str], slots: int, only: UUID | None = None
    ) -> list[tuple[Any, ...]]:
        """The rows of at most `slots` runs, now owned by `worker_id`; none where nothing can be had."""
        lanes = max(self._lanes, 2 * len(pins) + 1)  # three to a pin, so that each look gets beyond the last
        asked = {"worker": worker_id, "pins": pins, "slots": min(slots, MOST), "lanes": lanes, "only": only}
        avoid: list[UUID] = []
        from_the_start = False
        while True:
            plain = only is None and not self._crowded
            from_the_start = from_the_start or not self._since
            statement = PLAIN if plain else CLAIM if only is None else CLAIM_ONE
            given = asked | {"since": self._since, "avoid": avoid}
            try:
                rows = await self._lane.rows(statement, given, before=(LOCKED,))
            except DatabaseUnavailable as error:
                if isinstance(error.__cause__, psycopg.errors.LockNotAvailable):
                    log.warning("claims_freed", sessions=len(await self._lane.rows(FREE)))
                raise
            self._crowded, since, self.held_for = rows[0][:3]
            chosen = [row[3:] for row in rows if row[3] is not None]
            missed = [row[0] for row in chosen if row[1] is None]  # somebody else has locked these rows
            if only is None:
                self._since = since or ""
            if len(chosen) > len(missed):
                return [row for row in chosen if row[1] is not None]
            behind = not plain and only is None and (bool(self._since) or not from_the_start)
            if not (missed or behind or (plain and self._crowded)):
                return []
            avoid += missed
