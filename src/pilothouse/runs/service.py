"""The rules of reading runs and their journals."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.errors import NotFound
from pilothouse.inbox.service import Questions
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.runs.filters import Place, RunQuery
from pilothouse.runs.journal import shown, whole
from pilothouse.runs.repository import LiveWorkers, RunRepository, live_workers
from pilothouse.runs.schemas import (
    Card,
    Cards,
    Journal,
    JournalQuery,
    Run,
    RunStatus,
    RunSummary,
)
from pilothouse.runs.showing import Showing, member, summary
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.cards import ReasonCard
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind


class Runs:
    """The runs that a scope may see."""

    def __init__(
        self,
        repository: RunRepository,
        questions: Questions,
        showing: Showing,
        engine: Engine,
        *,
        lease: float,
    ) -> None:
        """Read through `repository`, and large payloads through `engine`.

        A worker silent for `lease` seconds is gone.
        """
        self._repository = repository
        self._questions = questions
        self._showing = showing
        self._engine = engine
        self._lease = lease

    async def page(self, query: RunQuery) -> Page[RunSummary]:
        """The wanted runs, in the wanted order."""
        rows = await self._repository.page(query)
        workers = await self._workers(rows.items)
        open_counts = await self._questions.open_counts([row.id for row in rows.items])
        items = [summary(row, open_counts.get(row.id, 0), workers) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def of_schedule(self, schedule_id: UUID, query: PageQuery) -> Page[RunSummary]:
        """The runs that a schedule has made, the newest first."""
        after = None if query.cursor is None else Place(query.cursor)
        return await self.page(RunQuery(schedule_id=schedule_id, limit=query.limit, cursor=after))

    async def show(self, run_id: UUID) -> Run:
        """A run with what it was given, how far it is, what it needs and what came of it."""
        return await self._showing.show(run_id)

    async def journal(self, run_id: UUID, query: JournalQuery) -> Journal:
        """A part of a run's journal, decoded."""
        await self._row(run_id)
        rows = await self._whole(await self._repository.entries(run_id, query.after, query.limit + 1))
        return Journal(items=[shown(row) for row in rows[: query.limit]], next_after=_next(rows, query.limit))

    async def cards(self, run_id: UUID, query: JournalQuery) -> Cards:
        """A run's reason cards. A page may have fewer than `limit`, because progress is told in between."""
        await self._row(run_id)
        kinds = [Kind.EMITTED.value]
        rows = await self._whole(await self._repository.entries(run_id, query.after, query.limit + 1, kinds))
        items = [
            Card(seq=row.seq, key=row.key, at=row.at, card=ReasonCard.model_validate(emitted))
            for row in rows[: query.limit]
            if (emitted := member(shown(row), Kind.EMITTED, "card")) is not None
        ]
        return Cards(items=items, next_after=_next(rows, query.limit))

    async def _whole(self, rows: Sequence[JournalRow]) -> list[JournalRow]:
        return await whole(self._engine.store.payloads, rows)

    async def _workers(self, rows: Sequence[RunRow]) -> LiveWorkers:
        """The live workers, where it matters to any of these runs: one that has ended needs none."""
        if all(RunStatus(row.status).is_final for row in rows):
            return LiveWorkers(frozenset(), frozenset())
        return await self._repository.live_workers(self._lease)

    async def _row(self, run_id: UUID) -> RunRow:
        row = await self._repository.get(run_id)
        if row is None:
            raise NotFound(f"There is no run {run_id}.")
        return row


async def is_live(session: AsyncSession, worker_id: UUID, lease: float) -> bool:
    """Whether a worker was heard of in the last `lease` seconds."""
    return worker_id in (await live_workers(session, lease)).ids


def _next(rows: Sequence[JournalRow], limit: int) -> int | None:
    return rows[limit - 1].seq if len(rows) > limit else None
