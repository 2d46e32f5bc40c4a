"""Shows one run: how far it is, what it needs and what came of it. Everything is read at one moment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from pilothouse.artifacts import service as artifacts
from pilothouse.artifacts.schemas import Artifact
from pilothouse.errors import NotFound
from pilothouse.inbox import service as inbox
from pilothouse.inbox.schemas import Question
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.journal import shown, whole
from pilothouse.runs.repository import LiveWorkers, showing
from pilothouse.runs.repository.showing import Digest
from pilothouse.runs.schemas import ForkPoint, JournalEntry, LastStep, Run, RunStatus, RunSummary
from pilothouse.runs.states import is_stranded, status_detail
from pilothouse.runs.tables import JournalRow, RunRow
from pilothouse.runtime.cards import Progress
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Kind, PayloadUnreadable
from pilothouse.runtime.errors import Failure
from pilothouse.runtime.history import Fork


class Showing:
    """The runs of a scope, one at a time."""

    def __init__(self, database: Database, engine: Engine, scope: Scope, *, lease: float) -> None:
        """Large payloads are fetched through `engine`. A worker silent for `lease` seconds is gone."""
        self._database = database
        self._engine = engine
        self._scope = scope
        self._lease = lease

    async def show(self, run_id: UUID) -> Run:
        """A run with what it was given, how far it is, what it needs and what came of it.

        Raises `NotFound`.
        """
        scope = self._scope
        known, found, questions, files = await self._database.read(
            scope,
            showing.run(scope, run_id, self._lease),
            showing.digest(scope, run_id),
            inbox.open_of(scope, run_id),
            artifacts.of_run(scope, run_id),
        )
        if known is None:
            raise NotFound(f"There is no run {run_id}.")
        row, workers = known
        if row.forked_from is not None:
            found = await self._with_shared(run_id, found)
        found = await self._whole(found)
        open_questions = await inbox.shown(self._engine, questions) if row.finished_at is None else []
        return _run(row, workers, found, open_questions, files)

    async def row(self, run_id: UUID) -> RunRow:
        """A run as it stands in the queue. Raises `NotFound`."""
        (known,) = await self._database.read(self._scope, showing.run(self._scope, run_id, self._lease))
        if known is None:
            raise NotFound(f"There is no run {run_id}.")
        row: RunRow = known[0]
        return row

    async def _with_shared(self, run_id: UUID, found: Digest) -> Digest:
        """The digest of a fork, with those of the runs whose entries it shares."""
        (lineage,) = await self._database.read(self._scope, showing.lineage(run_id))
        parts = [showing.digest(self._scope, shared, high) for shared, high in lineage]
        for part in await self._database.read(self._scope, *parts):
            found = found.beyond(part)
        return found

    async def _whole(self, found: Digest) -> Digest:
        """The digest with its large and its sealed payloads."""
        first = await self._entries([found.first] if found.first else [])
        final = await self._entries([found.final] if found.final else [])
        return replace(
            found,
            first=first[0] if first else None,
            forks=await self._entries(found.forks),
            final=final[0] if final else None,
            emitted=await self._entries(found.emitted),
        )

    async def _entries(self, rows: Sequence[JournalRow]) -> list[JournalRow]:
        return await whole(self._engine.store.payloads, rows)


def _run(
    row: RunRow,
    workers: LiveWorkers,
    found: Digest,
    questions: Sequence[Question],
    files: Sequence[Artifact],
) -> Run:
    final = shown(found.final) if found.final is not None and RunStatus(row.status).is_final else None
    step = found.step
    told = [entry for row in found.forks if (entry := shown(row)).encoding == "json"]
    forks = [Fork.model_validate(entry.payload) for entry in told]
    return Run(
        **_summary(row, len(questions), workers),
        seq=row.seq,
        fork=_fork_point(forks[0]) if forks else None,
        input=_input(found, forks),
        step=LastStep(key=step.key, kind=step.kind, at=step.at) if step else None,
        progress=_progress(found),
        error=_failure(final),
        output=member(final, Kind.RUN_COMPLETED, "output"),
        continued_as=member(final, Kind.RUN_CONTINUED, "run_id"),
        questions=list(questions),
        artifacts=list(files),
    )


def summary(row: RunRow, open_questions: int, workers: LiveWorkers) -> RunSummary:
    """A run as it stands in a list."""
    return RunSummary(**_summary(row, open_questions, workers))


def _summary(row: RunRow, open_questions: int, workers: LiveWorkers) -> dict[str, Any]:
    """The members that a run has in a list and alone."""
    return {
        "status_detail": status_detail(row, open_questions, workers),
        "stranded": is_stranded(row, workers),
        "open_questions": open_questions,
        **{name: getattr(row, name) for name in _AS_THEY_ARE},
    }


_AS_THEY_ARE = RunSummary.model_fields.keys() - {"status_detail", "stranded", "open_questions"}


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
        emitted = member(shown(row), Kind.EMITTED, "progress")
        if emitted is not None:
            return Progress.model_validate(emitted)
    return None


def _failure(final: JournalEntry | None) -> Failure | None:
    if final is None or final.kind != Kind.RUN_FAILED:
        return None
    if final.encoding == "json":
        return Failure.model_validate(final.payload)
    return Failure(code=PayloadUnreadable.code, message=str(final.payload))


def member(entry: JournalEntry | None, kind: Kind, name: str) -> JsonValue:
    """The member `name` of an entry's payload; None where it is not of `kind` or has no such member."""
    payload = entry.payload if entry is not None and entry.kind == kind else None
    return payload.get(name) if isinstance(payload, dict) else None
