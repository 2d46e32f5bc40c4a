"""Executing one turn: the workflow is called from the top, and how it ends moves the run's state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from pilothouse.kit.clock import elapsed
from pilothouse.runtime import sql
from pilothouse.runtime.branch import current
from pilothouse.runtime.context import Context
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import (
    ContinuedAsNew,
    Failure,
    LoopBlocked,
    NonDeterminismError,
    NotJournalled,
    RunCancelled,
    RunStalled,
    Suspended,
    TurnLost,
    WrongType,
)
from pilothouse.runtime.failures import as_error, failure_of, is_own
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Blocked, Inlet
from pilothouse.runtime.observing import Origin
from pilothouse.runtime.passing import given_to, passed, passed_failure, taken_by
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.sealing import of_entry
from pilothouse.runtime.store import TurnEnd
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.workflows import Workflow

log = structlog.get_logger(__name__)

LOST = "lost"
WITHDRAW_ALL = (
    "update questions set status = 'withdrawn', closed_at = now() where run_id = %s and status = 'open'"
)
CARRY_TRACE = "update runs set traceparent = %s where id = %s"
MARK_CONTINUED = """
update runs set continued_from = old.id, priority = old.priority, cancel_requested = old.cancel_requested,
       labels = old.labels, schedule_id = old.schedule_id, engagement_id = old.engagement_id
  from runs as old where runs.id = %s and old.id = %s
"""


async def execute(turn: Turn, workflow: Workflow) -> str:
    """Run the workflow until it waits or ends; returns the run's status, `LOST` where it is unknown."""
    current.set(turn.root)
    turn.task = asyncio.ensure_future(_call(turn, workflow))
    try:
        end: BaseException | bytes = await turn.task
    except BaseException as error:
        if isinstance(error, asyncio.CancelledError) and not is_own(error):
            raise  # the worker's own task was cancelled: its event loop ends
        end = error
    return await conclude(turn, workflow, turn.broken or turn.root.waits or end)


async def conclude(turn: Turn, workflow: Workflow, end: BaseException | bytes) -> str:
    """Record how the turn ended; returns the run's status, `LOST` where it is unknown."""
    status = LOST
    try:
        try:
            status = await _finish(turn, workflow, end)
        except NotJournalled as error:
            status = await _fail(turn, error)
    except (TurnLost, NotJournalled) as error:
        log.warning("turn_lost", step=turn.last_step, reason=str(error))
    finally:
        await turn.settle()
        turn.watch.ended(status)
    return status


async def _call(turn: Turn, workflow: Workflow) -> bytes:
    signature = workflow.signature
    if turn.claim.cancel_requested:
        raise RunCancelled
    turn.check()
    value = signature.parse_input(turn.history.input) if signature.takes_value else None
    try:
        result = await workflow.function(Context(turn), *signature.arguments(value))
    except SystemExit as error:  # left to itself it would end the event loop, and the worker with it
        raise as_error(error) from error
    turn.close(turn.root)
    return signature.dump_output(result)


async def _finish(turn: Turn, workflow: Workflow, end: BaseException | bytes) -> str:
    if isinstance(end, bytes):
        try:
            out = await passed(turn, Inlet.OUTPUT, "", end, taken_by(workflow.signature))
        except Blocked as error:
            return await _fail(turn, error, error.told)
        entry = Entry(Kind.RUN_COMPLETED, "", b'{"output":' + out.data + b"}")
        beside = (*_withdrawals(turn), *out.beside)
        return await turn.append(entry, end=TurnEnd("completed"), beside=beside)
    if isinstance(end, Suspended):
        return await turn.append(end=TurnEnd("waiting", end.wake_at), beside=_carried(turn))
    if isinstance(end, ContinuedAsNew):
        try:
            return await _continue(turn, workflow, workflow.signature.dump_input(end.value))
        except WrongType as error:
            return await _fail(turn, error)
        except Blocked as error:
            return await _fail(turn, error, error.told)
    if isinstance(end, TurnLost):
        raise end
    if isinstance(end, RunCancelled):
        return await turn.append(
            Entry(Kind.RUN_CANCELLED, "", b"{}"), end=TurnEnd("cancelled"), beside=_withdrawals(turn)
        )
    if isinstance(end, LoopBlocked):
        message = f"Code of the run blocked its worker's event loop for too long {turn.where()}."
        end = RunStalled(message, hint="Move slow work into an agent or a tool written as a plain `def`.")
    return await _fail(turn, as_error(end))


async def _fail(turn: Turn, error: Exception, told: Sequence[Statement] = ()) -> str:
    failure: Failure = failure_of(error)
    if isinstance(error, NonDeterminismError):
        turn.pending.clear()  # what the changed code noted is not what the journal should go on with
    elif not failure.step:
        failure = failure.model_copy(update={"step": turn.last_step})
    failure, out = await passed_failure(turn, Inlet.OUTPUT, failure)
    message = None if turn.claim.personal else failure.message  # the journal has it, sealed
    log.warning("run_failed", code=failure.code, message=message, step=failure.step)
    entry = Entry(Kind.RUN_FAILED, "", failure.model_dump_json().encode())
    beside = (*_withdrawals(turn), *told, *out.beside)
    return await turn.append(entry, end=TurnEnd("failed"), beside=beside)


async def _continue(turn: Turn, workflow: Workflow, payload: bytes) -> str:
    out = await passed(turn, Inlet.OUTPUT, "", payload, given_to(workflow.signature))
    claim, payload = turn.claim, out.data
    new_id = turn.services.ids.new()
    place = of_entry(claim.tenant_id, new_id, Entry(Kind.SUBMITTED, "")) if claim.personal else None
    codec, stored = await turn.services.payloads.inlined(payload, place)
    observer, since = turn.services.observer, elapsed()
    came = Origin(claim.request_id, turn.watch.carries or claim.traceparent)
    traceparent = observer.submitting(new_id, workflow.name, came)
    run = ([new_id], [claim.tenant_id], [workflow.name], [workflow.version], [0], [claim.principal], [None])
    beside = [
        Statement(
            sql.SUBMIT,
            (
                *run,
                [None],
                [int(codec)],
                [stored],
                ["{}"],
                [came.request_id],
                [traceparent],
                [None],
                [None],
                [claim.personal],
                [Mark.UNTRUSTED in turn.root.marks],
                [Mark.INJECTION in turn.root.marks | out.marks],
            ),
        ),
        Statement(MARK_CONTINUED, (new_id, claim.run_id)),
        *out.beside,
        *turn.services.guard.carried(claim.tenant_id, claim.run_id, new_id),
        *_withdrawals(turn),
    ]
    entry = Entry(Kind.RUN_CONTINUED, "", orjson.dumps({"run_id": new_id}))
    status = await turn.append(entry, end=TurnEnd("completed"), beside=beside)
    observer.submitted(new_id, workflow.name, came, since)
    return status


def _carried(turn: Turn) -> Sequence[Statement]:
    """What the next turn has to know of the trace, where this one is part of a trace that is kept."""
    carries = turn.watch.carries
    return [Statement(CARRY_TRACE, (carries, turn.run_id))] if carries else ()


def _withdrawals(turn: Turn) -> Sequence[Statement]:
    """Close the questions that nobody needs to answer any more, if there are any."""
    recorded: Any = any(step.is_open_question for step in turn.history.steps.values())
    return [Statement(WITHDRAW_ALL, (turn.run_id,))] if turn.asked or recorded else ()
