"""Limits over HTTP: set, shown, changed, removed, and in force from the next claim on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

PATH = "/api/v1/limits"
Reach = Callable[..., Awaitable[dict[str, Any]]]
Submit = Callable[..., Awaitable[str]]


async def test_a_limit_is_set_changed_shown_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH)).json() == {"items": []}
    wide = {"scope": "installation", "concurrency": 50}
    own = {"scope": "tenant", "tenant": "acme", "workflow": "echo", "rate": 5, "per_seconds": 60}
    for limit in (own, wide):
        assert (await client.put(PATH, json=limit)).status_code == 200
    changed = (await client.put(PATH, json=wide | {"concurrency": 60})).json()
    assert changed == {
        "scope": "installation", "tenant": None, "workflow": "*",
        "concurrency": 60, "rate": None, "per_seconds": 1,
    }  # fmt: skip
    items = (await client.get(PATH)).json()["items"]
    assert [(item["scope"], item["concurrency"], item["rate"]) for item in items] == [
        ("installation", 60, None), ("tenant", None, 5)
    ]  # fmt: skip
    key = {"scope": "tenant", "tenant": "acme", "workflow": "echo"}
    assert (await client.delete(PATH, params=key)).json()["rate"] == 5
    gone = await client.delete(PATH, params=key)
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")
    assert "tenant acme, workflow echo" in gone.json()["detail"]


@pytest.mark.parametrize(
    "limit",
    [
        {"scope": "installation"},
        {"scope": "installation", "tenant": "acme", "concurrency": 1},
        {"scope": "tenant", "concurrency": 1},
        {"scope": "tenant", "tenant": "", "concurrency": 1},
        {"scope": "everybody", "concurrency": 1},
        {"scope": "installation", "concurrency": -1},
        {"scope": "installation", "rate": 0},
        {"scope": "installation", "rate": 1, "per_seconds": 0},
        {"scope": "installation", "workflow": "no name", "rate": 1},
        {"scope": "installation", "rate": 1, "unknown": 1},
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, limit: dict[str, Any]
) -> None:
    answer = await client.put(PATH, json=limit)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert (await client.get(PATH)).json() == {"items": []}


async def test_a_limit_holds_from_the_next_claim_on_and_its_removal_wakes_the_workers(
    client: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    closed = {"scope": "each_tenant", "workflow": "echo", "concurrency": 0}
    await client.put(PATH, json=closed)
    held = await submit(client, "echo")
    await reach(client, await submit(client, "ask"), "waiting")
    assert (await client.get(f"/api/v1/runs/{held}")).json()["status"] == "queued"
    await client.delete(PATH, params={"scope": "each_tenant", "workflow": "echo"})
    await reach(client, held, "completed")
