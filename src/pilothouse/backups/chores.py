"""Backups by schedule: whichever worker looks first when one is due makes it, and lets go of old ones."""

from __future__ import annotations

import asyncio
import datetime as dt

import structlog

from pilothouse.backups import archive
from pilothouse.backups.depots import FolderDepot
from pilothouse.backups.errors import BackupRunning
from pilothouse.backups.repository.source import archived
from pilothouse.backups.schemas import Kind
from pilothouse.backups.service import Backups
from pilothouse.errors import PilothouseError

log = structlog.get_logger(__name__)

RETRY = dt.timedelta(hours=1)
"""How long after a failed attempt the next one comes, at most."""

AGAIN = dt.timedelta(minutes=1)
"""When to look again while another worker is at it."""

REMEMBERED = dt.timedelta(days=400)
"""How long the database remembers that there was a backup."""


class BackupChore:
    """Makes a backup `every` so often and keeps the newest `keep`."""

    name = "backups"

    def __init__(self, backups: Backups, *, every: dt.timedelta, keep: int, kind: Kind = Kind.DUMP) -> None:
        """Nothing is looked at before the first `tend`."""
        self._backups = backups
        self._every = every
        self._keep = keep
        self._kind = kind
        self._due: dt.datetime | None = None
        self._hurried = False

    def hurry(self) -> None:
        """Have one be due at the next `tend`, whenever the last was made."""
        self._due, self._hurried = None, True

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Make the backup that is due, if one is. A failed one is told by the log and comes again."""
        if self._due is not None and now < self._due:
            return self._due
        try:
            async with self._backups.alone(self._kind) as lines:
                newest, tried = await lines.newest(self._kind, self._backups.depot.where)
                self._due = now if self._hurried else self._next(newest, tried)
                self._hurried = False
                if now < self._due:
                    return self._due
                self._due = now + min(self._every / 4, RETRY)  # should it fail
                manifest = await self._backups.take(lines, self._kind)
                self._due = manifest.started_at + self._every
                await self._backups.prune(self._keep, self._kind)
                await lines.forget(now - REMEMBERED)
        except BackupRunning:
            self._due = now + AGAIN
        return self._due

    def _next(self, newest: dt.datetime | None, tried: dt.datetime | None) -> dt.datetime:
        due = newest + self._every if newest else dt.datetime.min.replace(tzinfo=dt.UTC)
        if tried is not None and (newest is None or tried > newest):
            due = max(due, tried + min(self._every / 4, RETRY))
        return due


class ArchiveChore:
    """Keeps the archive fit for a recovery: copies of the server's files, new contents, no WAL too many.

    `timeout` is that of the archive: contents are copied as often as WAL is.
    """

    name = "wal_archive"

    def __init__(
        self,
        backups: Backups,
        depot: FolderDepot,
        conninfo: str,
        *,
        timeout: dt.timedelta,
        bases: BackupChore,
    ) -> None:
        """Nothing is looked at before the first `tend`."""
        self._backups = backups
        self._depot = depot
        self._conninfo = conninfo
        self._timeout = timeout
        self._bases = bases
        self._due: dt.datetime | None = None

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Do what is due; a server that cannot archive is told by the log as an error, again and again."""
        if self._due is not None and now < self._due:
            return self._due
        self._due = now + self._timeout
        state = await archived(self._conninfo)
        if not state.on:
            log.error("wal_not_archived", hint="It begins with the server's next start: pilothouse db stop.")
            return self._due
        if state.failing:
            log.error("wal_archive_failing", segment=state.failing, since=str(state.failed))
        newest = await asyncio.to_thread(archive.newest_timeline, self._depot)
        if newest is not None and newest != state.timeline:
            self._bases.hurry()  # the database was brought back: older copies lead elsewhere
        await self._backups.keep_contents()
        try:
            await self._bases.tend(now)
        except PilothouseError:
            return self._due  # the log has it
        await asyncio.to_thread(archive.prune, self._depot)
        return self._due
