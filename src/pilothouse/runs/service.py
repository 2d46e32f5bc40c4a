"""The rules of runs: what is submitted is checked, and a run is shown with all that a person needs to act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

import structlog
from pydantic import JsonValue, TypeAdapter, ValidationError
from pydantic_core import to_json
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.artifacts.service import Artifacts
from pilothouse.errors import InvalidInput, NotFound
from pilothouse.inbox.service import Questions
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.problems import Fault, InvalidFields, pointer
from pilothouse.kit.scope import Scope
from pilothouse.runs.filters import Place, RunQuery
from pilothouse.runs.journal import shown, whole
from pilothouse.runs.repository import Digest, LiveWorkers, RunRepository, live_workers
from pilothouse.runs.schemas import (
    Card,
    Cards,
    ForkPoint,
    Journal,
    JournalQuery,
    LastStep,
    Run,
    RunStatus,
    RunSummary,
    Submission,
)
from pilothouse.runs.states import is_stranded, status_detail
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.cards import Progress, ReasonCard
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Kind, PayloadUnreadable
from pilothouse.runtime.errors import Failure, WrongType
from pilothouse.runtime.history import Fork
from pilothouse.runtime.signature import Signature

log = structlog.get_logger(__name__)


class Runs:
    """The runs that a scope may see and move."""

    def __init__(
        self,
        repository: RunRepository,
        questions: Questions,
        artifacts: Artifacts,
        engine: Engine,
        scope: Scope,
        *,
        lease: float,
    ) -> None:
        """Read through `repository`; the engine moves runs. A worker silent for `lease` seconds is gone."""
        self._repository = repository
        self._questions = questions
        self._artifacts = artifacts
        self._engine = engine
        self._scope = scope
        self._lease = lease

    async def submit(self, wanted: Submission, idempotency_key: str | None) -> Run:
        """Make a run, or show the one that the same request has made before.

        Raises `InvalidInput` for an unknown workflow or version and for input that does not fit it, and
        `Conflict` where the key was used for something else.
        """
        payload = to_json(wanted.input)
        order = Order(
            workflow=wanted.workflow,
            payload=payload,
            version=wanted.version,
            tenant_id=self._scope.tenant_id,
            principal=self._scope.principal,
            priority=wanted.priority,
            idempotency_key=idempotency_key,
            labels=wanted.labels,
        )
        try:
            run_id = await self._engine.submit(order)
        except WrongType as error:
            raise self._explained(wanted, payload, error) from None
        except NotFound as error:
            raise InvalidFields(
                error.message, [Fault(where="body", name="/workflow", detail=error.message)], hint=error.hint
            ) from None
        log.info("run_submitted", run_id=str(run_id), workflow=wanted.workflow)
        return await self.show(run_id)

    async def page(self, query: RunQuery) -> Page[RunSummary]:
        """The wanted runs, in the wanted order."""
        rows = await self._repository.page(query)
        workers = await self._workers(rows.items)
        open_counts = await self._questions.open_counts([row.id for row in rows.items])
        items = [_summary(row, open_counts.get(row.id, 0), workers) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def of_schedule(self, schedule_id: UUID, query: PageQuery) -> Page[RunSummary]:
        """The runs that a schedule has made, the newest first."""
        after = None if query.cursor is None else Place(query.cursor)
        return await self.page(RunQuery(schedule_id=schedule_id, limit=query.limit, cursor=after))

    async def show(self, run_id: UUID) -> Run:
        """A run with what it was given, how far it is, what it needs and what came of it."""
        row = await self._row(run_id)
        ended = RunStatus(row.status).is_final
        workers = await self._workers([row])
        questions = [] if ended else await self._questions.open_of(run_id)
        found = await self._digest(row)
        final, step = found.final if ended else None, found.step
        forks = [Fork.model_validate(shown(entry).payload) for entry in found.forks]
        return Run(
            **dict(_summary(row, len(questions), workers)),
            seq=row.seq,
            fork=_fork_point(forks[0]) if forks else None,
            input=_input(found, forks),
            step=LastStep(key=step.key, kind=step.kind, at=step.at) if step else None,
            progress=_progress(found),
            error=_failure(final),
            output=_member(final, Kind.RUN_COMPLETED, "output"),
            continued_as=_member(final, Kind.RUN_CONTINUED, "run_id"),
            questions=questions,
            artifacts=await self._artifacts.of_run(run_id, forked=row.forked_from is not None),
        )

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
            if (emitted := _member(row, Kind.EMITTED, "card")) is not None
        ]
        return Cards(items=items, next_after=_next(rows, query.limit))

    async def cancel(self, run_id: UUID) -> Run:
        """Cancel a run. One that is cancelled, or about to be, stays so.

        Raises `NotFound`, and `Conflict` where it has completed or failed.
        """
        row = await self._row(run_id)
        stopping = row.cancel_requested and not RunStatus(row.status).is_final
        if not stopping and row.status != RunStatus.CANCELLED:
            scope = self._scope
            await self._engine.cancel(run_id, tenant_id=scope.tenant_id, by=scope.principal)
            log.info("run_cancelled", run_id=str(run_id))
        return await self.show(run_id)

    async def retry(self, run_id: UUID) -> Run:
        """Queue a failed run again; it goes on from the failed step.

        Raises `NotFound`, and `Conflict` where it has not failed.
        """
        scope = self._scope
        steps = await self._engine.retry(run_id, tenant_id=scope.tenant_id, by=scope.principal)
        log.info("run_retried", run_id=str(run_id), steps=steps)
        return await self.show(run_id)

    async def _whole(self, rows: Sequence[JournalRow]) -> list[JournalRow]:
        return await whole(self._engine.store.payloads, rows)

    async def _digest(self, row: RunRow) -> Digest:
        """The entries that tell where a run stands, with their large payloads."""
        found = await self._repository.digest(row)
        first = await self._whole([found.first] if found.first else [])
        final = await self._whole([found.final] if found.final else [])
        return replace(
            found,
            first=first[0] if first else None,
            final=final[0] if final else None,
            emitted=await self._whole(found.emitted),
        )

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

    def _explained(self, wanted: Submission, payload: bytes, error: WrongType) -> InvalidInput:
        """The error with each wrong field named, as far as the workflow's input type can name them."""
        pin = f"{wanted.workflow}@{wanted.version}"
        workflows = self._engine.workflows
        workflow = workflows.pinned(pin) if wanted.version else workflows.latest(wanted.workflow)
        return InvalidFields(error.message, _faults(workflow.signature, payload), hint=error.hint)


async def is_live(session: AsyncSession, worker_id: UUID, lease: float) -> bool:
    """Whether a worker was heard of in the last `lease` seconds."""
    return worker_id in (await live_workers(session, lease)).ids


def _faults(signature: Signature, payload: bytes) -> list[Fault]:
    try:
        signature.input.validate_json(payload)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        return [
            Fault(where="body", name=pointer("input", *item["loc"]), detail=item["msg"])
            for item in found[:20]
        ]
    return []


def _summary(row: RunRow, open_questions: int, workers: LiveWorkers) -> RunSummary:
    return RunSummary(
        id=row.id,
        workflow=row.workflow,
        version=row.version,
        status=RunStatus(row.status),
        status_detail=status_detail(row, open_questions, workers),
        stranded=is_stranded(row, workers),
        cancel_requested=row.cancel_requested,
        open_questions=open_questions,
        priority=row.priority,
        principal=row.principal,
        labels=row.labels,
        continued_from=row.continued_from,
        forked_from=row.forked_from,
        schedule_id=row.schedule_id,
        created_at=row.created_at,
        changed_at=row.changed_at,
        finished_at=row.finished_at,
    )


def _fork_point(fork: Fork) -> ForkPoint:
    return ForkPoint(
        seq=fork.seq,
        step=fork.step,
        changed_input=fork.input is not None,
        answers=fork.answers,
        dropped=list(fork.dropped),
    )


def _input(found: Digest, forks: Sequence[Fork]) -> JsonValue:
    """What the run works on: what the last fork on the way changed, else what was submitted."""
    changed = next((fork.input for fork in forks if fork.input is not None), None)
    if changed is not None:
        return TypeAdapter[JsonValue](JsonValue).validate_json(changed)
    first = shown(found.first) if found.first is not None else None
    return first.payload if first is not None and first.encoding != "reference" else None


def _progress(found: Digest) -> Progress | None:
    for row in found.emitted:
        emitted = _member(row, Kind.EMITTED, "progress")
        if emitted is not None:
            return Progress.model_validate(emitted)
    return None


def _failure(final: JournalRow | None) -> Failure | None:
    if final is None or final.kind != Kind.RUN_FAILED:
        return None
    entry = shown(final)
    if entry.encoding == "json":
        return Failure.model_validate(entry.payload)
    return Failure(code=PayloadUnreadable.code, message=str(entry.payload))


def _member(row: JournalRow | None, kind: Kind, name: str) -> JsonValue:
    """The member `name` of an entry's payload; None where it is not of `kind` or has no such member."""
    payload = shown(row).payload if row is not None and row.kind == kind else None
    return payload.get(name) if isinstance(payload, dict) else None


def _next(rows: Sequence[JournalRow], limit: int) -> int | None:
    return rows[limit - 1].seq if len(rows) > limit else None
