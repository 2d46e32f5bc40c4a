"""`ctx.ask`: a question to a person. The run waits for the answer without holding anything."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import structlog
from pydantic import ValidationError

from pilothouse.errors import DatabaseUnavailable, InvalidInput, PilothouseError
from pilothouse.kit import canonical
from pilothouse.kit.sealing import Place
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Expired, TurnLost
from pilothouse.runtime.failures import failure_of, raised, read_failure
from pilothouse.runtime.governing import Mark, marks_of
from pilothouse.runtime.guarding import Blocked, Inlet, Unguarded
from pilothouse.runtime.history import Step
from pilothouse.runtime.passing import passed
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import Question, Reply
from pilothouse.runtime.sealing import of_question
from pilothouse.runtime.turn import Turn

log = structlog.get_logger(__name__)

INSERT_QUESTION = """
insert into questions (id, tenant_id, run_id, key, codec, payload, expires_at, assignee, role)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (run_id, key) do update
   set status = 'open', codec = excluded.codec, payload = excluded.payload,
       expires_at = excluded.expires_at, role = excluded.role, assignee = excluded.assignee,
       closed_at = null, closed_by = null
"""
"""A question that was withdrawn before a retry is opened again."""
CLOSE_QUESTION = """
update questions set status = %s, closed_at = now() where run_id = %s and key = %s and status = 'open'
"""


class Asked(Question):
    """A question as it is journalled, with the moment it expires."""

    expires_at: dt.datetime | None = None


async def ask(
    turn: Turn, question: Question, *, expires_after: dt.timedelta | None = None, key: str | None = None
) -> str:
    """The answer to `question`, from the journal; suspends the turn while there is none.

    Raises `Expired` where the time is over and there is no default.
    """
    turn.check()
    branch = current.get()
    digest = canonical.digest(question.model_dump_json().encode())
    step = turn.meet(branch, "ask", "ask", digest, key)
    answer = await _answer(turn, branch, step, question, expires_after)
    if question.untrusted and (question.free or not question.choices):  # a choice among a few is closed
        branch.consume(frozenset({Mark.UNTRUSTED}))
    return answer


async def _answer(
    turn: Turn, branch: Branch, step: Step, question: Question, expires_after: dt.timedelta | None
) -> str:
    if Kind.WITHDRAWN in step.entries:  # even where an answer came at the same moment
        raise branch.suspend()
    if step.outcome is not None:
        return _answered(step.outcome, branch)
    recorded = step.entries.get(Kind.ASKED)
    if recorded is None:
        shown, beside = await _guarded(turn, step, question)
        given = await _given(turn, step, shown, beside)
        if given is not None:
            return given
        raise branch.suspend(await _open(turn, step, shown, expires_after, beside))
    if branch.abandoned:
        raise branch.suspend()
    asked = Asked.model_validate_json(decode(recorded.codec, recorded.payload))
    if asked.expires_at is not None and asked.expires_at <= turn.now():
        return await _expire(turn, step, asked)
    raise branch.suspend(asked.expires_at)


async def _guarded(turn: Turn, step: Step, question: Question) -> tuple[Question, Sequence[Statement]]:
    """The question as people may be shown it, and what the guard writes beside it.

    What may be answered stays as it is: the code knows it by that. A question that is blocked is not asked,
    and ends as one without an answer.
    """
    if isinstance(turn.services.guard, Unguarded):
        return question, ()
    kept = {"choices": question.choices, "default": question.default, "assignee": question.assignee}

    def fits(data: bytes) -> bool:
        try:
            found = Question.model_validate_json(data)
        except ValidationError:
            return False
        return kept == {name: getattr(found, name) for name in kept}

    said = question.model_dump_json().encode()
    try:
        found = await passed(turn, Inlet.QUESTION, step.key, said, fits)
    except Blocked as error:
        failure = failure_of(error, step.key)
        entry = Entry(Kind.EXPIRED, step.key, failure.model_dump_json().encode(), step.digest)
        await turn.append(entry, beside=error.told)
        raise raised(failure) from error
    return (question if found.data is said else Question.model_validate_json(found.data)), found.beside


async def withdraw(turn: Turn, keys: list[str], settled: Entry) -> None:
    """Close the questions of branches that were left behind, and record that they were."""
    entries = [Entry(Kind.WITHDRAWN, key) for key in keys]
    beside = [Statement(CLOSE_QUESTION, ("withdrawn", turn.run_id, key)) for key in keys]
    await turn.append(*entries, settled, beside=beside)


def open_below(turn: Turn, branch: Branch) -> list[str]:
    """The keys of open questions inside a branch, those of this turn included."""
    prefix = f"{branch.path}/"
    recorded = (step.key for step in turn.history.steps.values() if step.is_open_question)
    return sorted({key for key in (*recorded, *turn.asked) if key.startswith(prefix)})


def _answered(outcome: Entry, branch: Branch) -> str:
    if outcome.kind is Kind.EXPIRED:
        raise raised(read_failure(outcome))
    reply = Reply.model_validate_json(decode(outcome.codec, outcome.payload))
    branch.consume(marks_of(reply.marks))
    return str(reply.answer)


async def _open(
    turn: Turn,
    step: Step,
    question: Question,
    expires_after: dt.timedelta | None,
    told: Sequence[Statement],
) -> dt.datetime | None:
    """Put the question before people; returns when it expires."""
    expires_at = turn.now() + expires_after if expires_after is not None else None
    entry, beside = await put(turn, step, Asked(**question.model_dump(), expires_at=expires_at))
    turn.asked.append(step.key)
    await turn.append(entry, beside=[beside, *told])
    return expires_at


async def put(turn: Turn, step: Step, asked: Asked) -> tuple[Entry, Statement]:
    """The entry of a question, and the row that puts it before people."""
    payload = asked.model_dump_json().encode()
    claim, new_id = turn.claim, turn.services.ids.new()
    place = of_question(claim.tenant_id, claim.run_id, step.key) if claim.personal else None
    codec, stored = await _sealed(turn, payload, place)
    row = (new_id, claim.tenant_id, claim.run_id, step.key, int(codec), stored, asked.expires_at)
    whom = (asked.assignee, asked.role)
    return Entry(Kind.ASKED, step.key, payload, step.digest), Statement(INSERT_QUESTION, (*row, *whom))


async def _sealed(turn: Turn, payload: bytes, place: Place | None) -> tuple[int, bytes]:
    """The codec and bytes of a question's row. Where it cannot be sealed now, the turn is lost."""
    try:
        with turn.working():
            return await turn.services.payloads.inlined(payload, place)
    except DatabaseUnavailable as error:
        raise turn.breaks(TurnLost(str(error))) from error
    except PilothouseError as error:
        raise turn.breaks(error) from error


async def _given(turn: Turn, step: Step, question: Question, told: Sequence[Statement]) -> str | None:
    """The answer that a fork was given beforehand; None where there is none that the question takes."""
    text = turn.history.answers.get(step.key)
    if text is None:
        return None
    if question.role is not None and turn.history.approved.get(step.key) != question.role:
        log.warning("answer_not_taken", step=step.key, reason="It was not given by an approver of that role.")
        return None
    try:
        accepted = question.accept(text)
    except InvalidInput as error:
        reason = error.code if turn.claim.personal else error.message  # which may name the answer
        log.warning("answer_not_taken", step=step.key, reason=reason)
        return None
    entry, row = await put(turn, step, Asked(**question.model_dump()))
    reply = Reply(answer=accepted, by=turn.claim.principal).model_dump_json().encode()
    close = Statement(CLOSE_QUESTION, ("answered", turn.run_id, step.key))
    await turn.append(entry, Entry(Kind.ANSWERED, step.key, reply), beside=[row, close, *told])
    return accepted


async def _expire(turn: Turn, step: Step, question: Question) -> str:
    """Take the default. An answer that came since the run was claimed goes before it: the turn is lost."""
    close = Statement(CLOSE_QUESTION, ("expired", turn.run_id, step.key))
    if question.default is not None:
        reply = Reply(answer=question.default, by="expiry")
        answered = Entry(Kind.ANSWERED, step.key, reply.model_dump_json().encode())
        await turn.append(answered, beside=[close], unless_woken=True)
        return question.default
    failure = failure_of(Expired(f"Nobody answered in time: {question.prompt}"), step.key)
    expired = Entry(Kind.EXPIRED, step.key, failure.model_dump_json().encode())
    await turn.append(expired, beside=[close], unless_woken=True)
    raise raised(failure)
