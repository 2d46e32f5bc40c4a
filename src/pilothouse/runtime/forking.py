"""Forks: a new run that shares the beginning of another one's journal and goes its own way from a step on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple
from uuid import UUID

import orjson

from pilothouse.errors import Conflict, InvalidInput, NotFound
from pilothouse.kit import canonical
from pilothouse.runtime import beside, cutting, labels
from pilothouse.runtime.connection import Connection
from pilothouse.runtime.entering import Entrance
from pilothouse.runtime.entries import Entry, Kind
from pilothouse.runtime.errors import NonDeterminismError
from pilothouse.runtime.events import INSERT
from pilothouse.runtime.governing import Mark
from pilothouse.runtime.guarding import Inlet
from pilothouse.runtime.history import Fork, History
from pilothouse.runtime.listener import RUNS
from pilothouse.runtime.observing import origin
from pilothouse.runtime.passing import given_to
from pilothouse.runtime.replaying import misfit
from pilothouse.runtime.sealing import of_entry
from pilothouse.runtime.store import Claim, Store
from pilothouse.runtime.turn import Services
from pilothouse.runtime.workflows import Workflow, Workflows

PARENT = """
select workflow, version, pin, priority, labels, personal, untrusted, principal
  from runs where id = %s and tenant_id = %s
"""
MAKE = """
with parent as (
  select id, engagement_id, personal, untrusted, injection from runs
   where id = %s and tenant_id = %s and pruned_at is null for key share)
insert into runs (id, tenant_id, workflow, version, pin, status, priority, principal, idempotency_key,
                  input_digest, seq, labels, request_id, traceparent, forked_from, forked_seq,
                  engagement_id, personal, untrusted, injection)
select %s, %s, %s, %s, %s, 'queued', %s, %s, %s, %s, %s, %s::jsonb, %s, %s, parent.id, %s, engagement_id,
       personal, untrusted, injection
  from parent
    on conflict (tenant_id, idempotency_key) where idempotency_key is not null do nothing
returning id
"""
"""Makes the row of a fork; the parent is kept from being deleted meanwhile."""
GUARDED = "update runs set personal = %s, injection = injection or %s where id = %s"
"""What the guard found in what a fork is given."""
EARLIER = "select id, input_digest from runs where tenant_id = %s and idempotency_key = %s"
ROUNDS = 50
"""How many differences are looked at, at most, in search of the latest cut that fits."""


class ForkUnfit(Conflict):
    """A step before the cut would not be what the journal says."""

    code = "fork_unfit"


def anybody(_role: str) -> None:
    """Whoever works on the database directly may answer everything."""


@dataclass(frozen=True)
class ForkOrder:
    """A fork to be made of the run `parent`, from the step `at` on.

    Without `at`: from the first of the questions that `answers` names, or from the beginning where the
    `payload` (the input as JSON) is changed. `labels` replaces the parent's labels.
    `let_answer` is told the role of each question that is answered, and raises where that is not allowed.
    """

    parent: UUID
    tenant_id: str
    at: str | None = None
    payload: bytes | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] | None = None
    principal: str = ""
    idempotency_key: str | None = None
    let_answer: Callable[[str], None] = anybody


class _Parent(NamedTuple):
    workflow: str
    version: int
    pin: str
    priority: int
    labels: dict[str, str]
    personal: bool
    untrusted: bool
    principal: str


async def fork(
    store: Store, workflows: Workflows, services: Services, order: ForkOrder, *, limit: float
) -> UUID:
    """Make a fork; returns its id, or that of the earlier one with the same idempotency key.

    Raises `NotFound` for an unknown run, step or question, `InvalidInput` for a place that is not said or
    an answer that is none of the choices, `WrongType` for input that does not fit the workflow, `ForkUnfit`
    where a step before the cut would not be what the journal says, and `Conflict` for an answer before
    the cut, or an idempotency key that was used for something else, and what `let_answer` raises.
    """
    parent = await _parent(store, order)
    journal = (await store.read_outside([order.parent]))[order.parent]
    if not journal:
        raise Conflict(f"The journal of run {order.parent} was removed: its days of retention are over.")
    seq, step = _cut(journal, order)
    answers = cutting.answers_by_key(journal, seq, order.answers)
    approved = cutting.roles_of(journal, answers)
    for role in approved.values():
        order.let_answer(role)
    workflow = _workflow(workflows, parent.pin)
    new_id = services.ids.new()
    entry = Entrance(services.guard, order.tenant_id, new_id, order.principal, services.clock.now())
    changed = await _changed(order, workflow, parent.pin, entry)
    answers = await entry.answers(answers)
    before, shared = History(journal), History(journal[:seq])
    if changed is None and before.input != shared.input:  # the parent is itself a fork, made behind the cut
        changed = before.input
    made = Fork(
        parent=order.parent,
        origin=before.origin or order.parent,
        seq=seq,
        step=step,
        input=changed.decode() if changed is not None else None,
        answers=answers,
        approved=approved,
        dropped=cutting.dropped(journal, seq, step) if step else (),
        by=order.principal,
        requesters=tuple(sorted({parent.principal, *before.requesters})),
    )
    if workflow is not None:
        claim = Claim(
            *(order.parent, order.tenant_id, parent.pin, 0, 0, order.principal, False),
            personal=parent.personal,
            untrusted=parent.untrusted,
        )
        await _assert_fit(workflow, journal, made, claim, services, limit)
    entry.beside += services.guard.carried(order.tenant_id, order.parent, new_id)
    return await _make(store, parent, made, order, entry)


async def _parent(store: Store, order: ForkOrder) -> _Parent:
    async with store.events.held() as connection:
        row = await (await connection.execute(PARENT, (order.parent, order.tenant_id))).fetchone()
    if row is None:
        raise NotFound(f"There is no run {order.parent}.")
    return _Parent(*row)


def _cut(journal: Sequence[Entry], order: ForkOrder) -> tuple[int, str]:
    """The last entry that is shared, and the step that comes behind it ("": the beginning)."""
    if order.at is not None:
        step = cutting.step_named(journal, order.at)
        return cutting.before(journal, step), step
    if order.payload is not None:
        return 1, ""
    if not order.answers:
        raise InvalidInput(
            "It is not said where the run is to be forked.", hint="Name a step, an answer or another input."
        )
    asked = {entry.key for entry in journal if entry.kind is Kind.ASKED}
    keys = [cutting.question_named(asked, name) for name in order.answers]
    return min((cutting.before(journal, key), key) for key in keys)


def _workflow(workflows: Workflows, pin: str) -> Workflow | None:
    try:
        return workflows.pinned(pin)
    except KeyError:
        return None


async def _changed(order: ForkOrder, workflow: Workflow | None, pin: str, entry: Entrance) -> bytes | None:
    """The changed input as the workflow's type writes it; None where it stays."""
    if order.payload is None:
        return None
    if workflow is None:
        raise Conflict(
            f"The workflow {pin} is not installed here, so that the changed input cannot be checked.",
            hint="Fork where it is installed.",
        )
    signature = workflow.signature
    payload = signature.dump_input(signature.parse_input(order.payload))
    return await entry.taken(Inlet.INPUT, payload, given_to(signature))


async def _assert_fit(
    workflow: Workflow, journal: Sequence[Entry], made: Fork, claim: Claim, services: Services, limit: float
) -> None:
    """Raise `ForkUnfit`, with the latest cut that would fit, where the code would not take the shared way."""
    first = found = await misfit(workflow, _forked(journal, made), claim, services, limit=limit)
    at = made
    for _ in range(ROUNDS):
        if found is None or not found.step:
            break
        at = at.model_copy(update={"seq": cutting.before(journal, found.step), "step": found.step})
        found = await misfit(workflow, _forked(journal, at), claim, services, limit=limit)
    if first is None:
        return
    hint = f"Fork at {at.step} (entry {at.seq + 1}) or before it." if found is None else "Undo the change."
    raise ForkUnfit(f"The fork does not fit what comes before it: {first.reason}", hint=hint) from (
        NonDeterminismError(first.reason, step=first.step)
    )


def _forked(journal: Sequence[Entry], made: Fork) -> list[Entry]:
    entry = Entry(Kind.FORKED, "", made.model_dump_json().encode(), seq=made.seq + 1)
    return [*journal[: made.seq], entry]


async def _make(store: Store, parent: _Parent, made: Fork, order: ForkOrder, entrance: Entrance) -> UUID:
    came, new_id = origin.get(), entrance.run_id
    kept = parent.labels if order.labels is None else await entrance.labels(labels.checked(order.labels))
    order = replace(order, idempotency_key=await entrance.key(order.idempotency_key))
    personal = parent.personal or entrance.personal
    payload = made.model_dump_json().encode()
    digest = canonical.digest(
        b"fork" + made.model_dump_json(exclude={"dropped", "approved", "requesters"}).encode()
    )
    run = (
        *(order.parent, order.tenant_id, new_id, order.tenant_id, parent.workflow, parent.version),
        *(parent.pin, parent.priority, order.principal, order.idempotency_key, digest, made.seq + 1),
        *(orjson.dumps(kept).decode(), came.request_id, came.traceparent, made.seq),
    )
    async with store.events.held() as connection, connection.transaction():
        if await (await connection.execute(MAKE, run)).fetchone() is None:
            return await _earlier(connection, order, digest)
        found = (personal, Mark.INJECTION in entrance.marks, new_id)
        await connection.execute(GUARDED, found)
        await beside.execute(connection, list(enumerate(entrance.beside)))
        place = of_entry(order.tenant_id, new_id, Entry(Kind.FORKED, "")) if personal else None
        codec, stored = await store.payloads.inlined(payload, place)
        entry = (new_id, made.seq + 1, order.tenant_id, Kind.FORKED.value, "", int(codec), stored)
        await connection.execute(INSERT, (*entry, None, new_id))
        await connection.execute("select pg_notify(%s, '')", (RUNS,))
    return new_id


async def _earlier(connection: Connection, order: ForkOrder, digest: bytes) -> UUID:
    """The fork that was made with the same key; the parent may have gone in the meantime, too."""
    row = await (await connection.execute(EARLIER, (order.tenant_id, order.idempotency_key))).fetchone()
    if row is None:
        raise NotFound(f"There is no run {order.parent}.")
    if row[1] != digest:
        raise Conflict(
            f"The idempotency key {order.idempotency_key!r} was used for another submission (run {row[0]}).",
            hint="Send a new key with a new request.",
        )
    return UUID(str(row[0]))
