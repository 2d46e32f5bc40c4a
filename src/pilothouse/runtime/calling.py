"""`ctx.call`: an agent as a durable step, and as a scope for the steps inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.kit import canonical
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import NonDeterminismError
from pilothouse.runtime.failures import as_error, failure_of, is_own, raised, read_failure
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Callee
from pilothouse.runtime.signature import Answer
from pilothouse.runtime.turn import Turn

Perform = Callable[[Any], Awaitable[Answer[Any]]]


async def call(
    turn: Turn,
    agent: Callee[Any, Any],
    value: Any,
    perform: Perform,
    *,
    key: str | None = None,
    limit: float | None = None,
) -> Answer[Any]:
    """The agent's answer, from the journal where it is there, else computed by `perform` and journalled.

    What a replay gives is what the first turn gave: the answer as it is read from the journal.
    """
    turn.check()
    branch = current.get()
    signature = agent.signature
    value, arguments = signature.read_input(value)
    step = turn.meet(branch, agent.name, "call", canonical.digest(signature.comparable(arguments)), key)
    if step.outcome is not None:
        return _recorded(agent, step.outcome)
    entered = Entry(Kind.ENTERED, step.key, digest=step.digest)
    if not step.entries:
        turn.pending.append(entered)
    payload, answer = await _compute(turn, agent, step, branch, lambda: perform(value), limit)
    if turn.pending and turn.pending[-1] is entered:
        turn.pending.pop()  # nothing happened inside
    await turn.append(Entry(Kind.COMPLETED, step.key, payload, step.digest))
    return answer


def _recorded(agent: Callee[Any, Any], outcome: Entry) -> Answer[Any]:
    if outcome.kind is Kind.FAILED:
        raise raised(read_failure(outcome))
    return agent.signature.parse_answer(decode(outcome.codec, outcome.payload))


async def _compute(
    turn: Turn,
    agent: Callee[Any, Any],
    step: Step,
    branch: Branch,
    perform: Callable[[], Awaitable[Answer[Any]]],
    limit: float | None,
) -> tuple[bytes, Answer[Any]]:
    """The agent's answer as it is journalled, and as it is read from the journal."""
    scope = branch.inside(step.key)
    token = current.set(scope)
    try:
        answer = await turn.timed(step.key, perform(), agent.timeout if limit is None else limit)
        turn.close(scope)
        return agent.signature.round_trip(answer)
    except BaseException as error:
        if isinstance(error, NonDeterminismError) or not is_own(error):
            raise
        turn.check()
        if scope.waits is not None:  # the interrupt was swallowed
            raise scope.waits from None
        if scope.abandoned:
            raise scope.suspend() from None
        failure = failure_of(as_error(error), step.key)
        await turn.append(Entry(Kind.FAILED, step.key, failure.model_dump_json().encode(), step.digest))
        raise raised(failure) from error
    finally:
        current.reset(token)
