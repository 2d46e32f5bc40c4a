"""Approvals over HTTP with real keys: who may decide, what they are shown, what else gets through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import httpx
import pytest

from pilothouse import App
from pilothouse.inbox.actions import changed
from pilothouse.runtime.governing import Requirement
from pilothouse.server import create_api
from support.approvals import Policy, Refund, Till
from support.signed import signed

Reach = Callable[..., Awaitable[dict[str, Any]]]

FINANCE = Requirement(role="finance")
UNLIMITED = dict.fromkeys(("limit_address", "limit_user", "limit_user_hour", "limit_costly"), 0)
OTHER = "0" * 64


@pytest.fixture
def till() -> Till:
    return Till()


@pytest.fixture
def policy() -> Policy:
    return Policy(FINANCE)


@pytest.fixture
async def client(
    open_pilothouse: Callable[..., Awaitable[Any]], till: Till, policy: Policy
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server whose actions `policy` governs."""
    pilothouse = await open_pilothouse(App("shop", workflows=[till.flow], tools=[till.pay]), **UNLIMITED)
    engine = pilothouse.engine
    engine._services = replace(engine._services, governor=policy, witness=policy)
    api = create_api(pilothouse, execute=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(api.router.lifespan_context(api))
        transport = httpx.ASGITransport(api, raise_app_exceptions=False)
        headers = await signed(pilothouse.secrets)
        made = httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers, timeout=20
        )
        yield await stack.enter_async_context(made)


@pytest.fixture
def asked(client: httpx.AsyncClient, reach: Reach) -> Callable[..., Awaitable[dict[str, Any]]]:
    """An open question about a refund, as it is shown."""

    async def make(cents: int = 500, **headers: str) -> dict[str, Any]:
        body = {"workflow": "refunds", "input": cents}
        run = await client.post("/api/v1/runs", json=body, headers=headers)
        found = await reach(client, run.json()["id"], "waiting")
        return await shown(client, found["questions"][0]["id"])

    return make


Asked = Callable[..., Awaitable[dict[str, Any]]]


async def shown(client: httpx.AsyncClient, question: str) -> dict[str, Any]:
    return dict((await client.get(f"/api/v1/questions/{question}")).json())


async def decide(
    client: httpx.AsyncClient, question: dict[str, Any], how: str, headers: Any = None, **said: Any
) -> httpx.Response:
    body = {"digest": question["action"]["digest"]} | said
    return await client.post(f"/api/v1/questions/{question['id']}/{how}", json=body, headers=headers)


async def key(client: httpx.AsyncClient, *roles: str) -> tuple[str, dict[str, str]]:
    made = (await client.post("/api/v1/keys", json={"name": "a test", "roles": roles})).json()
    return f"key:{made['key']['id']}", {"authorization": f"Bearer {made['secret']}"}


async def test_an_approver_sees_what_will_run_and_why_it_waits(
    client: httpx.AsyncClient, asked: Asked, reach: Reach, till: Till
) -> None:
    question = await asked()
    assert (question["kind"], question["role"], question["choices"]) == (
        "approval",
        "finance",
        ["approve", "refuse"],
    )
    action = question["action"]
    assert (action["tool"], action["arguments"]) == ("pay", {"cents": 500, "order": "A1"})
    assert (action["cost"], action["reasons"]) == (
        {"amount": "5.0", "currency": "EUR"},
        ["Refunds are approved."],
    )
    assert [item["what"] for item in action["so_far"]] == ["asked"]
    approved = await decide(client, question, "approve", reason="Fine.")
    assert (approved.status_code, approved.json()["status"], approved.json()["answer"]) == (
        200,
        "answered",
        "approve",
    )
    assert (await reach(client, question["run_id"], "completed"))["output"] == "paid 500"
    assert (await decide(client, question, "approve", reason="Fine.")).status_code == 200
    assert (await decide(client, question, "refuse")).status_code == 409
    assert len(till.paid) == 1


async def test_only_approvers_of_the_role_decide_and_nobody_by_another_way(
    client: httpx.AsyncClient, asked: Asked, till: Till
) -> None:
    question = await asked()
    for roles in (("operator",), ("approver",), ("approver:legal",), ("viewer",)):
        _, headers = await key(client, *roles)
        for how in ("approve", "refuse"):
            assert (await decide(client, question, how, headers)).status_code == 403
    wrong = await decide(client, question, "approve", digest=OTHER)
    assert (wrong.status_code, wrong.json()["code"]) == (409, "conflict")
    plain = await client.post(f"/api/v1/questions/{question['id']}/answer", json={"answer": "approve"})
    assert (plain.status_code, "by its digest" in plain.json()["detail"]) == (400, True)
    fork = await client.post(
        f"/api/v1/runs/{question['run_id']}/fork", json={"answers": {question["key"]: "approve"}}
    )
    assert fork.status_code == 400
    assert (till.paid, (await shown(client, question["id"]))["status"]) == ([], "open")


@pytest.mark.parametrize(
    ("how", "body"),
    [
        ("approve", {}),
        ("approve", {"digest": "short"}),
        ("refuse", {"digest": OTHER, "by": "root"}),
        ("edit", {"digest": OTHER}),
        ("delegate", {"digest": OTHER}),
        ("delegate", {"digest": OTHER, "to_role": "legal", "to_assignee": "local"}),
        ("delegate", {"digest": OTHER, "to_role": "approver:legal"}),
        ("delegate", {"digest": OTHER, "to_assignee": "root"}),
    ],
)
async def test_a_decision_that_is_none_is_refused(
    client: httpx.AsyncClient, asked: Asked, how: str, body: dict[str, str]
) -> None:
    question = await asked()
    answer = await client.post(f"/api/v1/questions/{question['id']}/{how}", json=body)
    assert answer.status_code == 400


async def test_a_requester_does_not_approve_their_own_action(
    client: httpx.AsyncClient, asked: Asked, policy: Policy, reach: Reach
) -> None:
    policy.requirements = (Requirement(role="finance", not_requester=True),)
    name, headers = await key(client, "operator", "approver:finance")
    question = await asked(**headers)
    assert (await shown(client, question["id"]))["action"]["principal"] == name
    refused = await decide(client, question, "approve", headers)
    assert (refused.status_code, "asked for this action" in refused.json()["detail"]) == (403, True)


async def test_an_edit_shows_what_changed_and_runs_as_it_was_edited(
    client: httpx.AsyncClient, asked: Asked, policy: Policy, reach: Reach, till: Till
) -> None:
    policy.requirements = (FINANCE, Requirement(role="legal"))
    question = await asked()
    questions = (await reach(client, question["run_id"], "waiting"))["questions"]
    finance = await shown(client, next(item["id"] for item in questions if item["role"] == "finance"))
    assert (
        await decide(client, finance, "edit", arguments=finance["action"]["arguments"])
    ).status_code == 400
    edited = await decide(client, finance, "edit", arguments={"order": "A1", "cents": 400})
    assert edited.status_code == 200
    while True:
        page = (await client.get(f"/api/v1/questions?status=open&run_id={question['run_id']}")).json()
        if [item["action"]["edited_by"] for item in page["items"]] == ["local"]:
            break
    (legal,) = page["items"]
    assert legal["action"]["changes"] == [{"where": "/cents", "before": 500, "after": 400}]
    assert (await decide(client, legal, "approve")).status_code == 200
    await reach(client, question["run_id"], "completed")
    assert till.paid == [Refund(order="A1", cents=400)]


async def test_an_action_that_is_delegated_to_somebody_is_for_nobody_else(
    client: httpx.AsyncClient, asked: Asked, reach: Reach, till: Till
) -> None:
    question = await asked()
    name, headers = await key(client, "approver")
    assert (await decide(client, question, "delegate", to_assignee=name)).status_code == 200
    found = await reach(client, question["run_id"], "waiting")
    while [item["assignee"] for item in found["questions"]] != [name]:
        found = (await client.get(f"/api/v1/runs/{question['run_id']}")).json()
    theirs = await shown(client, found["questions"][0]["id"])
    assert theirs["action"]["delegated_by"] == "local"
    mine = (await client.get("/api/v1/questions?mine=true")).json()["items"]
    assert mine == []
    listed = (await client.get("/api/v1/questions?mine=true", headers=headers)).json()["items"]
    assert [item["id"] for item in listed] == [theirs["id"]]
    assert (await decide(client, theirs, "approve")).status_code == 403
    assert (await decide(client, theirs, "approve", headers)).status_code == 200
    await reach(client, question["run_id"], "completed")
    assert len(till.paid) == 1


async def test_a_refusal_reaches_the_workflow_with_its_reason(
    client: httpx.AsyncClient, asked: Asked, reach: Reach, till: Till
) -> None:
    question = await asked()
    assert (await decide(client, question, "refuse", reason="Fraud.")).status_code == 200
    run = await reach(client, question["run_id"], "completed")
    assert run["output"] == "pay was refused by local: Fraud."
    assert till.paid == []


def test_changes_tell_where_masked_values_differ_and_not_what_they_are() -> None:
    before = {"to": "ada@example.org", "items": [1, 2], "note": {}, "gone": True}
    after = {"to": "eve@example.org", "items": [1, 3], "note": {"a/b": 1}, "new": None}
    masked = {"to": "<EMAIL>"}
    found = changed(before, after, before | masked, after | masked)
    assert {item.where: (item.before, item.after) for item in found} == {
        "/to": ("<EMAIL>", "<EMAIL>"),
        "/items/1": (2, 3),
        "/note": ({}, None),
        "/note/a~1b": (None, 1),
        "/gone": (True, None),
        "/new": (None, None),
    }
    assert changed({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": "x"}, {"a": "x"})[0].after == "(masked)"
