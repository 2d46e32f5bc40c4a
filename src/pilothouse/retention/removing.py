"""Applies the retention rules: batch after batch, with pauses, so that nobody notices."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from dataclasses import dataclass

import structlog

from pilothouse.kit.session import Database
from pilothouse.retention.repository import Due, Removal, Removed
from pilothouse.retention.schemas import Keep
from pilothouse.runtime import partitions
from pilothouse.runtime.ports import ArtifactStore

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Pace:
    """How quickly things are removed.

    A batch has at most `runs` runs with about `entries` entries and takes a `share` of the time at most. A
    rule is applied `every` so often. A content is removed only when the last run that named it has been gone
    for `grace`: longer than anybody takes to name what was put already. What a legal hold has kept is looked
    for as long as the hold was `released` lately.
    """

    runs: int = 200
    entries: int = 5_000
    contents: int = 20
    share: float = 0.1
    every: dt.timedelta = dt.timedelta(hours=1)
    grace: dt.timedelta = dt.timedelta(days=1)
    idle: dt.timedelta = dt.timedelta(minutes=1)
    released: dt.timedelta = dt.timedelta(days=30)


class Remover:
    """Removes what no rule keeps any more: runs, then contents that nobody names, then emptied months.

    Several may work at once: each batch locks its rule, its runs and its contents, and passes over others'.
    """

    def __init__(
        self, database: Database, direct: str, artifacts: ArtifactStore, pace: Pace | None = None
    ) -> None:
        """Work through `database`; partitions are dropped on a connection of their own to `direct`."""
        self._database = database
        self._direct = direct
        self._artifacts = artifacts
        self.pace = pace or Pace()
        self._whole: list[partitions.Partition] | None = None

    async def batch(self, now: dt.datetime, tenant_id: str | None = None) -> tuple[Due, Removed] | None:
        """Apply the most urgent rule to its next runs; None where none is due."""
        pace = self.pace
        whole = self._whole  # another batch may end the pass meanwhile
        if whole is None:
            whole = self._whole = await self._wholly_past(now)
        async with self._database.maintenance() as session:
            removal = Removal(session)
            rule = await removal.due(now, tenant_id)
            if rule is None:
                self._whole = None
                return None
            removed = Removed()
            if rule.keep != Keep.EVERYTHING:
                ranges = [(part.first, part.following) for part in whole]
                removed = await removal.batch(rule, now, runs=pace.runs, entries=pace.entries, dropped=ranges)
            over = removed.last_id is None
            await removal.move_on(rule, removed, now + pace.every if over else now, now if over else None)
        if removed.runs:
            counts = {"runs": removed.runs, "entries": removed.entries, "artifacts": removed.artifacts}
            log.info(
                "retention_removed",
                tenant_id=rule.tenant_id,
                workflow=rule.workflow,
                days=rule.days,
                kept=rule.keep,
                last_run=str(removed.last_id),
                **counts,
            )
        return rule, removed

    async def contents(self, now: dt.datetime) -> int:
        """Remove contents that no run has named for a while; returns how many were looked at."""
        before = now - self.pace.grace
        async with self._database.maintenance() as session:
            removal = Removal(session)
            found = await removal.freed(before, self.pace.contents)
            for content in found:
                if content.named or await self._artifacts.remove(content.tenant_id, content.sha256, before):
                    await removal.forget(content)
                else:
                    await removal.look_later(content, now)
        if gone := [content.sha256 for content in found if not content.named]:
            log.info("contents_removed", contents=len(gone))
        return len(found)

    async def decisions(self, now: dt.datetime) -> int:
        """Remove decisions that a legal hold has kept beyond their runs and keeps no more; how many."""
        async with self._database.maintenance() as session:
            removed = await Removal(session).let_go(now - self.pace.released, self.pace.entries)
        if removed:
            log.info("decisions_removed", decisions=removed)
        return removed

    async def months(self, now: dt.datetime) -> list[str]:
        """Drop the journal's past months in which no run has a journal any more; returns their names."""
        dropped = []
        for part in await asyncio.to_thread(partitions.past_at, self._direct, now):
            if await asyncio.to_thread(partitions.drop_at, self._direct, part):
                dropped.append(part.name)
                log.info("partition_dropped", partition=part.name)
        return dropped

    async def everything(self, now: dt.datetime, tenant_id: str | None = None) -> AsyncIterator[Removed]:
        """Apply every rule that is due to its end, at once; what each batch has removed."""
        while (done := await self.batch(now, tenant_id)) is not None:
            yield done[1]
        while await self.contents(now) == self.pace.contents:
            continue
        while await self.decisions(now) == self.pace.entries:
            continue
        await self.months(now)

    async def _wholly_past(self, now: dt.datetime) -> list[partitions.Partition]:
        past = await asyncio.to_thread(partitions.past_at, self._direct, now)
        async with self._database.maintenance() as session:
            removal = Removal(session)
            return [part for part in past if await removal.is_wholly_past(part.first, part.following, now)]


class RetentionChore:
    """Applies the rules from a worker, a little at a time."""

    name = "retention"

    def __init__(self, remover: Remover) -> None:
        """Work through `remover`."""
        self._remover = remover
        self._due = dt.datetime.min.replace(tzinfo=dt.UTC)

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """One batch, if a rule is due; then contents, decisions, months. Pauses for longer than it worked."""
        if now < self._due:
            return self._due
        pace, loop = self._remover.pace, asyncio.get_running_loop()
        began = loop.time()
        self._due = now + pace.idle
        remover = self._remover
        more = await remover.batch(now) is not None or await remover.contents(now) > 0
        more = more or await remover.decisions(now) > 0
        if more:
            self._due = now + dt.timedelta(seconds=(loop.time() - began) / pace.share)
        else:
            await self._remover.months(now)
        return self._due
