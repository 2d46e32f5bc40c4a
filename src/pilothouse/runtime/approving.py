"""Approvals: what people are asked before an action, and what their answers are worth.

The questions stand inside the act's step (`pay#0/approval#0`). They are not checked at replay: which ones are
asked depends on the policy of the moment. An answer counts by the digest of the action alone, which no other
run, step, tool or arguments have, and only until the action is dispatched, or its run is forked or retried.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import structlog

from pilothouse.runtime import asking
from pilothouse.runtime.asking import CLOSE_QUESTION, Asked
from pilothouse.runtime.branch import Branch
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.errors import Refused, WrongType
from pilothouse.runtime.governing import Action, Decision, Requirement, names_of
from pilothouse.runtime.history import Step
from pilothouse.runtime.intending import Intent, edited
from pilothouse.runtime.ports import Actor, Statement
from pilothouse.runtime.questions import Approval, ApprovalVerdict, Given, QuestionKind, Reply
from pilothouse.runtime.turn import Turn
from pilothouse.runtime.witnessing import testified

log = structlog.get_logger(__name__)

NAME = "approval"
APPROVE, REFUSE = "approve", "refuse"


class Round(NamedTuple):
    """One question about the action, and what became of it."""

    step: Step
    asked: Asked
    approval: Approval
    reply: Reply | None
    seq: int

    @property
    def is_open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.step.is_open_question

    def has_expired(self, now: dt.datetime) -> bool:
        """Whether the time for an answer is over."""
        return self.asked.expires_at is not None and self.asked.expires_at <= now


class Approved(NamedTuple):
    """An approval that counts: for these roles, by whom, in answer to which question."""

    digest: str
    roles: frozenset[str]
    by: str
    question: str


@dataclass
class Standing:
    """What people have said of one act so far. `intent` is the action as they have left it."""

    intent: Intent
    rounds: Sequence[Round]
    approved: list[Approved] = field(default_factory=list)
    refusal: str | None = None
    before: str | None = None
    edited_by: str | None = None
    note: str = ""

    @property
    def is_edited(self) -> bool:
        """Whether the action is another one than the workflow asked for."""
        return self.edited_by is not None

    @property
    def open(self) -> list[Round]:
        """The questions that still wait."""
        return [each for each in self.rounds if each.is_open]


async def standing(turn: Turn, branch: Branch, step: Step, tool: Actor[Any, Any], intent: Intent) -> Standing:
    """What the journal holds of approvals for this act since it was last dispatched or its run began anew."""
    rounds = list(_rounds(turn, step))
    found = Standing(intent, rounds)
    for each in sorted((each for each in rounds if each.reply), key=lambda each: each.seq):
        given = each.reply.approval if each.reply else None
        if given is None or (given.digest, given.question) != (each.approval.digest, each.step.key):
            log.warning("approval_not_taken", step=each.step.key, reason="It is not of what was asked.")
        elif given.verdict is ApprovalVerdict.REFUSE:
            found.refusal = _refusal(tool, each.reply, given)
        elif given.digest != found.intent.action.digest:
            log.warning("approval_not_taken", step=each.step.key, reason="It is of another action.")
        else:
            await _take(found, each, given, lambda text: edited(turn, branch, step, tool, text))
    return found


def missing(turn: Turn, found: Standing, decision: Decision) -> list[Requirement]:
    """The approvals that the decision requires, and that neither people have given nor their silence."""
    if not decision.requirements:
        return []
    requesters = {turn.claim.principal, *turn.history.requesters}
    digest = found.intent.action.digest
    left = []
    for needed in decision.requirements:
        if any(
            given.digest == digest
            and needed.role in given.roles
            and not (needed.not_requester and given.by in requesters)
            for given in found.approved
        ):
            continue
        silent = _silent(turn, found, needed)
        if silent is None:
            left.append(needed)
        else:
            found.approved.append(Approved(digest, frozenset({needed.role}), "", silent.step.key))
    return left


async def ask(
    turn: Turn, branch: Branch, step: Step, found: Standing, decision: Decision, needed: Sequence[Requirement]
) -> BaseException:
    """Put what is missing before people; returns the interrupt to raise.

    That is `Refused` where nobody approved in time.
    """
    asking_now = _Asking(turn, step, found, decision)
    for requirement in needed:
        await asking_now.see_to(requirement)
        if asking_now.lapsed is not None:
            return asking_now.lapsed
    await asking_now.commit()
    return branch.suspend(asking_now.wake_at)


async def closing(turn: Turn, found: Standing) -> tuple[list[Entry], list[Statement]]:
    """What withdraws the questions that still wait: nobody needs to answer them any more."""
    entries, beside = [], []
    for each in found.open:
        what = "lapsed" if each.has_expired(turn.now()) else "withdrawn"
        entries.append(Entry(Kind.WITHDRAWN, each.step.key))
        beside.append(Statement(CLOSE_QUESTION, ("withdrawn", turn.run_id, each.step.key)))
        beside += await testified(turn, what, each.step.key, each.approval.digest, {})
    return entries, beside


def _latest(found: Standing, needed: Requirement) -> Round | None:
    """The last question that asked for this approval of the action as it is now."""
    digest = found.intent.action.digest
    fitting = [
        each
        for each in found.rounds
        if each.approval.digest == digest
        and each.approval.requirement.role == needed.role
        and each.approval.requirement.not_requester >= needed.not_requester
        and Kind.WITHDRAWN not in each.step.entries
    ]
    return fitting[-1] if fitting else None


def _silent(turn: Turn, found: Standing, needed: Requirement) -> Round | None:
    """The question that nobody has answered in time, where that approves and nobody else is to be asked."""
    latest = _latest(found, needed)
    if needed.on_expiry != APPROVE or latest is None or not latest.is_open:
        return None
    last = latest.approval.escalated or needed.escalates_to is None
    return latest if last and latest.has_expired(turn.now()) else None


def _rounds(turn: Turn, step: Step) -> Iterator[Round]:
    since = max(turn.history.renewed, step.dispatched)
    for component in turn.history.verbs.get(step.key, ()):
        each = turn.history.step(f"{step.key}/{component}")
        entry = each.entries.get(Kind.ASKED) if each is not None else None
        if each is None or entry is None or not component.startswith(f"{NAME}#") or entry.seq <= since:
            continue
        asked = Asked.model_validate_json(decode(entry.codec, entry.payload))
        if asked.approval is None:
            continue
        answered = each.entries.get(Kind.ANSWERED)
        reply = None
        if answered is not None and Kind.WITHDRAWN not in each.entries:
            reply = Reply.model_validate_json(decode(answered.codec, answered.payload))
        yield Round(each, asked, asked.approval, reply, answered.seq if answered else entry.seq)


async def _take(found: Standing, each: Round, given: Given, read: Callable[[str], Awaitable[Intent]]) -> None:
    """Take an approval or an edit in; a delegation is seen to when what is missing is asked."""
    by = each.reply.by if each.reply else ""
    roles = frozenset({each.approval.requirement.role, *((given.role,) if given.role else ())})
    if given.verdict is ApprovalVerdict.EDIT:
        try:
            intent = await read(given.arguments or "null")
        except WrongType as error:
            found.note = f"The change was not taken: {error.message}"
            return
        found.before, found.edited_by = found.intent.shown.decode(), by
        found.intent, found.note = intent, ""
        found.approved = []
    if given.verdict in {ApprovalVerdict.EDIT, ApprovalVerdict.APPROVE}:
        found.approved.append(Approved(found.intent.action.digest, roles, by, each.step.key))


def _refusal(tool: Actor[Any, Any], reply: Reply | None, given: Given) -> str:
    by = reply.by if reply is not None and reply.by else "somebody"
    return f"{tool.name} was refused by {by}: {given.reason or 'no reason was given.'}"


class _Asking:
    """One turn's questions, withdrawals and escalations about an act: written together, or not at all."""

    def __init__(self, turn: Turn, step: Step, found: Standing, decision: Decision) -> None:
        self._turn, self._step, self._found, self._decision = turn, step, found, decision
        counted = {each.question for each in found.approved}
        self._unneeded = {each.step.key: each for each in found.open if each.step.key not in counted}
        self._entries: list[Entry] = []
        self._beside: list[Statement] = []
        self._times: list[dt.datetime] = []
        recorded = turn.history.verbs.get(step.key, ())
        self._next = sum(component.startswith(f"{NAME}#") for component in recorded)
        self.lapsed: Refused | None = None

    @property
    def wake_at(self) -> dt.datetime | None:
        """When the first of the questions that wait expires."""
        return min(self._times, default=None)

    async def see_to(self, needed: Requirement) -> None:
        """Keep the question that asks for this approval, pass it on, or ask it."""
        latest = _latest(self._found, needed)
        if latest is None:
            await self._put(needed)
        elif latest.is_open:
            await self._keep(latest, needed)
        else:
            await self._after(latest, needed)

    async def commit(self) -> None:
        """Write it. An answer that came since the run was claimed goes before it: the turn is lost then."""
        for each in self._unneeded.values():
            self._close(each)
            self._beside += await testified(self._turn, "withdrawn", each.step.key, each.approval.digest, {})
        if self._entries:
            kept = self._found.intent.guarded.kept
            await self._turn.append(
                *self._entries, beside=(*self._beside, *kept), unless_woken=bool(self._found.open)
            )

    async def _keep(self, latest: Round, needed: Requirement) -> None:
        expires_at = latest.asked.expires_at
        if not latest.has_expired(self._turn.now()):
            del self._unneeded[latest.step.key]
            self._times += [expires_at] if expires_at is not None else []
            return
        role = needed.escalates_to
        if role is not None and not latest.approval.escalated:
            facts = {"from": latest.asked.role, "to": role}
            await self._testify("escalated", latest.step.key, facts)
            await self._put(needed, role=role, escalated=True)
            return
        whom = latest.asked.assignee or f"approver:{latest.asked.role}"
        tool = self._found.intent.action.tool
        self.lapsed = Refused(f"{tool} was refused: {whom} did not approve it in time.")

    async def _after(self, latest: Round, needed: Requirement) -> None:
        """It was answered, and is still missing: delegated, not taken, or by one who may not any more."""
        given = latest.reply.approval if latest.reply else None
        if given is None or given.verdict is not ApprovalVerdict.DELEGATE:
            await self._put(needed)
            return
        escalated = latest.approval.escalated
        by = latest.reply.by if latest.reply else ""
        await self._put(
            needed, role=given.to_role, assignee=given.to_assignee, escalated=escalated, delegated_by=by
        )

    async def _put(
        self,
        needed: Requirement,
        *,
        role: str | None = None,
        assignee: str | None = None,
        escalated: bool = False,
        delegated_by: str | None = None,
    ) -> None:
        turn, action = self._turn, self._found.intent.action
        about = self._about(action, needed, escalated=escalated, delegated_by=delegated_by)
        after = needed.expires_after
        expires_at = None if after is None else turn.now() + dt.timedelta(seconds=after)
        question = Asked(
            kind=QuestionKind.APPROVAL,
            prompt=f"Approve {action.tool}?",
            why=" ".join(self._decision.reasons),
            choices=(APPROVE, REFUSE),
            role=None if assignee is not None else role or needed.role,
            assignee=assignee,
            approval=about,
            expires_at=expires_at,
        )
        step = Step(f"{self._step.key}/{NAME}#{self._next}", "ask")
        self._next += 1
        entry, row = await asking.put(turn, step, question)
        turn.asked.append(step.key)
        self._entries.append(entry)
        self._beside.append(row)
        self._times += [expires_at] if expires_at is not None else []
        await self._testify("asked", step.key, {"role": question.role, "assignee": assignee})

    def _about(
        self, action: Action, needed: Requirement, *, escalated: bool, delegated_by: str | None
    ) -> Approval:
        found, decision = self._found, self._decision
        requesters = {self._turn.claim.principal, *self._turn.history.requesters} - {""}
        return Approval(
            digest=action.digest,
            tool=action.tool,
            step=action.step,
            arguments=found.intent.shown.decode(),
            cost=action.cost,
            workflow=action.workflow,
            agent=action.agent,
            principal=action.principal,
            marks=names_of(action.marks),
            reasons=decision.reasons,
            policies=decision.policies,
            version=decision.version,
            requirement=needed,
            requesters=tuple(sorted(requesters)),
            escalated=escalated,
            delegated_by=delegated_by,
            before=found.before,
            edited_by=found.edited_by,
            note=found.note,
        )

    def _close(self, each: Round) -> None:
        self._entries.append(Entry(Kind.WITHDRAWN, each.step.key))
        close = Statement(CLOSE_QUESTION, ("withdrawn", self._turn.run_id, each.step.key))
        self._beside.append(close)

    async def _testify(self, what: str, key: str, facts: dict[str, str | None]) -> None:
        digest = self._found.intent.action.digest
        self._beside += await testified(self._turn, what, key, digest, {**facts})
