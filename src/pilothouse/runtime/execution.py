"""Executing one turn: the workflow is called from the top, and how it ends moves the run's state."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson
import structlog

from pilothouse.runtime import sql
from pilothouse.runtime.branch import current
from pilothouse.runtime.context import Context
from pilothouse.runtime.entries import Entry, Kind, encode
from pilothouse.runtime.errors import (
    ContinuedAsNew,
    Failure,
    LoopBlocked,
    NonDeterminismError,
    RunCancelled,
    RunStalled,
    Suspended,
    TurnLost,
)
from pilothouse.runtime.failures import failure_of
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.store import TurnEnd
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.workflows import Workflow

log = structlog.get_logger(__name__)

LOST = "lost"
WITHDRAW_ALL = (
    "update questions set status = 'withdrawn', closed_at = now() where run_id = %s and status = 'open'"
)
MARK_CONTINUED = "update runs set continued_from = %s where id = %s"


async def execute(turn: Turn, workflow: Workflow) -> str:
    """Run the workflow until it waits or ends; returns the run's status, `LOST` where it is unknown."""
    current.set(turn.root)
    turn.task = asyncio.ensure_future(_call(turn, workflow))
    try:
        end: BaseException | bytes = await turn.task
    except BaseException as error:  # noqa: BLE001 - each kind of end is handled below
        end = error
    try:
        return await _finish(turn, workflow, turn.broken or end)
    except TurnLost as error:
        log.warning("turn_lost", reason=str(error))
        return LOST
    finally:
        await turn.settle()


async def _call(turn: Turn, workflow: Workflow) -> bytes:
    signature = workflow.signature
    if turn.claim.cancel_requested:
        raise RunCancelled
    value = signature.parse_input(turn.history.input) if signature.takes_value else None
    result = await workflow.function(Context(turn), *signature.arguments(value))
    turn.check()
    turn.root.close()
    return signature.output.dump_json(signature.checked_output(result))


async def _finish(turn: Turn, workflow: Workflow, end: BaseException | bytes) -> str:
    if isinstance(end, bytes):
        entry = Entry(Kind.RUN_COMPLETED, "", b'{"output":' + end + b"}")
        return await turn.append(entry, end=TurnEnd("completed"), beside=_withdrawals(turn))
    if isinstance(end, Suspended):
        return await turn.append(end=TurnEnd("waiting", end.wake_at))
    if isinstance(end, ContinuedAsNew):
        return await _continue(turn, workflow, end.payload)
    if isinstance(end, TurnLost):
        raise end
    if isinstance(end, RunCancelled):
        return await turn.append(
            Entry(Kind.RUN_CANCELLED, "", b"{}"), end=TurnEnd("cancelled"), beside=_withdrawals(turn)
        )
    if isinstance(end, LoopBlocked):
        end = RunStalled(str(end), hint="Move slow work into an agent or a tool written as a plain `def`.")
    if isinstance(end, Exception):
        return await _fail(turn, end)
    raise end  # nothing else ends a turn


async def _fail(turn: Turn, error: Exception) -> str:
    failure: Failure = failure_of(error)
    if not isinstance(error, NonDeterminismError) and not failure.step:
        failure = failure.model_copy(update={"step": turn.last_step})
    log.warning("run_failed", code=failure.code, message=failure.message, step=failure.step)
    entry = Entry(Kind.RUN_FAILED, "", failure.model_dump_json().encode())
    return await turn.append(entry, end=TurnEnd("failed"), beside=_withdrawals(turn))


async def _continue(turn: Turn, workflow: Workflow, payload: bytes) -> str:
    claim = turn.claim
    new_id = turn.services.ids.new()
    codec, stored = encode(payload)
    run = ([new_id], [claim.tenant_id], [workflow.name], [workflow.version], [0], [claim.principal], [None])
    beside = [
        Statement(sql.SUBMIT, (*run, [None], [int(codec)], [stored])),
        Statement(MARK_CONTINUED, (claim.run_id, new_id)),
        *_withdrawals(turn),
    ]
    entry = Entry(Kind.RUN_CONTINUED, "", orjson.dumps({"run_id": new_id}))
    return await turn.append(entry, end=TurnEnd("completed"), beside=beside)


def _withdrawals(turn: Turn) -> Sequence[Statement]:
    """Close the questions that nobody needs to answer any more, if there are any."""
    recorded: Any = any(step.is_open_question for step in turn.history.steps.values())
    return [Statement(WITHDRAW_ALL, (turn.run_id,))] if turn.asked or recorded else ()
