"""`ctx.ask`: a question to a person. The run waits for the answer without holding anything."""

from __future__ import annotations

import datetime as dt

import structlog

from pilothouse.errors import InvalidInput
from pilothouse.kit import canonical
from pilothouse.runtime.branch import Branch, current
from pilothouse.runtime.entries import Entry, Kind, decode, encode
from pilothouse.runtime.errors import Expired
from pilothouse.runtime.failures import failure_of, raised, read_failure
from pilothouse.runtime.history import Step
from pilothouse.runtime.ports import Statement
from pilothouse.runtime.questions import Question, Reply
from pilothouse.runtime.turn import Turn

log = structlog.get_logger(__name__)

INSERT_QUESTION = """
insert into questions (id, tenant_id, run_id, key, codec, payload, expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
    on conflict (run_id, key) do update
   set status = 'open', codec = excluded.codec, payload = excluded.payload,
       expires_at = excluded.expires_at, closed_at = null, closed_by = null
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
    if Kind.WITHDRAWN in step.entries:  # even where an answer came at the same moment
        raise branch.suspend()
    if step.outcome is not None:
        return _answered(step.outcome)
    asked = step.entries.get(Kind.ASKED)
    if asked is None:
        given = await _given(turn, step, question)
        if given is not None:
            return given
        raise branch.suspend(await _open(turn, step, question, expires_after))
    if branch.abandoned:
        raise branch.suspend()
    expires_at = Asked.model_validate_json(decode(asked.codec, asked.payload)).expires_at
    if expires_at is not None and expires_at <= turn.now():
        return await _expire(turn, step, question)
    raise branch.suspend(expires_at)


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


def _answered(outcome: Entry) -> str:
    if outcome.kind is Kind.EXPIRED:
        raise raised(read_failure(outcome))
    reply = Reply.model_validate_json(decode(outcome.codec, outcome.payload))
    return str(reply.answer)


async def _open(
    turn: Turn, step: Step, question: Question, expires_after: dt.timedelta | None
) -> dt.datetime | None:
    """Put the question before people; returns when it expires."""
    expires_at = turn.now() + expires_after if expires_after is not None else None
    entry, beside = _question(turn, step, Asked(**question.model_dump(), expires_at=expires_at))
    turn.asked.append(step.key)
    await turn.append(entry, beside=[beside])
    return expires_at


def _question(turn: Turn, step: Step, asked: Asked) -> tuple[Entry, Statement]:
    """The entry of a question, and the row that puts it before people."""
    payload = asked.model_dump_json().encode()
    codec, stored = encode(payload)
    claim, new_id = turn.claim, turn.services.ids.new()
    row = (new_id, claim.tenant_id, claim.run_id, step.key, int(codec), stored, asked.expires_at)
    return Entry(Kind.ASKED, step.key, payload, step.digest), Statement(INSERT_QUESTION, row)


async def _given(turn: Turn, step: Step, question: Question) -> str | None:
    """The answer that a fork was given beforehand; None where there is none that the question takes."""
    text = turn.history.answers.get(step.key)
    if text is None:
        return None
    try:
        accepted = question.accept(text)
    except InvalidInput as error:
        log.warning("answer_not_taken", step=step.key, reason=error.message)
        return None
    entry, row = _question(turn, step, Asked(**question.model_dump()))
    reply = Reply(answer=accepted, by=turn.claim.principal).model_dump_json().encode()
    close = Statement(CLOSE_QUESTION, ("answered", turn.run_id, step.key))
    await turn.append(entry, Entry(Kind.ANSWERED, step.key, reply), beside=[row, close])
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
