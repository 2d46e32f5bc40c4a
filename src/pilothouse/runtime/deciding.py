"""What an approver decides about an action reaches its run: one transaction on the run's row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import replace
from uuid import UUID

import orjson

from pilothouse.errors import Conflict, Forbidden, InvalidInput, NotFound
from pilothouse.kit import canonical
from pilothouse.runtime import beside
from pilothouse.runtime.asking import Asked
from pilothouse.runtime.entries import Entry, Kind, decode
from pilothouse.runtime.events import CLOSE, QUESTION, Held, held
from pilothouse.runtime.governing import Testimony, Witness
from pilothouse.runtime.guarding import Guard, Inlet, Passage
from pilothouse.runtime.questions import Approval, ApprovalVerdict, Given, Reply
from pilothouse.runtime.sealing import of_question
from pilothouse.runtime.store import Store

LINEAGE = """
with recursive line(id, forked_from, continued_from, principal) as (
  select id, forked_from, continued_from, principal from runs where id = %s
  union
  select runs.id, runs.forked_from, runs.continued_from, runs.principal
    from line join runs on runs.id = any(array[line.forked_from, line.continued_from]))
select distinct principal from line
"""
"""Who asked for a run, for those that it is a fork of, and for those that it goes on from."""
MAKERS = "select 'key:' || id, made_by from api_keys where tenant_id = %s and id = any(%s::uuid[])"
"""Who made these keys: what a program asks for, whoever gave it its key has asked for, too."""

_WHAT = {
    ApprovalVerdict.APPROVE: "approved",
    ApprovalVerdict.EDIT: "edited",
    ApprovalVerdict.REFUSE: "refused",
    ApprovalVerdict.DELEGATE: "delegated",
}


async def decide(
    store: Store,
    witness: Witness,
    guard: Guard,
    run_id: UUID,
    given: Given,
    *,
    tenant_id: str,
    by: str,
    now: dt.datetime,
) -> None:
    """Take what `by` decided about the action of an open question.

    That `by` has the role is checked before; that it is no requester, here.

    Raises `NotFound` where there is no such question, `Conflict` where it is closed, has expired, or is of
    another action than the one that `given` names, `Forbidden` for whoever asked for the action where the
    policy says so, and `InvalidInput` for what is no approval, no JSON, or nobody to delegate to.
    """
    key = given.question
    async with held(store, run_id, tenant_id) as run:
        row = await (await run.connection.execute(QUESTION, (run_id, key))).fetchone()
        if row is None:
            raise NotFound(f"Run {run_id} has no question {key[:80]!r}.")
        codec, payload, status = row
        if status != "open":
            raise Conflict(f"The question {key} of run {run_id} is already {status}.")
        place = of_question(tenant_id, run_id, key)
        asked = Asked.model_validate_json(decode(*await store.payloads.opened(codec, payload, place)))
        if asked.approval is None:
            raise InvalidInput(f"The question {key} is about no action: it is answered.")
        if asked.expires_at is not None and asked.expires_at <= now:
            raise Conflict(f"The question {key} of run {run_id} has expired.")
        _assert_named(asked.approval, given)
        given = _checked(asked.approval, given).model_copy(update={"role": asked.role})
        if asked.approval.requirement.not_requester and given.verdict is not ApprovalVerdict.REFUSE:
            await _assert_no_requester(run, asked.approval, {by, given.to_assignee or by}, by)
        passage = Passage(Inlet.ANSWER, tenant_id, run_id, now, step=key, by=by, ours=True)
        given, sealed = await _guarded(guard, passage, run, given)
        told = Testimony(
            what=_WHAT[given.verdict],
            tenant_id=tenant_id,
            run_id=run_id,
            step=key,
            by=by,
            at=now,
            digest=given.digest,
            facts=given.model_dump(mode="json", exclude={"arguments"}, exclude_none=True),
        )
        recorded = await witness.witness(told)
        await beside.execute(run.connection, [(0, statement) for statement in recorded])
        reply = Reply(answer=given.verdict.value, by=by, approval=given).model_dump_json().encode()
        await run.connection.execute(CLOSE, (by, run_id, key))
        following = "queued" if run.status == "waiting" else run.status
        await sealed.move(Entry(Kind.ANSWERED, key, reply), following)


async def _guarded(guard: Guard, passage: Passage, run: Held, given: Given) -> tuple[Given, Held]:
    """What was given with the words in it that may pass, and the run after that. Raises `Blocked`."""
    if given.arguments is not None:
        found = await guard.check(passage, given.arguments.encode())
        arguments = canonical.rfc8785(canonical.exact(found.data)).decode()
        given, run = given.model_copy(update={"arguments": arguments}), await run.guarded(found)
    if given.reason:
        found = await guard.check(replace(passage, ours=False), orjson.dumps(given.reason))
        given, run = given.model_copy(update={"reason": orjson.loads(found.data)}), await run.guarded(found)
    return given, run


def _assert_named(approval: Approval, given: Given) -> None:
    if given.digest != approval.digest:
        raise Conflict(
            f"The action is {approval.digest}, and what was decided is about {given.digest[:80]}.",
            hint="Look at it again, then decide.",
        )


def _checked(approval: Approval, given: Given) -> Given:
    """What was given, as it is kept; raises `InvalidInput` for an edit that is none."""
    if given.verdict is not ApprovalVerdict.EDIT:
        return given.model_copy(update={"arguments": None})
    try:
        arguments = canonical.rfc8785(canonical.exact(given.arguments or "")).decode()
    except ValueError as error:
        raise InvalidInput(f"The arguments are no JSON: {error}.") from None
    if arguments == approval.arguments:
        raise InvalidInput("The arguments are what they were.", hint="Approve the action as it is.")
    return given.model_copy(update={"arguments": arguments})


async def _assert_no_requester(run: Held, approval: Approval, who: Iterable[str], by: str) -> None:
    """Raise `Forbidden` where one of these asked for the action: by themselves, a key or an earlier run."""
    rows = await (await run.connection.execute(LINEAGE, (run.run_id,))).fetchall()
    requesters = {*approval.requesters, *(row[0] for row in rows)} - {""}
    asked_for = await _with_makers(run, requesters)
    approving = await _with_makers(run, set(who))
    if both := asked_for & approving:
        raise Forbidden(
            f"{', '.join(sorted(both))} asked for this action, and who asks does not approve.",
            hint=f"Somebody else with the role approver:{approval.requirement.role} has to; you are {by}.",
        )


async def _with_makers(run: Held, principals: set[str]) -> set[str]:
    """These, and who made the keys among them."""
    known, left = set(principals), set(principals)
    while ids := [UUID(name[4:]) for name in left if name.startswith("key:")]:
        rows = await (await run.connection.execute(MAKERS, (run.tenant_id, ids))).fetchall()
        left = {row[1] for row in rows} - known
        known |= left
    return known
