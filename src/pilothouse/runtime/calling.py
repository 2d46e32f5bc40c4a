"""`ctx.call`: an agent as a durable step, and as a scope for the steps inside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

import orjson

from pilothouse.kit import canonical
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import NonDeterminismError
from pilothouse.runtime.failures import as_error, failure_of, is_own, raised, read_failure
from pilothouse.runtime.governing import DOUBTFUL, marks_of, names_of
from pilothouse.runtime.guarding import Blocked, Inlet, Unguarded
from pilothouse.runtime.history import Step
from pilothouse.runtime.passing import passed, passed_failure, taken_by
from pilothouse.runtime.ports import Callee, Statement
from pilothouse.runtime.signature import Answer
from pilothouse.runtime.turn import Turn

Perform = Callable[[Any], Awaitable[Answer[Any]]]

Passing = Callable[
    [Turn, Callee[Any, Any], Step, Branch, Answer[Any]], Awaitable[tuple[Answer[Any], Sequence[Statement]]]
]
"""Has an answer pass the guard: gives it as it may pass, and what is written beside it."""


async def guarded(
    turn: Turn, agent: Callee[Any, Any], step: Step, scope: Branch, answer: Answer[Any]
) -> tuple[Answer[Any], Sequence[Statement]]:
    """The answer as the guard lets it pass, and what it writes beside it. Raises `Blocked`."""
    if isinstance(turn.services.guard, Unguarded):
        return answer, ()
    written = agent.signature.dump_output(answer.value)
    found = await passed(turn, Inlet.OUTPUT, step.key, written, taken_by(agent.signature))
    scope.consume(found.marks)
    if found.data is not written:
        answer = answer._replace(value=agent.signature.parse_output(found.data))
    return answer, found.beside


async def call(
    turn: Turn,
    agent: Callee[Any, Any],
    value: Any,
    perform: Perform,
    *,
    key: str | None = None,
    limit: float | None = None,
    passing: Passing = guarded,
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
        return _recorded(agent, step.outcome, branch)
    first = _begins_with(turn, agent, step)
    begins = b'{"first_rung":%d}' % first if first else b""
    entered = Entry(Kind.ENTERED, step.key, begins, step.digest)
    if not step.entries:
        turn.pending.append(entered)
    scope = branch.inside(step.key)
    scope.confidence = None
    scope.first_rung = first
    scope.on_tried = partial(turn.services.switches.tried, turn.claim.tenant_id, agent.name)
    computed = await _compute(turn, agent, step, scope, lambda: perform(value), limit, passing=passing)
    payload, answer, marks, beside = computed
    if turn.pending and turn.pending[-1] is entered:
        turn.pending.pop()  # nothing happened inside
    outcome = Entry(Kind.COMPLETED, step.key, payload, step.digest)
    await turn.append(outcome, beside=beside)
    _consume(branch, answer, marks)
    return answer


def _begins_with(turn: Turn, agent: Callee[Any, Any], step: Step) -> int:
    """The rung that a call begins with: as it is recorded, once anything inside it is."""
    recorded = step.entries.get(Kind.ENTERED)
    if recorded is None:
        return turn.services.switches.first(turn.claim.tenant_id, agent.name)
    payload = decode(recorded.codec, recorded.payload)
    return int(orjson.loads(payload)["first_rung"]) if payload else 0


def _recorded(agent: Callee[Any, Any], outcome: Entry, branch: Branch) -> Answer[Any]:
    if outcome.kind is Kind.FAILED:
        failure = read_failure(outcome)
        branch.consume(marks_of(failure.marks))
        raise raised(failure)
    answer, marks = agent.signature.read_answer(decode(outcome.codec, outcome.payload))
    _consume(branch, answer, marks)
    return answer


def _consume(branch: Branch, answer: Answer[Any], marks: Sequence[str]) -> None:
    if marks:
        branch.consume(marks_of(marks))
    said = getattr(answer.value, "confidence", None)
    if isinstance(said, (int, float)):
        branch.confidence = float(said) if 0 <= said <= 1 else None


def _marks(agent: Callee[Any, Any], scope: Branch, value: Any) -> tuple[str, ...]:
    """The marks of an answer: all that its scope consumed, but a choice among a few tells nothing of it."""
    marks = scope.marks
    signature = agent.signature
    if marks & DOUBTFUL and signature.is_closed:
        ids = signature.ids_in(signature.checked_output(value))
        marks -= DOUBTFUL if ids <= scope.known else set()
    return names_of(marks)


async def _compute(
    turn: Turn,
    agent: Callee[Any, Any],
    step: Step,
    scope: Branch,
    perform: Callable[[], Awaitable[Answer[Any]]],
    limit: float | None,
    *,
    passing: Passing,
) -> tuple[bytes, Answer[Any], tuple[str, ...], Sequence[Statement]]:
    """The agent's answer as it is journalled, and as it is read from the journal, with its marks.

    Last comes what the guard writes beside it.
    """
    token = current.set(scope)
    try:
        within = agent.timeout if limit is None else limit
        answer = await turn.timed(step.key, perform, within, ("agent", agent.name))
        turn.close(scope)
        answer, beside = await passing(turn, agent, step, scope, answer)
        marks = _marks(agent, scope, answer.value)
        return *agent.signature.round_trip(answer, marks), marks, beside
    except BaseException as error:
        if isinstance(error, NonDeterminismError) or not is_own(error):
            raise
        turn.check()
        if scope.waits is not None:  # the interrupt was swallowed
            raise scope.waits from None
        if scope.abandoned:
            raise scope.suspend() from None
        failure = failure_of(as_error(error), step.key).model_copy(update={"marks": names_of(scope.marks)})
        failure, said = await passed_failure(turn, Inlet.OUTPUT, failure)
        told = error.told if isinstance(error, Blocked) else ()
        entry = Entry(Kind.FAILED, step.key, failure.model_dump_json().encode(), step.digest)
        await turn.append(entry, beside=(*told, *said.beside))
        if scope.parent is not None:
            scope.parent.consume(scope.marks)
        raise raised(failure) from error
    finally:
        current.reset(token)
