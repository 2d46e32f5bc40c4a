"""The rules of operations on runs: forks, labels, what is done to many at once, and figures."""

from __future__ import annotations

import datetime as dt
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import takewhile
from typing import Any
from uuid import UUID

import orjson
import structlog
from pydantic_core import to_json

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit.scope import Scope
from pilothouse.policies.service import Authority
from pilothouse.runs.filters import RunQuery
from pilothouse.runs.operation_schemas import (
    Bucket,
    BulkRequest,
    BulkResult,
    Count,
    Durations,
    FailureCount,
    ForkRequest,
    Histogram,
    HistogramQuery,
    LabelChange,
    MoveRequest,
    Refusal,
    Statistics,
    StatisticsQuery,
)
from pilothouse.runs.queue_room import QueueRoom
from pilothouse.runs.repository import RunRepository
from pilothouse.runs.repository.histogram import MOST as MOST_MADE
from pilothouse.runs.repository.listing import place_of
from pilothouse.runs.repository.statistics import MOST
from pilothouse.runs.schemas import RunStatus
from pilothouse.runs.tables import RunRow
from pilothouse.runtime import labels
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import PayloadUnreadable, decode
from pilothouse.runtime.forking import ForkOrder, anybody
from pilothouse.runtime.sealing import of_entry

log = structlog.get_logger(__name__)

OPEN = (RunStatus.QUEUED, RunStatus.RUNNING, RunStatus.WAITING)
WINDOW = dt.timedelta(hours=24)
FAILURES = 500
"""How many of the newest failures are counted by their codes."""

PATIENCE = 10.0
"""Seconds that one request works on many runs."""

Work = Callable[[UUID], Awaitable[str | None]]
"""What is done to one run; returns why it was not, None where it was."""


class Operations:
    """What a scope may do to runs beyond submitting and cancelling one."""

    def __init__(
        self,
        repository: RunRepository,
        engine: Engine,
        scope: Scope,
        authority: Authority | None = None,
        room: QueueRoom | None = None,
    ) -> None:
        """Find runs through `repository`; the engine moves them.

        `authority` (None: nobody is in the way) says who may answer the questions of a fork, and `room`
        (None: always) whether the queue has room for it.
        """
        self._room = room
        self._repository = repository
        self._engine = engine
        self._scope = scope
        self._authority = authority

    async def fork(self, run_id: UUID, wanted: ForkRequest, idempotency_key: str | None) -> UUID:
        """Fork a run; returns the id of the fork.

        Raises as `Engine.fork`, `Forbidden` for the answer to a question whose role the scope lacks, and
        `QueueFull`.
        """
        if await self._repository.get(run_id) is None:
            raise NotFound(f"There is no run {run_id}.")
        if self._room is not None:
            await self._room.take(self._scope)
        changed = "input" in wanted.model_fields_set
        authority = self._authority
        order = ForkOrder(
            parent=run_id,
            tenant_id=self._scope.tenant_id,
            at=wanted.at,
            payload=to_json(wanted.input) if changed else None,
            answers=wanted.answers,
            labels=wanted.labels,
            principal=self._scope.principal,
            idempotency_key=idempotency_key,
            let_answer=anybody if authority is None else partial(authority.let_answer, self._scope),
        )
        made = await self._engine.fork(order)
        log.info("run_forked", run_id=str(made), parent=str(run_id), step=wanted.at)
        return made

    async def label(self, run_id: UUID, change: LabelChange) -> dict[str, str]:
        """Change a run's labels; returns them. Raises `NotFound`, and `InvalidInput` for too many."""
        run = await self._repository.get(run_id, lock=True)
        if run is None:
            raise NotFound(f"There is no run {run_id}.")
        wanted = {**run.labels, **change.labels}
        kept = labels.checked({key: value for key, value in wanted.items() if value is not None})
        await self._repository.label(run_id, kept)
        return kept

    async def cancel(self, wanted: BulkRequest) -> BulkResult:
        """Cancel the open runs that fit. Raises `InvalidInput` for an empty filter without `all`."""

        async def work(run_id: UUID) -> str | None:
            await self._engine.cancel(run_id, tenant_id=self._scope.tenant_id, by=self._scope.principal)
            return None

        return await self._bulk("cancel", wanted, OPEN, work)

    async def retry(self, wanted: BulkRequest) -> BulkResult:
        """Retry the failed runs that fit. Raises `InvalidInput` for an empty filter without `all`."""

        async def work(run_id: UUID) -> str | None:
            await self._engine.retry(run_id, tenant_id=self._scope.tenant_id, by=self._scope.principal)
            return None

        return await self._bulk("retry", wanted, (RunStatus.FAILED,), work)

    async def move(self, wanted: MoveRequest) -> BulkResult:
        """Move the open runs that fit to another version of their workflow.

        Each is checked first; those that the version does not fit are refused with the first difference.
        Raises `InvalidInput` for a version that is not here, `NotFound` for a workflow that is not.
        """
        self._engine.workflow(wanted.filter.workflow or "", wanted.to)

        async def work(run_id: UUID) -> str | None:
            scope = self._scope
            found = await self._engine.move(
                run_id, wanted.to, tenant_id=scope.tenant_id, by=scope.principal, dry_run=wanted.dry_run
            )
            return found.reason if found else None

        return await self._bulk("move", wanted, OPEN, work, checks=True, but_version=wanted.to)

    async def histogram(self, query: HistogramQuery) -> Histogram:
        """How many runs were made when. Raises `InvalidInput` for a window that ends before it begins."""
        since, until = self._window(query)
        width = max((until - since) / query.buckets, dt.timedelta(microseconds=1))
        found = await self._repository.histogram(query, since, until, width)
        begin = (since + number * width for number in range(query.buckets))
        moments = takewhile(lambda at: at < until, begin)  # fewer where the window is but microseconds
        runs: dict[int, dict[RunStatus, int]] = {}
        for begins, status, count in found:
            place = min((begins - since) // width, query.buckets - 1)  # rounding leaves some at the end
            of_place = runs.setdefault(place, {})
            of_place[RunStatus(status)] = of_place.get(RunStatus(status), 0) + count
        return Histogram(
            since=since,
            until=until,
            seconds=width.total_seconds(),
            buckets=[Bucket(at=at, runs=runs.get(number, {})) for number, at in enumerate(moments)],
            partial=sum(count for _, _, count in found) == MOST_MADE,
        )

    def _window(self, query: StatisticsQuery | HistogramQuery) -> tuple[dt.datetime, dt.datetime]:
        """From when to before when. Raises `InvalidInput` for one that ends before it begins."""
        until = query.until or self._engine.now()
        since = query.since or until - WINDOW
        if since >= until:
            raise InvalidInput("The window ends before it begins.", hint="Give `from` before `to`.")
        return since, until

    async def statistics(self, query: StatisticsQuery) -> Statistics:
        """The figures of a window. Raises `InvalidInput` for one that ends before it begins."""
        since, until = self._window(query)
        found = await self._repository.figures(since, until)
        failed = await self._repository.failures(since, until, FAILURES)
        codes = Counter([await self._code(entry) for entry in failed])
        minutes = (until - since).total_seconds() / 60
        return Statistics(
            since=since,
            until=until,
            submitted=found.made,
            ended=found.ended,
            open=found.open,
            per_minute=round(found.ended / minutes, 6),
            counts=[
                Count(workflow=workflow, status=RunStatus(status), runs=runs)
                for workflow, status, runs in sorted(found.counts)
            ],
            durations=Durations(**dict(zip(("p50", "p95", "p99"), found.seconds, strict=True)))
            if found.seconds
            else None,
            failures=[FailureCount(code=code, runs=runs) for code, runs in codes.most_common()],
            waiting_for_people=found.asking,
            oldest_queued_seconds=found.queued_for,
            partial=MOST in {found.made, found.ended, found.open} or len(failed) == FAILURES,
        )

    async def _bulk(
        self,
        what: str,
        wanted: BulkRequest,
        states: Sequence[RunStatus],
        work: Work,
        *,
        checks: bool = False,
        but_version: int | None = None,
    ) -> BulkResult:
        """Do something to one batch of runs. In a dry run only a `work` that `checks` is called."""
        if wanted.filter.is_empty and not wanted.all:
            raise InvalidInput("The filter is empty: every run would be meant.", hint="Say `all` to mean it.")
        rows, following = await self._batch(wanted, states)
        began, refused, done, matched = time.monotonic(), list[Refusal](), 0, 0
        for place, row in enumerate(rows):
            if row.version == but_version:
                continue
            if place and time.monotonic() - began > PATIENCE:
                following = place_of(self._query(wanted, states), rows[place - 1]).text()
                break
            matched += 1
            reason = await _attempt(work, row.id) if checks or not wanted.dry_run else None
            if reason is None:
                done += 1
            else:
                refused.append(Refusal(id=row.id, reason=reason))
        log.info("runs_worked_on", what=what, done=done, refused=len(refused), dry_run=wanted.dry_run)
        return BulkResult(
            dry_run=wanted.dry_run, matched=matched, done=done, refused=refused, next_cursor=following
        )

    async def _batch(
        self, wanted: BulkRequest, states: Sequence[RunStatus]
    ) -> tuple[Sequence[RunRow], str | None]:
        query = self._query(wanted, states)
        if not query.status:
            return (), None
        found = await self._repository.page(query)
        return found.items, found.next_cursor

    @staticmethod
    def _query(wanted: BulkRequest, states: Sequence[RunStatus]) -> RunQuery:
        """The page of runs to work on; without a state where none of the wanted ones allows it."""
        given = wanted.filter.model_dump()
        given["status"] = [status for status in states if status in (wanted.filter.status or states)]
        return RunQuery(**given, limit=wanted.limit, cursor=wanted.cursor)

    async def _code(self, entry: Any) -> str:
        """The error code in a run's last entry."""
        place = of_entry(entry.tenant_id, entry.run_id, entry)
        payloads = self._engine.store.payloads
        try:
            stored = await payloads.opened(entry.codec, entry.payload, place)
            return str(orjson.loads(decode(*stored))["code"])
        except PayloadUnreadable as error:
            return error.code


async def _attempt(work: Work, run_id: UUID) -> str | None:
    try:
        return await work(run_id)
    except (Conflict, NotFound) as error:  # it went on, or away, since it was found
        return str(error)
