"""Approvals over a real database: one dispatch however many approve, and never by who asked for it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse import Context, tool, workflow
from pilothouse.errors import Conflict, Forbidden, InvalidInput, NotFound
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Kind, decode
from pilothouse.runtime.forking import ForkOrder
from pilothouse.runtime.governing import Requirement
from pilothouse.runtime.questions import ApprovalVerdict, Given, Question
from support.approvals import Policy, Till

Open = Callable[..., Awaitable[Engine]]

FINANCE = Requirement(role="finance")
GUARDED = Requirement(role="finance", not_requester=True)
KEY = "pay#0/approval#0"


@pytest.fixture
def till() -> Till:
    return Till()


async def reached(engine: Engine, run_id: UUID, *statuses: str) -> str:
    async with asyncio.timeout(10):
        while (status := await engine.status(run_id)) not in statuses:
            await asyncio.sleep(0.01)
    return status


async def submitted(engine: Engine, principal: str = "ada") -> UUID:
    run_id = await engine.submit(Order("refunds", b"500", principal=principal))
    await reached(engine, run_id, "waiting")
    return run_id


async def shown(engine: Engine, run_id: UUID, key: str = KEY) -> Any:
    entries = await engine.journal(run_id)
    found = [entry for entry in entries if (entry.kind, entry.key) == (Kind.ASKED, key)]
    return Question.model_validate_json(decode(found[-1].codec, found[-1].payload)).approval


async def given(engine: Engine, run_id: UUID, verdict: str = "approve", **said: Any) -> Given:
    key = said.pop("question", KEY)
    digest = said.pop("digest", None) or (await shown(engine, run_id, key)).digest
    return Given(verdict=ApprovalVerdict(verdict), digest=digest, question=key, **said)


async def test_a_hundred_approvals_at_once_over_several_connections_dispatch_once(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    policy = Policy(FINANCE)
    engines = [await open_engine(till.flow, governor=policy, witness=policy) for _ in range(4)]
    await start_worker(engines[0])
    run_id = await submitted(engines[0])
    told = await given(engines[0], run_id)

    async def approve(number: int) -> str:
        try:
            await engines[number % 4].decide(run_id, told, by=f"person {number}")
        except Conflict as error:
            return error.code
        return "approved"

    outcomes = Counter(await asyncio.gather(*(approve(number) for number in range(100))))
    assert outcomes == {"approved": 1, "conflict": 99}
    assert await reached(engines[0], run_id, "completed") == "completed"
    assert len(till.paid) == 1
    kinds = Counter(entry.kind for entry in await engines[0].journal(run_id))
    assert (kinds[Kind.ANSWERED], kinds[Kind.DISPATCH]) == (1, 1)
    assert [item.what for item in policy.testified] == ["asked", "approved"]


async def test_who_asked_does_not_approve_nor_edit_nor_delegate_but_may_refuse(
    open_engine: Open, start_worker: Any, till: Till
) -> None:
    engine = await open_engine(till.flow, governor=Policy(GUARDED))
    await start_worker(engine)
    run_id = await submitted(engine)
    for verdict, said in (
        ("approve", {}),
        ("edit", {"arguments": '{"cents":1,"order":"A1"}'}),
        ("delegate", {"to_role": "legal"}),
    ):
        with pytest.raises(Forbidden, match="ada asked for this action"):
            await engine.decide(run_id, await given(engine, run_id, verdict, **said), by="ada")
    with pytest.raises(Forbidden):
        await engine.decide(run_id, await given(engine, run_id, "delegate", to_assignee="ada"), by="grace")
    await engine.decide(run_id, await given(engine, run_id, "refuse", reason="Mine."), by="ada")
    await reached(engine, run_id, "completed")
    assert till.paid == []


async def test_who_asked_is_known_through_forks_continuations_and_retries(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    engine = await open_engine(till.flow, governor=Policy(GUARDED))
    await start_worker(engine)
    parent = await submitted(engine, "ada")
    child = await engine.fork(ForkOrder(parent, "default", at="pay#0", principal="bob"))
    grandchild = await engine.fork(ForkOrder(child, "default", payload=b"600", principal="cleo"))
    await reached(engine, grandchild, "waiting")
    for requester in ("ada", "bob", "cleo"):
        with pytest.raises(Forbidden):
            await engine.decide(grandchild, await given(engine, grandchild), by=requester)
    with psycopg.connect(conninfo) as connection:
        connection.execute("update runs set continued_from = %s where id = %s", (grandchild, parent))
    with pytest.raises(Forbidden):
        await engine.decide(parent, await given(engine, parent), by="cleo")
    await engine.decide(grandchild, await given(engine, grandchild), by="grace")
    await reached(engine, grandchild, "completed")


async def test_who_retried_a_run_has_asked_for_it_too(open_engine: Open, start_worker: Any) -> None:
    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> None: ...

    @workflow("refunds")
    async def flow(ctx: Context, cents: int) -> None:
        await ctx.act(pay, cents)

    policy = Policy(deny="Not yet.")
    engine = await open_engine(flow, governor=policy)
    await start_worker(engine)
    run_id = await engine.submit(Order("refunds", b"5", principal="ada"))
    await reached(engine, run_id, "failed")
    policy.deny, policy.requirements = None, (GUARDED,)
    await engine.retry(run_id, by="bob")
    await reached(engine, run_id, "waiting")
    for requester in ("ada", "bob"):
        with pytest.raises(Forbidden):
            await engine.decide(run_id, await given(engine, run_id), by=requester)


async def test_what_a_key_asks_for_whoever_made_the_key_has_asked_for(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    engine = await open_engine(till.flow, governor=Policy(GUARDED))
    await start_worker(engine)
    one, other = uuid4(), uuid4()
    with psycopg.connect(conninfo) as connection:
        for key, maker in ((one, "person:7"), (other, f"key:{one}")):
            connection.execute(
                "insert into api_keys (id, tenant_id, name, environment, roles, mac, pepper, made_by)"
                " values (%s, 'default', 'k', 'live', '{operator}', %s, '1', %s)",
                (key, key.bytes, maker),
            )
    run_id = await submitted(engine, f"key:{other}")
    for requester in ("person:7", f"key:{one}", f"key:{other}"):
        with pytest.raises(Forbidden):
            await engine.decide(run_id, await given(engine, run_id), by=requester)
    run_id = await submitted(engine, "person:7")
    with pytest.raises(Forbidden):
        await engine.decide(run_id, await given(engine, run_id), by=f"key:{other}")
    await engine.decide(run_id, await given(engine, run_id), by="person:8")


async def test_a_fork_of_an_approved_run_asks_again_and_takes_no_answer_beforehand(
    open_engine: Open, start_worker: Any
) -> None:
    paid: list[int] = []

    @tool(idempotent=True)
    async def pay(ctx: Context, cents: int) -> int:
        paid.append(cents)
        return cents

    @workflow("refunds")
    async def flow(ctx: Context, cents: int) -> str:
        await ctx.act(pay, cents)
        return await ctx.ask("And now?", key="now")

    engine = await open_engine(flow, governor=Policy(FINANCE))
    await start_worker(engine)
    parent = await submitted(engine)
    with pytest.raises(InvalidInput, match="approved by itself"):
        await engine.fork(ForkOrder(parent, "default", answers={KEY: "approve"}))
    await engine.decide(parent, await given(engine, parent), by="grace")
    async with asyncio.timeout(10):
        while not [entry for entry in await engine.journal(parent) if entry.key == "ask:now"]:
            await asyncio.sleep(0.01)
    for order in (
        ForkOrder(parent, "default", at="pay#0", principal="eve"),
        ForkOrder(parent, "default", payload=b"9", principal="eve"),
    ):
        fork = await engine.fork(order)
        await reached(engine, fork, "waiting")
        assert paid == [500]
        assert (await shown(engine, fork)).digest != (await shown(engine, parent)).digest
    journal = await engine.journal(parent)
    answered = next(entry.seq for entry in journal if entry.kind is Kind.ANSWERED)
    fork = await forked_behind(engine, parent, answered)
    await reached(engine, fork, "waiting")
    assert paid == [500]
    assert (await shown(engine, fork, "pay#0/approval#1")).requesters == ("ada",)


async def forked_behind(engine: Engine, parent: UUID, seq: int) -> UUID:
    """A fork that shares the parent's approval but not its dispatch, as no order can make it."""
    from pilothouse.runtime.history import Fork

    made, run_id = Fork(parent=parent, origin=parent, seq=seq, step="pay#0"), uuid4()
    with psycopg.connect(engine.store.conninfo) as connection:
        connection.execute(
            "insert into runs (id, tenant_id, workflow, version, pin, status, seq, principal, forked_from,"
            " forked_seq) select %s, tenant_id, workflow, version, pin, 'queued', %s, principal, id, %s"
            " from runs where id = %s",
            (run_id, seq + 1, seq, parent),
        )
        connection.execute(
            "insert into journal (run_id, seq, tenant_id, kind, key, codec, payload)"
            " values (%s, %s, 'default', 'forked', '', 0, %s)",
            (run_id, seq + 1, made.model_dump_json().encode()),
        )
    return run_id


async def test_what_is_no_decision_about_this_action_changes_nothing(
    open_engine: Open, start_worker: Any, till: Till
) -> None:
    @workflow("asks")
    async def asks(ctx: Context) -> str:
        return await ctx.ask("Sure?", key="sure")

    engine = await open_engine(till.flow, asks, governor=Policy(FINANCE))
    await start_worker(engine)
    run_id, other = await submitted(engine), await engine.submit(Order("asks", b"null"))
    await reached(engine, other, "waiting")
    told = await given(engine, run_id)
    for error, wrong in (
        (Conflict, {"digest": "0" * 64}),
        (NotFound, {"question": "pay#0/approval#9"}),
        (InvalidInput, {"verdict": ApprovalVerdict.EDIT, "arguments": "{"}),
        (InvalidInput, {"verdict": ApprovalVerdict.EDIT, "arguments": '{"order":"A1", "cents":500}'}),
        (InvalidInput, {"verdict": ApprovalVerdict.EDIT, "arguments": '{"cents":NaN}'}),
    ):
        with pytest.raises(error):
            await engine.decide(run_id, told.model_copy(update=wrong), by="grace")
    with pytest.raises(InvalidInput, match="about no action"):
        await engine.decide(other, told.model_copy(update={"question": "ask:sure"}), by="grace")
    with pytest.raises(InvalidInput, match="by its digest"):
        await engine.answer(run_id, KEY, "approve", by="grace")
    with pytest.raises(NotFound):
        await engine.decide(run_id, told, tenant_id="other", by="grace")
    assert (await engine.status(run_id), till.paid) == ("waiting", [])


async def test_an_approval_that_comes_after_the_expiry_is_a_conflict(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    engine = await open_engine(till.flow, governor=Policy(Requirement(role="finance", expires_after=3_600)))
    worker = await start_worker(engine)
    run_id = await submitted(engine)
    await worker.stop(drain=0.1)
    later = engine.now() + dt.timedelta(hours=2)
    engine.now = lambda: later
    with pytest.raises(Conflict, match="has expired"):
        await engine.decide(run_id, await given(engine, run_id), by="grace")


async def test_what_the_witness_writes_is_in_the_transaction_of_what_it_tells(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    policy = Policy(FINANCE)
    engine = await open_engine(till.flow, governor=policy, witness=policy)
    await start_worker(engine)
    run_id = await submitted(engine)
    policy.kept_by = ["insert into no_such_table values (%s)"]
    with pytest.raises(psycopg.errors.UndefinedTable):
        await engine.decide(run_id, await given(engine, run_id), by="grace")
    policy.kept_by = []
    assert (await engine.status(run_id), till.paid) == ("waiting", [])
    await engine.decide(run_id, await given(engine, run_id, reason="Fine."), by="grace")
    await reached(engine, run_id, "completed")
    told = policy.testified[-1]
    assert (told.what, told.by, told.step, told.facts["reason"]) == ("approved", "grace", KEY, "Fine.")


async def test_a_personal_runs_approval_is_sealed_and_still_decided(
    open_engine: Open, start_worker: Any, till: Till, conninfo: str
) -> None:
    engine = await open_engine(till.flow, governor=Policy(FINANCE), everything=True)
    await start_worker(engine)
    run_id = await submitted(engine)
    with psycopg.connect(conninfo) as connection:
        ((payload, role),) = connection.execute("select payload, role from questions").fetchall()
    assert (b'"A1"' in payload, role) == (False, "finance")
    (question,) = [entry for entry in await engine.journal(run_id) if entry.kind is Kind.ASKED]
    digest = Question.model_validate_json(decode(question.codec, question.payload)).approval.digest
    await engine.decide(run_id, await given(engine, run_id, digest=digest), by="grace")
    await reached(engine, run_id, "completed")
