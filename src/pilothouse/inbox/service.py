"""The rules of the inbox: what is asked is shown to people, and their answers reach the runs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from uuid import UUID

import structlog
from pydantic import JsonValue

from pilothouse.errors import Conflict, Forbidden, InvalidInput, NotFound
from pilothouse.inbox import actions, repository
from pilothouse.inbox.actions import Mask, Masks, unmasked
from pilothouse.inbox.repository import QuestionRepository
from pilothouse.inbox.schemas import (
    Answer,
    Approve,
    Delegate,
    Edit,
    Glance,
    IntendedAction,
    Question,
    QuestionQuery,
    QuestionStatus,
    Refuse,
)
from pilothouse.inbox.tables import QuestionRow
from pilothouse.kit import canonical
from pilothouse.kit.pagination import Page
from pilothouse.kit.reading import Read
from pilothouse.kit.scope import Scope
from pilothouse.policies.service import Authority
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import Codec, Entry, Kind, PayloadUnreadable, decode
from pilothouse.runtime.questions import Approval, ApprovalVerdict, Given, Reply
from pilothouse.runtime.questions import Question as Asked
from pilothouse.runtime.sealing import of_question

log = structlog.get_logger(__name__)

Reveal = Callable[[UUID, JsonValue], Awaitable[JsonValue]]
"""What of a run is shown to somebody, with what placeholders stand for where they may see it."""


async def hidden(_run_id: UUID, value: JsonValue) -> JsonValue:
    """Nothing is restored."""
    return value


Stored = tuple[int, bytes]
"""The codec and the bytes of a payload, opened."""


class Questions:
    """The questions that a scope may see and answer."""

    def __init__(
        self,
        repository: QuestionRepository,
        engine: Engine,
        scope: Scope,
        authority: Authority,
        *,
        masks: Masks = unmasked,
        reveal: Reveal = hidden,
    ) -> None:
        """Read through `repository`; answers go through `engine`, where `authority` allows them.

        `masks` make what leaves out of an action's arguments what the scope may not see. `reveal` gives what
        the placeholders of a run stand for, where the scope may see that; a single question is shown so.
        """
        self._repository = repository
        self._engine = engine
        self._scope = scope
        self._authority = authority
        self._masks = masks
        self._reveal = reveal

    async def page(self, query: QuestionQuery) -> Page[Question]:
        """The wanted questions, the newest first, without their answers."""
        open_to = None
        if query.mine:
            roles = await self._repository.open_roles()
            open_to = [role for role in roles if self._authority.may_answer(self._scope, role).allowed]
        rows = await self._repository.page(query, open_to, self._scope.principal)
        mask = await self._masks(self._scope)
        items = [_as_seen(row, await _opened(self._engine, row), mask) for row in rows.items]
        return Page(items=items, next_cursor=rows.next_cursor)

    async def show(self, question_id: UUID) -> Question:
        """A question, with its answer if it has one, and of an action what the run did before.

        Raises `NotFound`.
        """
        row = await self._row(question_id)
        stored = await _opened(self._engine, row)
        closed = row.status in {QuestionStatus.ANSWERED, QuestionStatus.EXPIRED}
        journal: Sequence[Entry] = ()
        if closed or _approval(stored) is not None:
            journal = await self._engine.journal(row.run_id)
        reply = _reply_to(row, journal) if closed else None
        answer = None if reply is None else str(reply.answer)
        return await self._revealed(_as_seen(row, stored, await self._masks(self._scope), answer, journal))

    async def glance(self, question_id: UUID) -> Glance | None:
        """An open question as the scope sees it, without what the run did; None where it is open no more.

        Nothing that it says is told where it is kept sealed.
        """
        row = await self._repository.get(question_id)
        if row is None or row.status != QuestionStatus.OPEN:
            return None
        sealed, mask = row.codec == Codec.ENCRYPTED, await self._masks(self._scope)
        question = _as_seen(row, await _opened(self._engine, row), mask)
        return Glance(_silent(question) if sealed else _masked(question, mask), sealed)

    async def _revealed(self, shown: Question) -> Question:
        """The question whose action is shown with its real arguments, as far as the scope may see them."""
        action = shown.action
        if action is None:
            return shown
        told: JsonValue = {
            "arguments": action.arguments,
            "changes": [change.model_dump(mode="json") for change in action.changes],
        }
        found = await self._reveal(shown.run_id, told)
        if found == told or not isinstance(found, dict):
            return shown
        real = IntendedAction.model_validate(action.model_dump() | found)
        return shown.model_copy(update={"action": real})

    async def open_counts(self, run_ids: Collection[UUID]) -> dict[UUID, int]:
        """How many open questions these runs have; a run without any is left out."""
        return await self._repository.open_counts(run_ids)

    async def answer(self, question_id: UUID, answer: Answer) -> Question:
        """Answer an open question. The same answer by the same principal again changes nothing.

        Raises `NotFound`, `Forbidden` where it names a role that the scope lacks, `Conflict` where it is
        closed already, and `InvalidInput` for an answer that is none of the choices.
        """
        row = await self._row(question_id)
        self._let(row)
        scope = self._scope
        try:
            await self._engine.answer(
                row.run_id, row.key, answer.answer, tenant_id=scope.tenant_id, by=scope.principal
            )
        except Conflict:
            shown = await self.show(question_id)
            repeated = shown.answer is not None and shown.answer == _accepted(
                await _opened(self._engine, row), answer.answer
            )
            if repeated and shown.closed_by == scope.principal:
                return shown
            raise
        log.info("question_answered", run_id=str(row.run_id), step=row.key)
        return await self.show(question_id)

    async def approve(self, question_id: UUID, approval: Approve) -> Question:
        """Approve the action of an open question; see `_decide`."""
        return await self._decide(
            question_id, ApprovalVerdict.APPROVE, approval.digest, reason=approval.reason
        )

    async def refuse(self, question_id: UUID, refusal: Refuse) -> Question:
        """Refuse the action of an open question; see `_decide`."""
        return await self._decide(question_id, ApprovalVerdict.REFUSE, refusal.digest, reason=refusal.reason)

    async def edit(self, question_id: UUID, edit: Edit) -> Question:
        """Approve the action of an open question with other arguments; see `_decide`.

        What the scope sees masked and leaves as it is stays what it was.
        """
        approval = _approval(await _opened(self._engine, await self._row(question_id)))
        given = edit.arguments
        if approval is not None:
            given = (await self._masks(self._scope)).meant(given, canonical.exact(approval.arguments))
        try:
            arguments = canonical.rfc8785(given).decode()
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"The arguments cannot be written as JSON: {error}.") from None
        return await self._decide(
            question_id, ApprovalVerdict.EDIT, edit.digest, reason=edit.reason, arguments=arguments
        )

    async def delegate(self, question_id: UUID, delegation: Delegate) -> Question:
        """Leave the action of an open question to somebody else; see `_decide`."""
        return await self._decide(
            question_id,
            ApprovalVerdict.DELEGATE,
            delegation.digest,
            reason=delegation.reason,
            to_role=delegation.to_role,
            to_assignee=delegation.to_assignee,
        )

    async def _decide(
        self, question_id: UUID, verdict: ApprovalVerdict, digest: str, **said: str | None
    ) -> Question:
        """Decide about the action of a question. The same by the same principal again changes nothing.

        Raises `NotFound`, `Forbidden` for whom it is not for and for who asked for the action where the
        policy says so, `Conflict` where it is closed, expired or of another digest, and `InvalidInput`.
        """
        row, scope = await self._row(question_id), self._scope
        self._let(row)
        given = Given.model_validate({"verdict": verdict, "digest": digest, "question": row.key, **said})
        try:
            await self._engine.decide(row.run_id, given, tenant_id=scope.tenant_id, by=scope.principal)
        except Conflict:
            reply = _reply_to(row, await self._engine.journal(row.run_id))
            before = reply.approval.model_copy(update={"role": None}) if reply and reply.approval else None
            if before == given and reply is not None and reply.by == scope.principal:
                return await self.show(question_id)
            raise
        log.info("action_decided", run_id=str(row.run_id), step=row.key, verdict=verdict.value)
        return await self.show(question_id)

    def _let(self, row: QuestionRow) -> None:
        """Raise `Forbidden` where the question is not for the scope."""
        if row.assignee is None:
            self._authority.let_answer(self._scope, row.role)
        elif row.assignee != self._scope.principal:
            raise Forbidden(f"This question is for {row.assignee}, and for nobody else.")

    async def _row(self, question_id: UUID) -> QuestionRow:
        row = await self._repository.get(question_id)
        if row is None:
            raise NotFound(f"There is no question {question_id}.")
        return row


def _as_seen(
    row: QuestionRow, stored: Stored, mask: Mask, answer: str | None = None, journal: Sequence[Entry] = ()
) -> Question:
    """A question, with its action as far as `mask` shows it."""
    question, approval = _shown(row, stored, answer), _approval(stored)
    if approval is None:
        return question
    return question.model_copy(update={"action": actions.shown(approval, mask, journal)})


def _masked(question: Question, mask: Mask) -> Question:
    """A question whose own texts are masked, too: who writes them may name somebody."""
    names = ("prompt", "why", "choices", "default", "default_assumes")
    seen = mask({name: getattr(question, name) for name in names})
    return question.model_copy(update=dict(seen) if isinstance(seen, dict) else {})


def _silent(question: Question) -> Question:
    """A question without anything that may be personal."""
    changes: dict[str, object] = {
        "prompt": "",
        "why": "",
        "choices": [],
        "default": None,
        "default_assumes": "",
    }
    if question.action is not None:
        hidden: dict[str, object] = {"arguments": None, "reasons": [], "changes": [], "note": ""}
        changes["action"] = question.action.model_copy(update=hidden)
    return question.model_copy(update=changes)


def _reply_to(row: QuestionRow, journal: Sequence[Entry]) -> Reply | None:
    try:
        for entry in journal:
            if entry.kind is Kind.ANSWERED and entry.key == row.key:
                return Reply.model_validate_json(decode(entry.codec, entry.payload))
    except PayloadUnreadable as error:
        log.warning("answer_not_shown", run_id=str(row.run_id), step=row.key, reason=error.message)
    return None


def _approval(stored: Stored) -> Approval | None:
    """What the question's action is; None where it has none, or cannot be read."""
    try:
        return _asked(stored).approval
    except PayloadUnreadable:
        return None


def open_of(scope: Scope, run_id: UUID) -> Read[list[QuestionRow]]:
    """The open questions of a run, in the order in which they were asked, to be `shown`."""
    return repository.open_of(scope, run_id)


async def shown(engine: Engine, rows: Sequence[QuestionRow]) -> list[Question]:
    """Questions as people see them, without their answers. Those that are sealed are opened."""
    return [_shown(row, await _opened(engine, row)) for row in rows]


async def _opened(engine: Engine, row: QuestionRow) -> Stored:
    place = of_question(row.tenant_id, row.run_id, row.key)
    return await engine.store.payloads.shown(row.codec, row.payload, place)


def _asked(stored: Stored) -> Asked:
    return Asked.model_validate_json(decode(*stored))


def _accepted(stored: Stored, text: str) -> str | None:
    """The answer as the question understands it; None where it would be refused, or cannot be told."""
    try:
        return _asked(stored).accept(text)
    except (InvalidInput, PayloadUnreadable):
        return None


def _shown(row: QuestionRow, stored: Stored, answer: str | None = None) -> Question:
    try:
        asked = _asked(stored)
    except PayloadUnreadable as error:  # one that cannot be read must not hide the others
        asked = Asked(prompt=str(error))
    return Question(
        id=row.id,
        run_id=row.run_id,
        key=row.key,
        status=QuestionStatus(row.status),
        kind=asked.kind,
        prompt=asked.prompt,
        why=asked.why,
        choices=list(asked.choices),
        free=asked.approval is None and (asked.free or not asked.choices),
        default=asked.default,
        default_assumes=asked.default_assumes,
        role=row.role,
        assignee=row.assignee,
        answer=answer,
        expires_at=row.expires_at,
        created_at=row.created_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
    )
