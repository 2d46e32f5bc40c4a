"""Policies over HTTP: drafted, checked, tested, simulated, activated, rolled back and explained."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from support.governed import app

PATH = "/api/v1/policies"
PERMIT = '@id("permit") permit (principal, action, resource);'
LIMIT = """@id("limit") @approval("manager") forbid (principal, action == Action::"pay_refund", resource)
when { context.arguments.amount.amount_cents > 100 };"""
ACTION = {"tool": "pay_refund", "arguments": {"order": "o", "amount": {"amount": "2", "currency": "EUR"}}}


@pytest.fixture
async def served(open_api: Callable[..., Awaitable[httpx.AsyncClient]]) -> httpx.AsyncClient:
    return await open_api(app, execute=False)


async def ask(client: httpx.AsyncClient, method: str, path: str, expected: int = 200, **said: Any) -> Any:
    answer = await client.request(method, f"{PATH}{path}", **said)
    assert answer.status_code == expected, answer.text
    return answer.json()


async def test_the_life_of_a_policy(served: httpx.AsyncClient) -> None:
    first = await ask(served, "POST", "", 201, json={"files": {"a.cedar": PERMIT}, "note": "first"})
    assert (first["number"], first["active"], first["policies"]) == (1, False, 1)
    assert (await ask(served, "POST", "/1/check", json={}))["valid"]
    assert (await ask(served, "POST", "/1/test"))["tests"] == []
    assert (await ask(served, "POST", "/1/simulate", json={"last": 10}))["replayed"] == 0
    assert (await ask(served, "POST", "/1/activate", json={"note": "go"}))["active"] == 1
    await ask(served, "POST", "", 201, json={"files": {"a.cedar": PERMIT + LIMIT}})
    assert (await ask(served, "PUT", "/shadow", json={"number": 2}))["shadow"] == 2
    told = await ask(served, "POST", "/explain", json={"action": ACTION, "number": 2})
    assert (told["decision"]["verdict"], told["decision"]["version"]) == ("require_approval", "tenant:2")
    assert (await ask(served, "POST", "/2/activate", json={}))["active"] == 2
    assert (await ask(served, "POST", "/rollback", json={}))["active"] == 1
    state = await ask(served, "GET", "/state")
    assert (state["active"], state["shadow"], set(state["shipped"])) == (1, None, {"models"})
    listed = await ask(served, "GET", "")
    assert [(item["number"], item["active"]) for item in listed["items"]] == [(2, False), (1, True)]
    assert (await ask(served, "GET", "/2"))["files"] == {"a.cedar": PERMIT + LIMIT}
    assert len((await ask(served, "GET", "/changes"))["items"]) == 4
    assert (await ask(served, "GET", "/decisions"))["items"] == []
    assert 'action "pay_refund"' in (await ask(served, "GET", "/schema"))["cedar"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("POST", "", {"files": {"a.txt": "x"}}, 400, "invalid_input"),
        ("POST", "", {"files": {}}, 400, "invalid_input"),
        ("POST", "", {"files": {"../a.cedar": "x"}}, 400, "invalid_input"),
        ("POST", "/9/activate", {}, 404, "not_found"),
        ("POST", "/0/activate", {}, 400, "invalid_input"),
        ("GET", "/9", None, 404, "not_found"),
        ("POST", "/rollback", {}, 409, "conflict"),
        ("POST", "/1/activate", {}, 400, "policy_invalid"),
        ("POST", "/2/activate", {}, 409, "policy_tests_failed"),
        ("PUT", "/shadow", {"number": 1}, 400, "policy_invalid"),
        ("POST", "/2/simulate", {"last": 0}, 400, "invalid_input"),
        (
            "POST",
            "/2/simulate",
            {"since": "2030-01-02T00:00:00Z", "until": "2030-01-01T00:00:00Z"},
            400,
            "invalid_input",
        ),
        ("POST", "/explain", {"action": {"tool": "x", "surprise": 1}}, 400, "invalid_input"),
    ],
)
async def test_what_makes_no_sense_is_refused(
    served: httpx.AsyncClient, method: str, path: str, body: Any, status: int, code: str
) -> None:
    tests = '{"tests": [{"name": "n", "action": {"tool": "deploy"}, "expect": {"verdict": "deny"}}]}'
    for files in ({"a.cedar": "permit ("}, {"a.cedar": PERMIT, "a.tests.json": tests}):
        await ask(served, "POST", "", 201, json={"files": files})
    found = await ask(served, method, path, status, json=body)
    assert found["code"] == code
