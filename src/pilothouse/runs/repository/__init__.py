"""Queries on runs, their journals, and the workers that execute them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, select, text, update

from pilothouse.kit.repository import Repository
from pilothouse.runs.filters import RunFilter, RunQuery
from pilothouse.runs.repository import histogram, listing, statistics
from pilothouse.runs.repository.workers import LiveWorkers, live_workers
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.entries import Kind

__all__ = ["LiveWorkers", "RunPage", "RunRepository", "live_workers"]

LINEAGE = "select run_id, high from lineage(:run_id)"
"""The runs whose entries a fork shares, each up to an entry; the nearest first."""

AS_ASKED = "select set_config('plan_cache_mode', 'force_custom_plan', true)"
"""Has lists planned for the values asked for: one plan for all of them is a bad one for rare values."""

OFF = ("enable_seqscan", "enable_indexscan")
BY_SUFFIX = ", ".join([AS_ASKED, *(f"set_config('{name}', 'off', true)" for name in OFF)])
"""The planner takes the index on the ends of ids for coarser than it is: it would read all runs instead."""


@dataclass(frozen=True)
class RunPage:
    """The rows of one page, and the cursor of the next one if there is one."""

    items: list[RunRow]
    next_cursor: str | None


class RunRepository(Repository):
    """The runs of one tenant."""

    async def get(self, run_id: UUID, *, lock: bool = False) -> RunRow | None:
        """A run, or None where there is none or it is another tenant's. Read anew each time.

        With `lock` nobody else changes it before the end of the transaction.
        """
        statement = select(RunRow).where(RunRow.id == run_id, RunRow.tenant_id == self._tenant_id)
        if lock:
            statement = statement.with_for_update(key_share=True)
        found = await self._session.scalars(statement.execution_options(populate_existing=True))
        return found.one_or_none()

    async def page(self, query: RunQuery) -> RunPage:
        """The wanted page of runs."""
        await self._session.execute(text(AS_ASKED if query.id_suffix is None else BY_SUFFIX))
        found = await self._session.scalars(listing.page(self._tenant_id, query, query.limit + 1))
        rows = list(found)
        more = len(rows) > query.limit
        last = listing.place_of(query, rows[query.limit - 1]).text() if more else None
        return RunPage(rows[: query.limit], last)

    async def label(self, run_id: UUID, labels: Mapping[str, str]) -> None:
        """Replace a run's labels."""
        here = (RunRow.id == run_id, RunRow.tenant_id == self._tenant_id)
        await self._session.execute(update(RunRow).where(*here).values(labels=dict(labels)))

    async def live_workers(self, lease: float) -> LiveWorkers:
        """The workers heard of in the last `lease` seconds."""
        return await live_workers(self._session, lease)

    async def entries(
        self, run_id: UUID, after: int, limit: int, kinds: Collection[str] = ()
    ) -> Sequence[JournalRow]:
        """The first `limit` journal entries behind `after`, of these kinds or of all.

        Those that a fork shares are among them.
        """
        own = self._of(run_id).where(JournalRow.seq > after)
        if kinds:
            own = own.where(JournalRow.kind.in_([*kinds, Kind.FORKED.value]))
        rows = list(await self._session.scalars(own.order_by(JournalRow.seq).limit(limit + 1)))
        if rows and rows[0].kind == Kind.FORKED and rows[0].seq > after + 1:
            rows = [*await self._shared(run_id, after, limit, kinds), *rows]
        if kinds:
            rows = [row for row in rows if row.kind in kinds]
        return rows[:limit]

    async def figures(self, since: dt.datetime, until: dt.datetime) -> statistics.Figures:
        """The figures of the window from `since` to before `until`."""
        return await statistics.figures(self._session, self._tenant_id, since, until)

    async def histogram(
        self, wanted: RunFilter, since: dt.datetime, until: dt.datetime, width: dt.timedelta
    ) -> Sequence[histogram.Stretch]:
        """How many of the wanted runs were made in each stretch of the window, by state."""
        return await histogram.histogram(self._session, self._tenant_id, wanted, since, until, width)

    async def failures(self, since: dt.datetime, until: dt.datetime, most: int) -> Sequence[Row[Any]]:
        """How the newest failed runs of the window ended: each last entry, as far as it tells of that."""
        return await statistics.failures(self._session, self._tenant_id, since, until, most)

    async def _lineage(self, run_id: UUID) -> list[tuple[UUID, int]]:
        """The runs whose entries a fork shares, each up to an entry; the nearest first."""
        rows = await self._session.execute(text(LINEAGE), {"run_id": run_id})
        return [(row.run_id, row.high) for row in rows]

    async def _shared(self, run_id: UUID, after: int, limit: int, kinds: Collection[str]) -> list[JournalRow]:
        """The first `limit` entries behind `after` that a fork shares."""
        found: list[JournalRow] = []
        for shared, high in reversed(await self._lineage(run_id)):  # the oldest first
            wanted = self._of(shared).where(JournalRow.seq > after, JournalRow.seq <= high)
            if kinds:
                wanted = wanted.where(JournalRow.kind.in_(kinds))
            found += await self._session.scalars(wanted.order_by(JournalRow.seq).limit(limit))
        return found[:limit]

    def _of(self, run_id: UUID) -> Select[JournalRow]:
        """A run's own entries."""
        return select(JournalRow).where(JournalRow.run_id == run_id, JournalRow.tenant_id == self._tenant_id)
