"""All that governs, as a process wires it: refunds are decided, approved, paid, refused and recorded."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse.governance import both
from pilothouse.runtime.governing import Decision, Requirement, Verdict
from support.governing import Governed, governed
from support.refunding import Refund, refunding
from support.waiting import rows, until

JOURNALLED = "select run_id::text, key, kind from journal where kind in ('dispatch', 'outcome')"
RECORDED = """
select run_id::text, step, append from audit_inbox where append is not null
union all select run_id::text, step, append from audit_entries where append is not null
"""


WRITTEN = """
  from (select kind, leaf from audit_inbox union all select kind, leaf from audit_entries) as written
 where kind in ('policy', 'budget', 'switch')
"""


class Shop(NamedTuple):
    """The process of the shop, and what its tool has paid."""

    process: Governed
    paid: list[Refund]

    @property
    def conninfo(self) -> str:
        return self.process.conninfo

    @property
    def client(self) -> httpx.AsyncClient:
        return self.process.client

    async def ask(self, method: str, path: str, **said: Any) -> Any:
        return await self.process.ask(method, path, **said)

    async def reach(self, run_id: str, status: str) -> dict[str, Any]:
        return await self.process.reach(run_id, status)

    async def entries(self, kind: str) -> list[dict[str, Any]]:
        return await self.process.entries(kind)

    async def submit(self, euros: int) -> str:
        return await self.process.submit("refund", order="A1", euros=euros)

    async def refund(self, euros: int) -> str:
        """What came of a refund that nobody has to approve."""
        return str((await self.reach(await self.submit(euros), "completed"))["output"])


@pytest.fixture
async def shop(conninfo: str, tmp_path: Path) -> AsyncIterator[Shop]:
    app, paid = refunding(tmp_path / "policies")
    async with governed(conninfo, tmp_path, app) as process:
        yield Shop(process, paid)


def reconciled(conninfo: str) -> bool:
    """Whether each dispatch and each outcome of the journal has one entry of the audit log, and no more."""
    return Counter(rows(conninfo, JOURNALLED)) == Counter(rows(conninfo, RECORDED))


async def test_a_small_refund_is_paid_and_both_appends_stand_in_the_audit_log(shop: Shop) -> None:
    assert await shop.refund(50) == "paid 50"
    assert [refund.euros for refund in shop.paid] == [50]
    assert reconciled(shop.conninfo)
    await until(lambda: shop.entries("outcome"))
    (dispatch,) = await shop.entries("dispatch")
    assert (dispatch["subject"], dispatch["actor"]) == ("pay_refund", "local")
    assert len((await shop.ask("GET", "/policies/decisions"))["items"]) == 1


async def test_a_large_refund_waits_for_a_manager_and_is_paid_once(shop: Shop) -> None:
    run_id = await shop.submit(500)
    run = await shop.reach(run_id, "waiting")
    (asked,) = run["questions"]
    question = await shop.ask("GET", f"/questions/{asked['id']}")
    action = question["action"]
    assert (question["kind"], question["role"]) == ("approval", "support_manager")
    assert (action["arguments"], action["policies"]) == (
        {"order": "A1", "euros": 500},
        ["refunds-above-100"],
    )
    wrong = await shop.client.post(f"/api/v1/questions/{asked['id']}/approve", json={"digest": "0" * 64})
    assert (wrong.status_code, shop.paid) == (409, [])
    await shop.ask("POST", f"/questions/{asked['id']}/approve", json={"digest": action["digest"]})
    assert (await shop.reach(run_id, "completed"))["output"] == "paid 500"
    again = await shop.client.post(
        f"/api/v1/questions/{asked['id']}/approve", json={"digest": action["digest"]}
    )
    assert again.status_code in {200, 409}
    assert [refund.euros for refund in shop.paid] == [500]
    assert reconciled(shop.conninfo)
    await until(lambda: shop.entries("approval"))


async def test_a_refused_refund_is_not_paid(shop: Shop) -> None:
    run_id = await shop.submit(500)
    (asked,) = (await shop.reach(run_id, "waiting"))["questions"]
    action = (await shop.ask("GET", f"/questions/{asked['id']}"))["action"]
    refusal = {"digest": action["digest"], "reason": "The parcel came back empty."}
    await shop.ask("POST", f"/questions/{asked['id']}/refuse", json=refusal)
    assert "parcel came back empty" in (await shop.reach(run_id, "completed"))["output"]
    assert shop.paid == []
    assert "empty" not in str(rows(shop.conninfo, "select * from audit_inbox"))


async def test_what_a_policy_forbids_is_denied_and_the_denial_recorded(shop: Shop) -> None:
    assert "Nobody pays refunds above 1,000 EUR" in await shop.refund(5_000)
    assert shop.paid == []
    assert reconciled(shop.conninfo)
    await until(lambda: shop.entries("decision"))


async def test_a_budget_ends_what_policies_allow(shop: Shop) -> None:
    budget = {"name": "refunds", "unit": "money", "currency": "EUR", "period": "day", "hard": "100"}
    await shop.ask("POST", "/budgets", json=budget)
    assert await shop.refund(60) == "paid 60"
    assert "refunds" in await shop.refund(60)
    assert await shop.refund(40) == "paid 40"
    assert [refund.euros for refund in shop.paid] == [60, 40]
    (held,) = (await shop.ask("GET", "/budgets"))["items"]
    usage = (await shop.ask("GET", f"/budgets/{held['id']}/usage"))["items"][0]
    assert (float(usage["spent"]), float(usage["reserved"])) == (100.0, 0.0)
    assert reconciled(shop.conninfo)


async def test_a_killed_tool_is_not_called_until_it_is_let_go(shop: Shop) -> None:
    killed = {"kind": "tool", "name": "pay_refund", "why": "The bank is down."}
    await shop.ask("POST", "/switches/kill", json=killed)
    assert "The bank is down." in await shop.refund(10)
    await shop.ask("POST", "/switches/unkill", json={"kind": "tool", "name": "pay_refund"})
    assert await shop.refund(10) == "paid 10"
    assert reconciled(shop.conninfo)


async def test_whoever_changes_what_governs_stands_in_the_audit_log(shop: Shop) -> None:
    files = {"more.cedar": '@id("none-at-all") forbid (principal, action, resource);'}
    drafted = await shop.ask("POST", "/policies", json={"files": files, "note": "a note"})
    await shop.ask("POST", f"/policies/{drafted['number']}/activate", json={})
    budget = {"name": "b", "unit": "actions", "period": "day", "hard": "9"}
    made = await shop.ask("POST", "/budgets", json=budget)
    await shop.ask("DELETE", f"/budgets/{made['id']}")
    thing = {"kind": "workflow", "name": "refund"}
    await shop.ask("POST", "/switches/kill", json={**thing, "why": "Ada asked for it."})
    await shop.ask("POST", "/switches/unkill", json=thing)
    done = {
        tuple(found)
        for found in rows(
            shop.conninfo, "select kind, convert_from(leaf, 'UTF8')::json->'details'->>'did' " + WRITTEN
        )
    }
    assert done == {
        *(("policy", "drafted"), ("policy", "activated"), ("budget", "made"), ("budget", "deleted")),
        *(("switch", "killed"), ("switch", "unkilled")),
    }
    assert "Ada asked" not in str(rows(shop.conninfo, "select convert_from(leaf, 'UTF8') " + WRITTEN))


ROLES = st.sampled_from(("finance", "legal", "support_manager"))


@st.composite
def decisions(draw: st.DrawFn) -> Decision:
    verdict = draw(st.sampled_from(Verdict))
    roles = draw(st.lists(ROLES, min_size=1, unique=True)) if verdict is Verdict.APPROVAL else []
    return Decision(
        verdict=verdict,
        policies=(draw(st.text("abc", min_size=1, max_size=3)),),
        requirements=tuple(Requirement(role=role) for role in roles),
    )


@given(decisions(), decisions())
def test_of_two_decisions_the_stricter_one_holds(one: Decision, other: Decision) -> None:
    found = both(one, other)
    order = (Verdict.ALLOW, Verdict.APPROVAL, Verdict.DENY)
    assert order.index(found.verdict) == max(order.index(one.verdict), order.index(other.verdict))
    wanted = {requirement.role for each in (one, other) for requirement in each.requirements}
    assert {requirement.role for requirement in found.requirements} == (
        wanted if found.verdict is Verdict.APPROVAL else set()
    )
    determining = [each for each in (one, other) if each.verdict is found.verdict]
    assert found.policies == tuple(name for each in determining for name in each.policies)
