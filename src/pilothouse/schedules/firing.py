"""Fires what is due: each fire becomes exactly one run, however many workers see to it at once.

A schedule's row is locked, its runs are made and it is moved on to its next fire in one transaction; the id
of a run follows from its schedule and the moment of the fire, so that not even an edited schedule fires twice
for one moment. What is due is decided by the database's clock alone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg
import structlog

from pilothouse.errors import Conflict, NotFound, PilothouseError, Unavailable
from pilothouse.kit.clock import elapsed
from pilothouse.kit.ids import derived
from pilothouse.runtime.connection import Connection, Lane
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.store import Submission
from pilothouse.schedules import inputs
from pilothouse.schedules.planning import Plan, plan
from pilothouse.schedules.repository import Due, DueSchedules, Fired

log = structlog.get_logger(__name__)

AT_ONCE = 250
"""Schedules that one transaction fires."""

RUNS_AT_ONCE = 2_000
"""Runs that one statement makes, but for one schedule that alone makes more."""

PATIENCE = dt.timedelta(seconds=15)
"""How long a schedule is due before it is said that no worker has its workflow."""

AGAIN_AFTER = dt.timedelta(minutes=1)
"""When a schedule is tried again of which this process cannot tell when it fires."""

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def run_id_of(schedule_id: UUID, fire: dt.datetime) -> UUID:
    """The id of the run that a schedule's fire makes: a UUIDv7 of that moment, always the same one."""
    micros = (fire - _EPOCH) // dt.timedelta(microseconds=1)
    return derived(fire, schedule_id.bytes, micros.to_bytes(8, "big"))


@dataclass(frozen=True)
class _Outcome:
    """What becomes of one schedule, and the runs that it makes."""

    fired: Fired
    runs: Sequence[Submission] = ()


class Firing:
    """The chore that fires the schedules of every tenant whose workflows this process has."""

    name = "schedules"

    def __init__(self, engine: Engine, *, prepare: bool = True) -> None:
        """Make runs through `engine`, on a connection that is opened when it is needed; see `Store`."""
        self._engine = engine
        self._lane = Lane(engine.store.conninfo, purpose="schedules", prepare=prepare)

    async def tend(self, now: dt.datetime) -> dt.datetime | None:
        """Fire what is due; returns when something will be due again, by the clock that showed `now`."""
        since = elapsed()
        while await self._fire_batch() >= AT_ONCE:
            continue
        async with self._lane.held() as connection:
            ahead = await DueSchedules(connection).upcoming()
        if ahead is None:
            return None
        return now + dt.timedelta(seconds=elapsed() - since + ahead)

    async def close(self) -> None:
        """Close the connection."""
        await self._lane.close()

    async def _fire_batch(self) -> int:
        """Fire at most `AT_ONCE` schedules in one transaction; returns how many there were."""
        since = elapsed()
        pins = self._engine.workflows.pins
        names = {pin.rpartition("@")[0] for pin in pins}
        async with self._lane.held() as connection, connection.transaction():
            schedules = DueSchedules(connection)
            due = await schedules.take(pins, names, AT_ONCE, PATIENCE)
            if not due:
                return 0
            busy = await schedules.busy(due)
            outcomes = [await self._outcome(item, busy=item.id in busy) for item in due]
            made = await self._make(connection, outcomes)
        for item in made:
            self._engine.submitted(item, since)
        log.info("schedules_fired", schedules=len(due), runs=len(made))
        return len(due)

    async def _outcome(self, schedule: Due, *, busy: bool) -> _Outcome:
        if not schedule.known:
            reason = f"No worker has the workflow {_workflow_of(schedule)}; it fires as soon as one has."
            log.warning("schedule_failing", schedule_id=str(schedule.id), reason=reason)
            return _Outcome(Fired(schedule.id, schedule.next_at, schedule.queued, tried=True, failure=reason))
        try:
            planned = plan(schedule, busy=busy)
        except Exception as error:  # noqa: BLE001 - recorded: a zone that only newer machines know, say
            again = schedule.now + AGAIN_AFTER
            return _Outcome(_failed(schedule, Plan((), schedule.queued, again), error))
        try:
            payload = await inputs.read(self._engine, schedule) if planned.fires else b""
            runs = [await self._submission(schedule, fire, payload) for fire in planned.fires]
        except Unavailable:  # of what opens the input: all of it is tried again
            raise
        except Exception as error:  # noqa: BLE001 - recorded with the schedule, and shown to people
            return _Outcome(_failed(schedule, planned, error))
        if planned.cancel and schedule.last_run_id is not None:
            await self._cancel(schedule, schedule.last_run_id)
        return _Outcome(_went_on(schedule, planned, runs), runs)

    async def _submission(self, schedule: Due, fire: dt.datetime, payload: bytes) -> Submission:
        order = Order(
            workflow=schedule.workflow,
            payload=payload,
            version=schedule.version,
            tenant_id=schedule.tenant_id,
            principal=schedule.principal,
            priority=schedule.priority,
            labels=schedule.labels,
            schedule_id=schedule.id,
            engagement_id=schedule.engagement_id,
        )
        return await self._engine.submission(order, run_id_of(schedule.id, fire))

    async def _cancel(self, schedule: Due, run_id: UUID) -> None:
        """Cancel the last run. It is done before the fire is committed: done twice, it changes nothing."""
        try:
            await self._engine.cancel(run_id, tenant_id=schedule.tenant_id, by=f"schedule:{schedule.id}")
        except (Conflict, NotFound) as error:
            log.debug("last_run_not_cancelled", run_id=str(run_id), reason=str(error))

    async def _make(self, connection: Connection, outcomes: Sequence[_Outcome]) -> list[Submission]:
        """Make the runs and move the schedules on; returns the runs that were not there yet.

        Where the database refuses some of it, each schedule is tried alone, so that a bad one fails alone.
        """
        made: list[Submission] = []
        for batch in _batches(outcomes):
            try:
                async with connection.transaction():
                    made += await self._write(connection, batch)
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                if len(batch) > 1:
                    for outcome in batch:
                        made += await self._make(connection, [outcome])
                else:
                    fired = batch[0].fired
                    log.warning("schedule_failing", schedule_id=str(fired.id), reason=str(error))
                    refused = fired._replace(failure=f"The database refused the run: {error}", last_at=None)
                    await DueSchedules(connection).advance([refused._replace(last_run_id=None)])
        return made

    async def _write(self, connection: Connection, outcomes: Sequence[_Outcome]) -> list[Submission]:
        runs = [item for outcome in outcomes for item in outcome.runs]
        new = await self._engine.store.submit_within(connection, runs) if runs else frozenset()
        await DueSchedules(connection).advance([outcome.fired for outcome in outcomes])
        return [item for item in runs if item.id in new]


def _batches(outcomes: Sequence[_Outcome]) -> list[list[_Outcome]]:
    """The outcomes in order, in parts that make a bounded number of runs each."""
    batches: list[list[_Outcome]] = [[]]
    runs = 0
    for outcome in outcomes:
        if batches[-1] and runs + len(outcome.runs) > RUNS_AT_ONCE:
            batches.append([])
            runs = 0
        batches[-1].append(outcome)
        runs += len(outcome.runs)
    return batches


def _went_on(schedule: Due, planned: Plan, runs: Sequence[Submission]) -> Fired:
    fired = Fired(schedule.id, planned.next_at, planned.queued, tried=bool(runs), failure=None)
    if not runs:
        return fired
    return fired._replace(last_at=planned.fires[-1], last_run_id=runs[-1].id)


def _failed(schedule: Due, planned: Plan, error: Exception) -> Fired:
    """The fires are given up, and the next one is tried as ever."""
    reason = str(error) if isinstance(error, PilothouseError) else f"{type(error).__name__}: {error}"
    log.warning("schedule_failing", schedule_id=str(schedule.id), reason=reason)
    return Fired(schedule.id, planned.next_at, planned.queued, tried=True, failure=reason)


def _workflow_of(schedule: Due) -> str:
    return schedule.workflow if schedule.version is None else f"{schedule.workflow}@{schedule.version}"
