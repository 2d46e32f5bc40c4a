"""What a link does: it is made for one person, shows one action to whoever has it, and decides it once.

It carries the rights that its addressee has at the moment of use, and of these only those to see and answer
questions: personal data stay placeholders, for the link may lie in a mailbox or a chat.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from pilothouse.audit.service import AuditLog
from pilothouse.errors import Conflict, Forbidden, InvalidInput
from pilothouse.inbox.actions import Masks
from pilothouse.inbox.links import PATH, LinkKeys, LinkOver, LinkUnknown, Said, read
from pilothouse.inbox.repository import LinkRepository, QuestionRepository
from pilothouse.inbox.schemas import (
    Approve,
    Decided,
    IntendedAction,
    LinkDecision,
    Linked,
    Question,
    QuestionStatus,
    Refuse,
)
from pilothouse.inbox.service import Questions
from pilothouse.inbox.tables import ActionLinkRow
from pilothouse.kit.clock import Clock
from pilothouse.kit.origin import Origin
from pilothouse.kit.scope import Scope
from pilothouse.kit.secret import SecretSource
from pilothouse.kit.session import Database
from pilothouse.people.schemas import Standing
from pilothouse.policies.service import Authority
from pilothouse.runtime.engine import Engine

log = structlog.get_logger(__name__)

LASTS = dt.timedelta(hours=24)
"""How long a link is good at most; a question that expires earlier ends it then."""
RIGHTS = frozenset({"questions:read", "questions:answer"})

StandingOf = Callable[[UUID], Awaitable[Standing | None]]
"""What a person may do at this moment."""

_OVER = {
    QuestionStatus.ANSWERED: "This action was decided already.",
    QuestionStatus.WITHDRAWN: "This action is not asked about any more.",
    QuestionStatus.EXPIRED: "This question has expired.",
}


@dataclass(frozen=True)
class Shown:
    """What a link shows: the question with its action, whose link it is, and what the page sends back."""

    question: Question
    action: IntendedAction
    addressee: str
    expires_at: dt.datetime
    seen: str


@dataclass(frozen=True)
class LinkParts:
    """What links work with. Nothing is made or taken by links where they are not `allowed`."""

    database: Database
    engine: Engine
    authority: Authority
    secrets: SecretSource
    standing_of: StandingOf
    masks: Masks
    origin: Origin
    clock: Clock
    allowed: bool


class ActionLinks:
    """Makes links, and takes what is decided by them."""

    def __init__(self, parts: LinkParts) -> None:
        """Keep links in the database; decisions go through the engine as all others do."""
        self._database = parts.database
        self._engine = parts.engine
        self._authority = parts.authority
        self._keys = LinkKeys(parts.secrets)
        self._standing_of = parts.standing_of
        self._masks = parts.masks
        self._origin = parts.origin
        self._clock = parts.clock
        self._audit = AuditLog(parts.clock, parts.engine.ids)
        self._allowed = parts.allowed

    async def make(self, link_id: UUID, tenant_id: str, question: Question, addressee: str) -> Linked | None:
        """The link of this id for a person; the same one each time.

        None where links are not allowed, nobody has said where they lead, or the question is not for them.
        """
        if not self._allowed or not self._origin.is_known or question.action is None:
            return None
        try:
            scope = await self._scope(tenant_id, addressee)
            self._let(scope, question)
        except Forbidden as error:
            log.info("link_not_made", question_id=str(question.id), reason=error.message)
            return None
        now = self._clock.now().replace(microsecond=0)
        ends = now + LASTS if question.expires_at is None else min(now + LASTS, question.expires_at)
        async with self._database.session(scope) as session:
            row = await LinkRepository(session, scope).keep(
                id=link_id,
                question_id=question.id,
                digest=question.action.digest,
                addressee=addressee,
                role=question.role,
                created_at=now,
                expires_at=ends.replace(microsecond=0),
            )
        token = await self._keys.token(row)
        return Linked(addressee, row.expires_at, token, f"{self._origin.url()}{PATH}?token={token}")

    async def show(self, token: str) -> Shown:
        """What a link is about; changes nothing but that it was looked at.

        Raises `LinkUnknown`, `LinkOver`, and `Forbidden` where its addressee may not decide any more.
        """
        said = self._read(token)
        row = await self._row(said)
        scope = await self._scope(row.tenant_id, row.addressee)
        async with self._database.session(scope) as session:
            question, action = await self._question(session, scope, row)
            row = await LinkRepository(session, scope).get(row.id) or row
            if row.seen_at is None:
                row.seen_at = self._clock.now()
                await LinkRepository(session, scope).save(row)
                await self._record(session, scope, row, "seen_by_link")
            seen = await self._keys.seen(row, self._clock.now())
        return Shown(question, action, row.addressee, row.expires_at, seen)

    async def decide_seen(
        self, token: str, seen: str, digest: str, verdict: Literal["approve", "refuse"], reason: str
    ) -> Decided:
        """Take what the page of a link sends, which has to have been shown; else as `decide`."""
        said = self._read(token)
        row = await self._row(said)
        if not await self._keys.was_seen(row, seen, self._clock.now()):
            raise LinkOver("The page is too old, or was not shown.", hint="Open the link again.")
        try:
            given = LinkDecision(token=token, digest=digest, verdict=verdict, reason=reason)
        except ValidationError:
            raise InvalidInput("This is not the form that was shown.", hint="Open the link again.") from None
        return await self.decide(given)

    async def decide(self, given: LinkDecision) -> Decided:
        """Decide the action of a link as its addressee, once.

        Raises `LinkUnknown`, `LinkOver` where it was used, has expired, or the question is closed or of
        another action by now, `Forbidden` as every decision does, and `Conflict` while another use is under
        way.
        """
        said = self._read(given.token)
        known = await self._row(said)
        scope = await self._scope(known.tenant_id, known.addressee)
        async with self._database.session(scope) as session:
            links = LinkRepository(session, scope)
            row = await links.get(known.id, alone=True)
            if row is None:
                raise Conflict("This link is being used at this moment.", hint="Look again in a moment.")
            self._assert_good(row)
            _, action = await self._question(session, scope, row)
            if given.digest != action.digest:
                raise Conflict(f"The action is {action.digest}, and what was decided is about another one.")
            row.used_at, row.verdict = self._clock.now(), given.verdict
            await links.save(row)
            await self._record(session, scope, row, "decided_by_link", verdict=given.verdict)
            questions = self._questions(session, scope)
            if given.verdict == "approve":
                done = await questions.approve(
                    row.question_id, Approve(digest=row.digest, reason=given.reason)
                )
            else:
                done = await questions.refuse(row.question_id, Refuse(digest=row.digest, reason=given.reason))
        log.info("decided_by_link", question_id=str(row.question_id), verdict=given.verdict)
        return Decided(
            question_id=row.question_id,
            verdict=given.verdict,
            digest=row.digest,
            decided_by=row.addressee,
            closed_at=done.closed_at,
        )

    def _read(self, token: str) -> Said:
        if not self._allowed:
            raise LinkUnknown("Links that decide are not allowed here.", hint="Sign in and use the inbox.")
        return read(token)

    async def _row(self, said: Said) -> ActionLinkRow:
        """The link that a token was made for, and that is still good."""
        nobody = Scope(said.tenant_id, "link")
        async with self._database.session(nobody) as session:
            row = await LinkRepository(session, nobody).get(said.link_id)
        if row is None or not await self._keys.fits(said, row):
            raise LinkUnknown(hint="Copy the whole of it.")
        self._assert_good(row)
        return row

    def _assert_good(self, row: ActionLinkRow) -> None:
        if row.used_at is not None:
            raise LinkOver("This link was used already.", hint="The inbox shows what became of it.")
        if row.expires_at <= self._clock.now():
            raise LinkOver("This link has expired.", hint="Sign in and use the inbox.")

    async def _scope(self, tenant_id: str, addressee: str) -> Scope:
        """The addressee as they are at this moment; raises `Forbidden` where they may not come any more."""
        standing = await self._standing_of(UUID(addressee.removeprefix("person:")))
        if standing is None or not standing.active or standing.tenant_id != tenant_id:
            raise Forbidden("The person whom this link is for may not decide here any more.")
        return Scope(tenant_id, addressee, standing.roles, permissions=RIGHTS)

    async def _question(
        self, session: AsyncSession, scope: Scope, row: ActionLinkRow
    ) -> tuple[Question, IntendedAction]:
        """The question and its action as they were when the link was made.

        Raises `LinkOver` and `Forbidden`.
        """
        question = await self._questions(session, scope).show(row.question_id)
        if question.status is not QuestionStatus.OPEN:
            raise LinkOver(_OVER[question.status], hint="The inbox shows what became of it.")
        if question.expires_at is not None and question.expires_at <= self._clock.now():
            raise LinkOver(_OVER[QuestionStatus.EXPIRED])
        if question.action is None or question.action.digest != row.digest or question.role != row.role:
            raise LinkOver("The action is another one by now.", hint="Sign in and look at it in the inbox.")
        self._let(scope, question)
        return question, question.action

    def _let(self, scope: Scope, question: Question) -> None:
        if question.assignee is None:
            self._authority.let_answer(scope, question.role)
        elif question.assignee != scope.principal:
            raise Forbidden("This question is for somebody else.")

    def _questions(self, session: AsyncSession, scope: Scope) -> Questions:
        repository = QuestionRepository(session, scope)
        return Questions(repository, self._engine, scope, self._authority, masks=self._masks)

    async def _record(
        self, session: AsyncSession, scope: Scope, row: ActionLinkRow, did: str, **details: str
    ) -> None:
        said = {"link": str(row.id), "digest": row.digest, **details}
        links = LinkRepository(session, scope)
        await links.record(self._audit, scope, f"question/{row.question_id}", did, **said)
