"""`ctx.call`: an agent as a durable step, and as a scope for the steps inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from pilothouse.kit import canonical
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import NonDeterminismError
from pilothouse.runtime.failures import failure_of, raised, read_failure
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Callee
from pilothouse.runtime.signature import Answer
from pilothouse.runtime.turn import Turn


async def call(
    turn: Turn,
    agent: Callee[Any, Any],
    value: Any,
    perform: Callable[[], Awaitable[Answer[Any]]],
    *,
    key: str | None = None,
    limit: float | None = None,
) -> Answer[Any]:
    """The agent's answer, from the journal where it is there, else computed and journalled."""
    turn.check()
    branch = current.get()
    digest = canonical.digest(agent.signature.dump_input(value))
    step = branch.meet(agent.name, "call", digest, key)
    if step.outcome is not None:
        return _recorded(agent, step.outcome)
    entered = Entry(Kind.ENTERED, step.key, digest=digest)
    if not step.entries:
        turn.pending.append(entered)
    answer = await _compute(turn, agent, step, branch, perform, limit)
    if turn.pending and turn.pending[-1] is entered:
        turn.pending.pop()  # nothing happened inside
    await turn.append(Entry(Kind.COMPLETED, step.key, answer.to_json(), digest))
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
) -> Answer[Any]:
    scope = branch.inside(step.key)
    token = current.set(scope)
    try:
        answer = await turn.timed(step.key, perform(), agent.timeout if limit is None else limit)
        scope.close()
        return agent.signature.answer(answer)
    except NonDeterminismError as error:
        raise turn.differs(error) from None
    except Exception as error:
        turn.check()
        failure = failure_of(error, step.key)
        await turn.append(Entry(Kind.FAILED, step.key, failure.model_dump_json().encode(), step.digest))
        raise raised(failure) from error
    finally:
        current.reset(token)
