"""`ctx.act`: the only way to a side effect. Decided, journalled as dispatched, called, journalled as done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from typing import Any

import orjson

from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit import canonical
from pilothouse.runtime import unknown_outcomes
from pilothouse.runtime.branch import current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Denied, Failure, Fenced, StepFailed, TurnLost
from pilothouse.runtime.failures import as_error, failure_of, is_own, raised, read_failure
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Action, Actor, Decision, Statement
from pilothouse.runtime.turn import Turn

acting_on: ContextVar[Action | None] = ContextVar("pilothouse_action", default=None)
"""The action that the running tool performs."""


async def act(turn: Turn, tool: Actor[Any, Any], value: Any, ctx: Any, *, key: str | None = None) -> Any:
    """The tool's result. Raises `Denied` where the governor says so, `StepFailed` where the tool failed."""
    turn.check()
    branch = current.get()
    signature = tool.signature
    value, arguments = signature.read_input(value)
    step = turn.meet(branch, tool.name, "act", canonical.digest(signature.comparable(arguments)), key)
    if step.outcome is not None:
        return _recorded(tool, step.outcome)
    claim = turn.claim
    workflow = claim.pin.partition("@")[0]
    action = Action(
        *(claim.run_id, claim.tenant_id, workflow, claim.principal, step.key, tool.name),
        arguments=arguments,
        idempotency_key=_dispatched_under(step) or f"{claim.run_id}:{step.key}",
    )
    if Kind.DISPATCH in step.entries and not tool.idempotent:
        scope = branch.inside(f"{step.key}/{step.dispatches}")  # each lost call is asked about anew
        try:
            resolved = await unknown_outcomes.resolve(turn, tool, scope)
        except StepFailed as error:
            return await _fail(turn, step, action, error.failure)
        if resolved is not None:
            return await _succeed(turn, step, action, tool, resolved)
        await _dispatch(turn, step, action)
    elif Kind.DISPATCH not in step.entries:
        await _dispatch(turn, step, action)
    return await _perform(turn, step, action, tool, lambda: tool.perform(ctx, value))


def _dispatched_under(step: Step) -> str | None:
    """The idempotency key of a call whose outcome is not known: in a fork it may be the parent's call."""
    dispatch = step.entries.get(Kind.DISPATCH)
    if dispatch is None:
        return None
    return str(orjson.loads(decode(dispatch.codec, dispatch.payload))["idempotency_key"])


async def _dispatch(turn: Turn, step: Step, action: Action) -> None:
    _assert_lease(turn, action)
    decision, beside = await _decided(turn, action)
    if not decision.allow:
        failure = failure_of(Denied(_denial(action, decision)), step.key)
        await turn.append(_outcome(step, failure=failure), beside=beside)
        raise raised(failure)
    dispatched = {"decision": decision.model_dump(), "idempotency_key": action.idempotency_key}
    await turn.append(Entry(Kind.DISPATCH, step.key, orjson.dumps(dispatched), step.digest), beside=beside)


async def _decided(turn: Turn, action: Action) -> tuple[Decision, Sequence[Statement]]:
    """The governor's decision; an error of its own is a denial."""
    try:
        with turn.working():
            return await turn.services.governor.decide(action)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except Exception as error:  # noqa: BLE001 - recorded as the reason of the denial
        turn.check()
        reason = f"The action could not be decided on ({type(error).__name__}: {error})."
        return Decision(allow=False, reasons=(reason,)), ()


async def _perform(
    turn: Turn, step: Step, action: Action, tool: Actor[Any, Any], perform: Callable[[], Awaitable[Any]]
) -> Any:
    _assert_lease(turn, action)
    scope = current.get().inside(step.key)
    scope.leaf = tool.name
    in_branch, in_action = current.set(scope), acting_on.set(action)
    try:
        result = await turn.timed(step.key, perform(), tool.timeout)
        written = tool.signature.dump_output(result)
        tool.signature.parse_output(written)
    except BaseException as error:
        if not is_own(error):
            raise
        turn.check()
        return await _fail(turn, step, action, failure_of(as_error(error), step.key), error)
    finally:
        current.reset(in_branch)
        acting_on.reset(in_action)
    return await _succeed(turn, step, action, tool, written)


async def _succeed(turn: Turn, step: Step, action: Action, tool: Actor[Any, Any], result: bytes) -> Any:
    beside = await _settled(turn, action, succeeded=True)
    outcome = _outcome(step, result=result)
    await turn.append(outcome, beside=beside)
    return _recorded(tool, outcome)


async def _fail(
    turn: Turn, step: Step, action: Action, failure: Failure, cause: BaseException | None = None
) -> Any:
    beside = await _settled(turn, action, succeeded=False)
    await turn.append(_outcome(step, failure=failure), beside=beside)
    raise raised(failure) from cause


async def _settled(turn: Turn, action: Action, *, succeeded: bool) -> Sequence[Statement]:
    """What the governor writes beside the outcome. Its error breaks the turn: the outcome stays unknown."""
    try:
        with turn.working():
            return await turn.services.governor.settle(action, succeeded=succeeded)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except Exception as error:
        turn.breaks(error)
        raise


def _assert_lease(turn: Turn, action: Action) -> None:
    """The last moment at which another owner can be ruled out."""
    if not turn.services.lease.valid():
        raise turn.breaks(
            Fenced(f"The lease of run {action.run_id} ran out before {action.tool} was called.")
        )


def _outcome(step: Step, *, result: bytes | None = None, failure: Failure | None = None) -> Entry:
    if failure is not None:
        payload = b'{"failure":' + failure.model_dump_json().encode() + b"}"
    else:
        payload = b'{"result":' + (result or b"null") + b"}"
    return Entry(Kind.OUTCOME, step.key, payload, step.digest)


def _recorded(tool: Actor[Any, Any], outcome: Entry) -> Any:
    payload = decode(outcome.codec, outcome.payload)
    if payload.startswith(b'{"failure":'):
        raise raised(read_failure(outcome._replace(codec=0, payload=payload[11:-1])))
    return tool.signature.output.validate_json(payload[10:-1])


def _denial(action: Action, decision: Decision) -> str:
    return f"{action.tool} was denied: {' '.join(decision.reasons) or 'no reason was given.'}"
