"""The rules of schedules: what is wanted is checked against the workflow, and shown with what comes of it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

import structlog
from pydantic import JsonValue, ValidationError
from pydantic_core import from_json, to_json

from pilothouse.errors import NotFound, Outdated
from pilothouse.kit.pagination import Page, PageQuery
from pilothouse.kit.preconditions import is_current
from pilothouse.kit.problems import Fault, InvalidFields, faults_of
from pilothouse.kit.scope import Scope
from pilothouse.runs.schemas import Run, RunSummary
from pilothouse.runs.service import Runs
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import PayloadUnreadable
from pilothouse.runtime.errors import WrongType
from pilothouse.runtime.workflows import Workflow
from pilothouse.schedules import inputs
from pilothouse.schedules.calendar import Rhythm
from pilothouse.schedules.repository import ScheduleRepository, rhythm_of
from pilothouse.schedules.schemas import (
    Failing,
    NewSchedule,
    RhythmShown,
    RhythmWanted,
    Schedule,
    ScheduleEdit,
    ScheduleQuery,
    ScheduleSummary,
)
from pilothouse.schedules.tables import ScheduleRow
from pilothouse.tenants.service import Placement

log = structlog.get_logger(__name__)

MAX_INPUT = 256 << 10
"""Bytes that a schedule's input may have: it is written into the journal of every run."""

_RHYTHM = frozenset({"cron", "interval_seconds", "time_zone", "start_at", "end_at"})


class Schedules:
    """The schedules that a scope may see and change. They fire by the database's clock."""

    def __init__(
        self,
        repository: ScheduleRepository,
        runs: Runs,
        placement: Placement,
        engine: Engine,
        scope: Scope,
        room: Callable[[Scope], Awaitable[None]],
    ) -> None:
        """Read and write through `repository`; `runs` shows what came of it, `engine` has the workflows.

        `placement` finds the engagement that a schedule is to be in. `room` takes a place in the queue, or
        raises.
        """
        self._room = room
        self._repository = repository
        self._placement = placement
        self._runs = runs
        self._engine = engine
        self._scope = scope

    async def page(self, query: ScheduleQuery) -> Page[ScheduleSummary]:
        """The wanted schedules, the newest first."""
        rows = await self._repository.page(query)
        return Page(items=[ScheduleSummary(**_told(row)) for row in rows.items], next_cursor=rows.next_cursor)

    async def show(self, schedule_id: UUID, fires: int = 5) -> Schedule:
        """A schedule with its input and its next `fires` fires. Raises `NotFound`."""
        return await self._shown(await self._row(schedule_id), await self._repository.now(), fires)

    async def create(self, wanted: NewSchedule) -> Schedule:
        """Make a schedule.

        Raises `InvalidFields` for an unknown workflow and input that does not fit it, `Conflict` for a name
        that is taken.
        """
        self._assert_fits(wanted)
        now = await self._repository.now()
        row = ScheduleRow(
            id=self._engine.ids.new(),
            queued=[],
            edition=0,
            principal=self._scope.principal,
            engagement_id=await self._placement.of(wanted.engagement),
            created_at=now,
            last_at=None,
            last_run_id=None,
            paused=wanted.paused,
        )
        await self._apply(row, wanted, now)
        row.next_at = _next(row, now)
        await self._repository.save(row)
        log.info("schedule_made", schedule_id=str(row.id), schedule=row.name)
        return await self._shown(row, now)

    async def edit(self, schedule_id: UUID, edit: ScheduleEdit, if_match: str | None) -> Schedule:
        """Change what `edit` gives; where the rhythm changes, the schedule fires next by the new one.

        Raises `NotFound`, `Outdated` where `if_match` names another edition, and what `create` raises.
        """
        row = await self._row(schedule_id, locked=True)
        _assert_current(row, if_match)
        changes = edit.changes()
        try:
            wanted = NewSchedule.model_validate(await self._wanted(row) | changes)
        except ValidationError as error:
            faults = faults_of(error)
            told = "; ".join(f"{fault.name or 'body'}: {fault.detail}" for fault in faults[:3])
            raise InvalidFields(f"The schedule is not valid: {told}.", faults) from None
        self._assert_fits(wanted)
        now = await self._repository.now()
        await self._apply(row, wanted, now)
        if _RHYTHM & changes.keys():
            row.next_at = _next(row, now)
        await self._repository.save(row)
        log.info("schedule_changed", schedule_id=str(row.id), schedule=row.name, changed=sorted(changes))
        return await self._shown(row, now)

    async def preview(self, wanted: RhythmWanted) -> RhythmShown:
        """When a schedule with this rhythm would fire, if it were made now."""
        now = await self._repository.now()
        rhythm = Rhythm(
            cron=wanted.cron,
            interval=wanted.interval_seconds,
            zone=wanted.time_zone,
            anchor=wanted.start_at or now.replace(microsecond=0),
            end=wanted.end_at,
        )
        return RhythmShown(rhythm=str(rhythm), fires=list(islice(rhythm.following(now), wanted.fires)))

    async def pause(self, schedule_id: UUID) -> Schedule:
        """Have a schedule fire no more until it is resumed; again changes nothing. Raises `NotFound`."""
        return await self._turn(schedule_id, paused=True)

    async def resume(self, schedule_id: UUID) -> Schedule:
        """Have a paused schedule fire again from now on: what lay in the pause is not made up for."""
        return await self._turn(schedule_id, paused=False)

    async def delete(self, schedule_id: UUID) -> None:
        """Delete a schedule; its runs stay, and go on. Raises `NotFound`."""
        if not await self._repository.delete(schedule_id):
            raise NotFound(f"There is no schedule {schedule_id}.")
        log.info("schedule_deleted", schedule_id=str(schedule_id))

    async def trigger(self, schedule_id: UUID, idempotency_key: str | None) -> Run:
        """Make a run now, whatever the overlap policy says and also in a pause; it counts as the last run.

        Of calls with the same key only the first makes a run. Raises `NotFound`, `InvalidFields` where the
        input does not fit the workflow any more, and `QueueFull`.
        """
        row = await self._row(schedule_id, locked=True)
        self._assert_fits(NewSchedule.model_validate(await self._wanted(row)))
        await self._room(self._scope)
        order = Order(
            workflow=row.workflow,
            payload=await inputs.read(self._engine, row),
            version=row.version,
            tenant_id=self._scope.tenant_id,
            principal=self._scope.principal,
            priority=row.priority,
            idempotency_key=_key_of(schedule_id, idempotency_key),
            labels=row.labels,
            schedule_id=schedule_id,
            engagement_id=await self._placement.of(str(row.engagement_id) if row.engagement_id else None),
        )
        run_id = await self._engine.submit(order)
        run = await self._runs.show(run_id)
        if row.last_run_id is None or row.last_run_id < run_id:
            row.last_run_id, row.last_at = run_id, run.created_at
            await self._repository.save(row)
        log.info("schedule_triggered", schedule_id=str(schedule_id), run_id=str(run_id))
        return run

    async def runs(self, schedule_id: UUID, query: PageQuery) -> Page[RunSummary]:
        """The runs that a schedule has made, the newest first. Raises `NotFound`."""
        await self._row(schedule_id)
        return await self._runs.of_schedule(schedule_id, query)

    async def _turn(self, schedule_id: UUID, *, paused: bool) -> Schedule:
        row = await self._row(schedule_id, locked=True)
        now = await self._repository.now()
        if row.paused != paused:
            row.paused, row.changed_at, row.edition = paused, now, row.edition + 1
            row.next_at = _next(row, now)
            await self._repository.save(row)
            log.info("schedule_paused" if paused else "schedule_resumed", schedule_id=str(schedule_id))
        return await self._shown(row, now)

    async def _row(self, schedule_id: UUID, *, locked: bool = False) -> ScheduleRow:
        row = await self._repository.get(schedule_id, locked=locked)
        if row is None:
            raise NotFound(f"There is no schedule {schedule_id}.")
        return row

    async def _shown(self, row: ScheduleRow, now: dt.datetime, fires: int = 5) -> Schedule:
        following = () if row.paused else rhythm_of(row).following(now)
        told = await self._input(row)
        return Schedule(**_told(row), input=told, next_fires=list(islice(following, fires)))

    async def _input(self, row: ScheduleRow) -> JsonValue:
        try:
            found: JsonValue = from_json(await inputs.read(self._engine, row))
        except PayloadUnreadable as error:  # one that cannot be read must not hide the schedule
            return str(error)
        return found

    async def _wanted(self, row: ScheduleRow) -> dict[str, Any]:
        """The row as what was wanted once, to be changed."""
        names = NewSchedule.model_fields.keys() - {"input", "engagement"}
        return {name: getattr(row, name) for name in names} | {"input": await self._input(row)}

    async def _apply(self, row: ScheduleRow, wanted: NewSchedule, now: dt.datetime) -> None:
        """Write what is wanted into the row, as its next edition; `paused` and `next_at` stay."""
        for name, value in _members(wanted).items():
            setattr(row, name, value)
        row.codec, row.payload = await inputs.stored(
            self._engine, self._scope.tenant_id, row.id, self._workflow(wanted), to_json(wanted.input)
        )
        row.failure = row.failing_since = None
        row.edition, row.changed_at = row.edition + 1, now

    def _assert_fits(self, wanted: NewSchedule) -> None:
        """Raise `InvalidFields` that names every member which the workflow does not take."""
        workflow = self._workflow(wanted)
        payload = to_json(wanted.input)
        if len(payload) > MAX_INPUT:
            fault = Fault(where="body", name="/input", detail=f"has more than {MAX_INPUT:,} bytes")
            raise InvalidFields("The input is too large for a schedule.", [fault])
        try:
            workflow.signature.parse_input(payload)
        except WrongType as error:
            raise InvalidFields(error.message, _misfits(workflow, payload), hint=error.hint) from None

    def _workflow(self, wanted: NewSchedule) -> Workflow:
        workflows = self._engine.workflows
        try:
            latest = workflows.latest(wanted.workflow)
            return latest if wanted.version is None else workflows.pinned(f"{latest.name}@{wanted.version}")
        except NotFound as error:
            fault = Fault(where="body", name="/workflow", detail=error.message)
            raise InvalidFields(error.message, [fault], hint=error.hint) from None
        except KeyError:
            message = f"There is no version {wanted.version} of workflow {wanted.workflow}."
            raise InvalidFields(message, [Fault(where="body", name="/version", detail=message)]) from None


def etag_of(schedule: ScheduleSummary) -> str:
    """The entity tag of a schedule's edition: firing does not change it, people's changes do."""
    return f'"{schedule.edition}"'


def _assert_current(row: ScheduleRow, if_match: str | None) -> None:
    """Raise `Outdated` unless an `If-Match` header names the schedule's edition."""
    if not is_current(f'"{row.edition}"', if_match):
        raise Outdated(
            f"The schedule {row.name} was changed since it was read: this is edition {row.edition}.",
            hint="Read it again, and send its ETag as If-Match.",
        )


def _members(wanted: NewSchedule) -> dict[str, Any]:
    return wanted.model_dump(exclude={"input", "paused", "engagement"}) | {
        "missed": wanted.missed.value,
        "overlap": wanted.overlap.value,
    }


def _next(row: ScheduleRow, now: dt.datetime) -> dt.datetime | None:
    return None if row.paused else rhythm_of(row).after(now)


def _key_of(schedule_id: UUID, key: str | None) -> str | None:
    """The idempotency key of the run: of its own for each schedule, and never one of a plain submission."""
    if key is None:
        return None
    return f"schedule:{schedule_id}:{hashlib.sha256(key.encode()).hexdigest()}"


def _told(row: ScheduleRow) -> dict[str, Any]:
    """What a summary tells of a row."""
    told = {name: getattr(row, name) for name in ScheduleSummary.model_fields if hasattr(row, name)}
    failing = None
    if row.failure is not None and row.failing_since is not None:
        failing = Failing(reason=row.failure, since=row.failing_since)
    return told | {"rhythm": str(rhythm_of(row)), "queued": len(row.queued), "failing": failing}


def _misfits(workflow: Workflow, payload: bytes) -> Sequence[Fault]:
    try:
        workflow.signature.input.validate_json(payload)
    except ValidationError as error:
        return faults_of(error, "input")
    raise LookupError(workflow.name)  # it was just found not to fit
