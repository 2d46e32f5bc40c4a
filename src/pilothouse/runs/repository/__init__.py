"""Queries on runs, their journals, and the workers that execute them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Select, literal_column, select, text, union_all, update
from sqlalchemy.orm import aliased

from pilothouse.kit.repository import Repository
from pilothouse.runs.filters import RunQuery
from pilothouse.runs.repository import listing, statistics
from pilothouse.runs.repository.workers import LiveWorkers, live_workers
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.entries import FINAL, Kind

__all__ = ["Digest", "LiveWorkers", "RunPage", "RunRepository", "live_workers"]

LINEAGE = "select run_id, high from lineage(:run_id)"
"""The runs whose entries a fork shares, each up to an entry; the nearest first."""

AS_ASKED = "select set_config('plan_cache_mode', 'force_custom_plan', true)"
"""Has lists planned for the values asked for: one plan for all of them is a bad one for rare values."""

OFF = ("enable_seqscan", "enable_indexscan")
BY_SUFFIX = ", ".join([AS_ASKED, *(f"set_config('{name}', 'off', true)" for name in OFF)])
"""The planner takes the index on the ends of ids for coarser than it is: it would read all runs instead."""

EMITTED = 50
"""How many of the last cards and reports are looked through for the last report of progress."""


@dataclass(frozen=True)
class RunPage:
    """The rows of one page, and the cursor of the next one if there is one."""

    items: list[RunRow]
    next_cursor: str | None


@dataclass(frozen=True)
class Digest:
    """The entries of a journal that tell where its run stands: of a fork, those that it shares among them.

    `forks` tell of the forks on the way, the nearest first.
    """

    first: JournalRow | None = None
    forks: Sequence[JournalRow] = ()
    final: JournalRow | None = None
    step: JournalRow | None = None
    emitted: Sequence[JournalRow] = ()


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

    async def digest(self, run: RunRow) -> Digest:
        """Where a run stands by its journal, in one query (a fork: one more for each run that it shares)."""
        found = await self._digest_of(run.id, run.seq)
        for shared, high in await self._lineage(run.id) if run.forked_seq is not None else ():
            part = await self._digest_of(shared, high)
            found = Digest(
                first=part.first,
                forks=[*found.forks, *part.forks],
                final=found.final,
                step=found.step or part.step,
                emitted=[*found.emitted, *part.emitted][:EMITTED],
            )
        return found

    async def figures(self, since: dt.datetime, until: dt.datetime) -> statistics.Figures:
        """The figures of the window from `since` to before `until`."""
        return await statistics.figures(self._session, self._tenant_id, since, until)

    async def failures(self, since: dt.datetime, until: dt.datetime, most: int) -> list[tuple[int, bytes]]:
        """How the newest failed runs of the window ended: codec and payload of each last entry."""
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

    async def _digest_of(self, run_id: UUID, high: int) -> Digest:
        """The digest of a run's own entries up to `high`."""
        upto = self._of(run_id).where(JournalRow.seq <= high)
        last = upto.order_by(JournalRow.seq.desc())
        parts = {
            "first": upto.order_by(JournalRow.seq).limit(1),
            "final": self._of(run_id).where(JournalRow.seq == high),
            "step": last.where(JournalRow.key != "").limit(1),
            "emitted": last.where(JournalRow.kind == Kind.EMITTED.value).limit(EMITTED),
        }
        merged = union_all(
            *(
                select(part.add_columns(literal_column(f"'{name}'").label("part")).subquery())
                for name, part in parts.items()
            )
        ).subquery()
        entity = aliased(JournalRow, merged)
        found: dict[str, list[JournalRow]] = {name: [] for name in parts}
        statement = select(entity, merged.c.part).order_by(merged.c.seq.desc())
        for row, part in (await self._session.execute(statement)).all():
            found[part].append(row)
        first, final, step = (next(iter(found[name]), None) for name in ("first", "final", "step"))
        return Digest(
            first=first,
            forks=[first] if first is not None and first.kind == Kind.FORKED else [],
            final=final if final is not None and final.kind in FINAL else None,
            step=step,
            emitted=found["emitted"],
        )

    def _of(self, run_id: UUID) -> Select[JournalRow]:
        """A run's own entries."""
        return select(JournalRow).where(JournalRow.run_id == run_id, JournalRow.tenant_id == self._tenant_id)
