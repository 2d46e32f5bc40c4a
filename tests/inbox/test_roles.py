"""Questions that name a role, over HTTP with real keys: who answers them, who is refused, who sees them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest
import pytest_asyncio

from pilothouse import App, Context, workflow

Reach = Callable[..., Awaitable[dict[str, Any]]]
Who = dict[str, dict[str, str]]

ROLES = ("viewer", "operator", "approver", "approver:finance", "approver:legal", "author", "admin")
MAY_ANSWER = {
    "finance": {"approver:finance", "admin"},
    "legal": {"approver:legal", "admin"},
    None: {"operator", "approver", "approver:finance", "approver:legal", "admin"},
}


@workflow("pay")
async def pay(ctx: Context, role: str | None) -> str:
    """Ask whoever the input names."""
    return await ctx.ask("Pay?", choices=("yes", "no"), role=role, key="pay")


@workflow("secret", personal=True)
async def secret(ctx: Context, role: str | None) -> str:
    """Ask the same, sealed."""
    return await ctx.ask("Pay Ada?", choices=("yes", "no"), role=role, key="pay")


app = App("payments", workflows=[pay, secret])
UNLIMITED = dict.fromkeys(("limit_address", "limit_user", "limit_user_hour", "limit_costly"), 0)


@pytest_asyncio.fixture
async def client(open_api: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    return await open_api(app, **UNLIMITED)


@pytest.fixture
async def who(client: httpx.AsyncClient) -> Who:
    """The headers of a real key of each role."""
    return {role: await key(client, role) for role in ROLES}


async def key(client: httpx.AsyncClient, *roles: str, **said: Any) -> dict[str, str]:
    made = await client.post("/api/v1/keys", json={"name": "a test", "roles": roles} | said)
    assert made.status_code == 201, made.text
    return {"authorization": f"Bearer {made.json()['secret']}"}


@pytest.fixture
def asked(client: httpx.AsyncClient, reach: Reach) -> Callable[..., Awaitable[dict[str, Any]]]:
    """An open question that names a role."""

    async def make(role: str | None, workflow: str = "pay") -> dict[str, Any]:
        run = await client.post("/api/v1/runs", json={"workflow": workflow, "input": role})
        found = await reach(client, run.json()["id"], "waiting")
        return dict(found["questions"][0])

    return make


Asked = Callable[..., Awaitable[dict[str, Any]]]


async def answer(client: httpx.AsyncClient, question: dict[str, Any], headers: Any) -> httpx.Response:
    path = f"/api/v1/questions/{question['id']}/answer"
    return await client.post(path, json={"answer": "yes"}, headers=headers)


@pytest.mark.parametrize("role", MAY_ANSWER)
async def test_only_whom_a_question_names_answers_it(
    client: httpx.AsyncClient, who: Who, asked: Asked, role: str | None
) -> None:
    question = await asked(role)
    assert question["role"] == role
    for name in set(ROLES) - MAY_ANSWER[role]:
        refused = await answer(client, question, who[name])
        assert (refused.status_code, refused.json()["code"]) == (403, "forbidden"), name
        if role is not None and name not in {"viewer", "author"}:  # these answer nothing at all
            assert f"approver:{role}" in refused.json()["detail"]
        assert (await client.get(f"/api/v1/questions/{question['id']}")).json()["status"] == "open"
    for name in MAY_ANSWER[role]:
        accepted = await answer(client, await asked(role), who[name])
        assert (accepted.status_code, accepted.json()["answer"]) == (200, "yes"), name


async def test_an_answer_reaches_the_run_and_others_may_not_repeat_it(
    client: httpx.AsyncClient, who: Who, asked: Asked, reach: Reach
) -> None:
    question = await asked("finance")
    assert (await answer(client, question, who["approver:finance"])).status_code == 200
    assert (await reach(client, question["run_id"], "completed"))["output"] == "yes"
    assert (await answer(client, question, who["approver:finance"])).status_code == 200
    assert (await answer(client, question, who["operator"])).status_code == 403


async def test_a_narrowed_key_answers_only_where_both_allow_it(
    client: httpx.AsyncClient, asked: Asked
) -> None:
    question = await asked("finance")
    reading = await key(client, "approver:finance", permissions=["questions:read"])
    both = await key(client, "operator", "approver:finance", permissions=["questions:answer"])
    assert (await answer(client, question, reading)).status_code == 403
    assert (await answer(client, question, both)).status_code == 200


@pytest.mark.parametrize("workflow", ["pay", "secret"])
async def test_the_inbox_is_listed_by_role_and_by_what_is_the_callers(
    client: httpx.AsyncClient, who: Who, asked: Asked, workflow: str
) -> None:
    made = [await asked(role, workflow) for role in (None, "finance", "legal", "finance")]

    async def listed(query: str, name: str = "viewer") -> list[int]:
        page = (await client.get(f"/api/v1/questions?{query}", headers=who[name])).json()
        return sorted(made.index(item) for item in page["items"])

    assert await listed("") == [0, 1, 2, 3]
    assert await listed("role=finance") == [1, 3]
    assert await listed("role=nobody") == []
    expected = {"viewer": [], "author": [], "operator": [0], "approver": [0], "admin": [0, 1, 2, 3]}
    expected |= {"approver:finance": [0, 1, 3], "approver:legal": [0, 2]}
    assert {name: await listed("mine=true", name) for name in ROLES} == expected
    assert await listed("mine=true&role=legal", "approver:finance") == []
    assert await listed(f"mine=true&run_id={made[1]['run_id']}", "approver:finance") == [1]
    assert await listed("mine=true&status=answered", "admin") == []
    assert (await answer(client, made[1], who["approver:finance"])).status_code == 200
    assert await listed("mine=true", "approver:finance") == [0, 3]
    page = (await client.get("/api/v1/questions?mine=true&limit=1", headers=who["approver:finance"])).json()
    assert page["items"] == [made[3]]
    assert await listed(f"mine=true&cursor={page['next_cursor']}", "approver:finance") == [0]


@pytest.mark.parametrize("role", ["approver:finance", "Finance", "", "f%0Ax"])
async def test_a_filter_by_what_is_no_name_is_refused(client: httpx.AsyncClient, role: str) -> None:
    assert (await client.get(f"/api/v1/questions?role={role}")).status_code == 400


async def test_a_role_that_is_no_name_fails_the_run(client: httpx.AsyncClient, reach: Reach) -> None:
    run = await client.post("/api/v1/runs", json={"workflow": "pay", "input": "approver:finance"})
    failed = await reach(client, run.json()["id"], "failed")
    assert failed["error"]["code"] == "invalid_input"
    assert "without a prefix" in str(failed["error"])


@pytest.mark.parametrize("workflow", ["pay", "secret"])
async def test_a_fork_is_no_way_around_the_role(
    client: httpx.AsyncClient, who: Who, asked: Asked, reach: Reach, workflow: str
) -> None:
    parent = (await asked("finance", workflow))["run_id"]
    path, body = f"/api/v1/runs/{parent}/fork", {"answers": {"pay": "yes"}}
    both = await key(client, "operator", "approver:finance")
    refused = await client.post(path, json=body, headers=who["operator"])
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")
    assert "approver:finance" in refused.json()["detail"]
    for headers in (both, who["admin"]):
        made = await client.post(path, json=body, headers=headers)
        assert (await reach(client, made.json()["id"], "completed"))["output"] == "yes"


async def test_an_answer_given_to_another_question_of_the_same_key_is_not_taken(
    client: httpx.AsyncClient, who: Who, asked: Asked, reach: Reach
) -> None:
    for before, after in ((None, "finance"), ("legal", "finance")):
        parent = (await asked(before))["run_id"]
        made = await client.post(
            f"/api/v1/runs/{parent}/fork",
            json={"answers": {"pay": "yes"}, "input": after},
            headers=await key(client, "operator", "approver:legal"),
        )
        fork = await reach(client, made.json()["id"], "waiting")
        assert [item["role"] for item in fork["questions"]] == [after]


async def test_the_role_of_a_sealed_question_is_kept_in_the_open(asked: Asked, conninfo: str) -> None:
    await asked("finance", "secret")
    with psycopg.connect(conninfo) as connection:
        (found,) = connection.execute("select role, payload from questions").fetchall()
    assert found[0] == "finance"
    assert b"Ada" not in found[1]
