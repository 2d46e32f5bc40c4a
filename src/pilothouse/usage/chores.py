"""What workers see to about usage: rows that are older than they are kept."""

from __future__ import annotations

import datetime as dt

import structlog

from pilothouse.runtime.connection import Lane
from pilothouse.usage.repository import forget

log = structlog.get_logger(__name__)

EVERY = dt.timedelta(hours=1)
SOON = dt.timedelta(seconds=1)
AT_ONCE = 5_000


class UsageChore:
    """Removes rows that are older than `keep`; any number of workers may do so."""

    name = "usage"

    def __init__(self, lane: Lane, keep: dt.timedelta) -> None:
        """Work on `lane`, which others may use as well."""
        self._lane, self._keep = lane, keep
        self._due: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Remove one batch; it is due again in an hour, or in a second where there was more."""
        if self._due is not None and now < self._due:
            return self._due
        removed = await forget(self._lane, now - self._keep, AT_ONCE)
        if removed:
            log.info("usage_removed", rows=removed)
        self._due = now + (SOON if removed == AT_ONCE else EVERY)
        return self._due
