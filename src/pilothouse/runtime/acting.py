"""`ctx.act`: the only way to a side effect. Decided, journalled as dispatched, called, journalled as done."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import orjson

from pilothouse.kit import canonical
from pilothouse.runtime import asking
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Denied, Failure, Fenced, StepFailed
from pilothouse.runtime.failures import failure_of, raised, read_failure
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Action, Actor, Decision
from pilothouse.runtime.questions import Question, QuestionKind
from pilothouse.runtime.turn import Turn

acting_on: ContextVar[Action | None] = ContextVar("pilothouse_action", default=None)
"""The action that the running tool performs."""

CALL_AGAIN, FAILED, HAPPENED = "call again", "it failed", "it happened"


async def act(turn: Turn, tool: Actor[Any, Any], value: Any, ctx: Any, *, key: str | None = None) -> Any:
    """The tool's result. Raises `Denied` where the governor says so, `StepFailed` where the tool failed."""
    turn.check()
    branch = current.get()
    arguments = tool.signature.dump_input(value)
    step = branch.meet(tool.name, "act", canonical.digest(arguments), key)
    if step.outcome is not None:
        return _recorded(tool, step.outcome)
    claim = turn.claim
    workflow = claim.pin.partition("@")[0]
    idempotency_key = f"{claim.run_id}:{step.key}"
    action = Action(
        *(claim.run_id, claim.tenant_id, workflow, claim.principal, step.key, tool.name),
        arguments=arguments,
        idempotency_key=idempotency_key,
    )
    if Kind.DISPATCH not in step.entries:
        await _dispatch(turn, step, action)
    elif not tool.idempotent:
        resolved = await _resolve(turn, tool, branch.inside(step.key))
        if resolved is not None:
            return await _conclude(turn, step, action, tool, resolved)
    return await _perform(turn, step, action, tool, lambda: tool.perform(ctx, value))


async def _dispatch(turn: Turn, step: Step, action: Action) -> None:
    decision, beside = await turn.services.governor.decide(action)
    if not decision.allow:
        failure = failure_of(Denied(_denial(action, decision)), step.key)
        await turn.append(_outcome(step, failure=failure), beside=beside)
        raise raised(failure)
    dispatched = {"decision": decision.model_dump(), "idempotency_key": action.idempotency_key}
    await turn.append(Entry(Kind.DISPATCH, step.key, orjson.dumps(dispatched), step.digest), beside=beside)


async def _perform(
    turn: Turn, step: Step, action: Action, tool: Actor[Any, Any], perform: Callable[[], Awaitable[Any]]
) -> Any:
    if not turn.services.lease.valid():  # the last moment at which another owner can be ruled out
        raise turn.breaks(Fenced(f"The lease of run {action.run_id} ran out before {tool.name} was called."))
    scope = current.get().inside(step.key)
    scope.leaf = tool.name
    in_branch, in_action = current.set(scope), acting_on.set(action)
    try:
        result = await turn.timed(step.key, perform(), tool.timeout)
        result = tool.signature.checked_output(result)
    except Exception as error:
        turn.check()
        failure = failure_of(error, step.key)
        beside = await turn.services.governor.settle(action, succeeded=False)
        await turn.append(_outcome(step, failure=failure), beside=beside)
        raise raised(failure) from error
    finally:
        current.reset(in_branch)
        acting_on.reset(in_action)
    return await _conclude(turn, step, action, tool, tool.signature.output.dump_json(result))


async def _conclude(turn: Turn, step: Step, action: Action, tool: Actor[Any, Any], result: bytes) -> Any:
    beside = await turn.services.governor.settle(action, succeeded=True)
    outcome = _outcome(step, result=result)
    await turn.append(outcome, beside=beside)
    return _recorded(tool, outcome)


async def _resolve(turn: Turn, tool: Actor[Any, Any], scope: Branch) -> bytes | None:
    """Ask an operator what became of a call that was dispatched by a worker that died.

    Returns the result as JSON where it happened, None where it is to be called again; raises
    `StepFailed` where it failed.
    """
    token = current.set(scope)
    try:
        question = Question(
            kind=QuestionKind.UNKNOWN_OUTCOME,
            prompt=f"Did {tool.name} happen? A worker stopped after dispatching it and before its outcome.",
            why=f"{tool.name} is not idempotent, so it is not called again without your word.",
            choices=(CALL_AGAIN, FAILED, HAPPENED),
        )
        answer = await asking.ask(turn, question)
        if answer == CALL_AGAIN:
            return None
        if answer == FAILED:
            message = f"{tool.name} failed, by an operator's word after its worker stopped."
            raise StepFailed(
                Failure(code="step_failed", message=message, step=scope.path, steps=(scope.path,))
            )
        return await _ask_result(turn, tool)
    finally:
        current.reset(token)


async def _ask_result(turn: Turn, tool: Actor[Any, Any]) -> bytes:
    if tool.signature.output_type is type(None):
        return b"null"
    schema = orjson.dumps(tool.signature.output.json_schema()).decode()
    question = Question(
        kind=QuestionKind.UNKNOWN_OUTCOME,
        prompt=f"What did {tool.name} return? Answer as JSON.",
        why=f"The run goes on with it. Its schema: {schema}",
    )
    return (await asking.ask(turn, question)).encode()


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
