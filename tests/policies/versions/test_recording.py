"""Decisions are written beside the append that they lead to, replayed against drafts, and seen by shadows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from sqlalchemy import text

from pilothouse.kit.session import Database
from pilothouse.policies.versions import replaying
from pilothouse.policies.versions.live import LivePolicies
from pilothouse.policies.versions.recording import ActionPolicies
from pilothouse.policies.versions.schemas import DecisionQuery, NewDraft, Replay
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.entries import Codec
from pilothouse.vault.service import Vault
from support.governed import refunding, secret_refunding

PERMIT = '@id("permit") permit (principal, action, resource);'
LIMIT = """@id("limit") @approval("manager") @reason("Much.")
forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };"""
Activated = Callable[..., Awaitable[int]]


@pytest.fixture
async def paid(
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Any,
    governing: ActionPolicies,
    live: LivePolicies,
) -> Callable[..., Awaitable[str]]:
    """Runs a refund under the policies: `status = await paid(250)`, in cents."""
    engine = await open_engine(refunding, secret_refunding, governor=governing)
    await start_worker(engine)

    async def run(cents: int, workflow: str = "refund") -> str:
        live.changed(None)
        payload = b'{"order":"o1","amount":{"amount":"%.2f","currency":"EUR"}}' % (cents / 100)
        run_id = await engine.submit(Order(workflow, payload, principal="person:anna"))
        async for _ in engine.follow(run_id):
            pass
        return await engine.status(run_id)

    return run


async def test_a_run_is_governed_and_each_decision_is_recorded(
    paid: Callable[..., Awaitable[str]], activated: Activated, book: Any
) -> None:
    assert await paid(50) == "completed"
    await activated(PERMIT + LIMIT.replace('@approval("manager")', ""))
    assert await paid(101) == "failed"
    assert await paid(100) == "completed"
    async with book() as policies:
        found = (await policies.decisions(DecisionQuery())).items
    assert {one.tool for one in found} == {"pay_refund"}
    assert [(one.decision.verdict, one.decision.policies, one.decision.version) for one in found] == [
        ("allow", ("permit",), "tenant:1"),
        ("deny", ("limit",), "tenant:1"),
        ("allow", (), None),
    ]  # fmt: skip
    assert found[1].decision.reasons == ("Much.",)
    async with book() as policies:
        of_run = (await policies.decisions(DecisionQuery(run_id=found[1].run_id))).items
    assert [one.id for one in of_run] == [found[1].id]


async def test_a_simulation_shows_what_a_draft_would_change(
    paid: Callable[..., Awaitable[str]], activated: Activated, book: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "PAGE", 2)
    await activated(PERMIT)
    for cents in (50, 150, 100, 250, 20):
        await paid(cents)
    async with book() as policies:
        number = (await policies.draft(NewDraft(files={"a.cedar": PERMIT + LIMIT}))).number
        found = await policies.simulate(number, Replay())
        one = await policies.simulate(number, Replay(last=2))
        none = await policies.simulate(1, Replay())
        past = (await policies.decisions(DecisionQuery())).items
        early = await policies.simulate(number, Replay(until=past[3].at))
        late = await policies.simulate(number, Replay(since=past[3].at))
    assert (found.version, found.replayed, found.differing, found.tools) == (
        "tenant:2",
        5,
        2,
        {"pay_refund": 2},
    )
    assert [(c.before, c.after, c.count) for c in found.changes] == [("allow", "require_approval", 2)]
    assert [example.after.roles for example in found.examples] == [("manager",), ("manager",)]
    assert found.examples[0].decision_id == past[1].id
    assert (one.replayed, one.differing) == (2, 1)
    assert (none.replayed, none.differing) == (5, 0)
    assert (early.replayed, late.replayed) == (1, 4)


async def test_a_shadow_decides_beside_and_where_it_differs_is_recorded(
    paid: Callable[..., Awaitable[str]], activated: Activated, book: Any
) -> None:
    await activated(PERMIT)
    async with book() as policies:
        number = (await policies.draft(NewDraft(files={"a.cedar": PERMIT + LIMIT}))).number
    async with book() as policies:
        await policies.shadow(number)
    assert [await paid(cents) for cents in (50, 150)] == ["completed", "completed"]
    async with book() as policies:
        every = (await policies.decisions(DecisionQuery())).items
        differing = (await policies.decisions(DecisionQuery(differing=True))).items
    assert [one.shadow for one in every] == [number, number]
    (one,) = differing
    assert (one.decision.verdict, one.shadowed.verdict, one.shadowed.roles) == (
        "allow", "require_approval", ("manager",)
    )  # fmt: skip


async def test_requests_of_personal_workflows_are_sealed_and_can_be_replayed_until_they_are_erased(
    paid: Callable[..., Awaitable[str]], activated: Activated, book: Any, database: Database, vault: Vault
) -> None:
    await activated(PERMIT)
    await paid(150, "secret_refund")
    await paid(150)
    async with database.maintenance() as session:
        rows = (await session.execute(text("select codec, request from decisions order by id"))).all()
    assert [row.codec == Codec.ENCRYPTED for row in rows] == [True, False]
    assert b"1.50" not in rows[0].request
    async with book() as policies:
        number = (await policies.draft(NewDraft(files={"a.cedar": PERMIT + LIMIT}))).number
        assert (await policies.simulate(number, Replay())).differing == 2
    await vault.destroy("default")
    async with book() as policies:
        after = await policies.simulate(number, Replay())
    assert (after.replayed, after.differing, after.unreadable) == (1, 1, 1)
