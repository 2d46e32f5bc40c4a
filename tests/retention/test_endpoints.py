"""Retention over HTTP: rules are made, shown, estimated, applied by the workers and removed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import httpx
import pytest

from support.waiting import rows

API = "/api/v1/retention"
OLD = "00000000-0000-7000-8000-000000000001"
OLD_RUN = """
insert into runs (id, workflow, version, pin, status, seq, finished_at)
values (%s, 'echo', 1, 'echo@1', 'completed', 4, now() - interval '9 days')
"""
Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, object]]]


async def test_a_rule_is_made_changed_listed_and_removed(client: httpx.AsyncClient) -> None:
    assert (await client.get(API)).json() == {"items": []}
    made = (await client.put(f"{API}/*", json={"days": 365})).json()
    assert (made["workflow"], made["days"], made["keep"], made["changed_by"]) == (
        "*",
        365,
        "nothing",
        "local",
    )
    changed = (await client.put(f"{API}/*", json={"days": 30, "keep": "run"})).json()
    assert (changed["days"], changed["keep"], changed["runs"]) == (30, "run", 0)
    await client.put(f"{API}/echo", json={"days": 1, "keep": "everything"})
    assert [rule["workflow"] for rule in (await client.get(API)).json()["items"]] == ["*", "echo"]
    assert (await client.delete(f"{API}/*")).status_code == 204
    gone = await client.delete(f"{API}/*")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "edit", [{"days": 0}, {"days": 40_000}, {"days": 1, "keep": "half"}, {}, {"days": 1, "x": 1}]
)
async def test_what_is_no_rule_is_refused(client: httpx.AsyncClient, edit: dict[str, object]) -> None:
    assert (await client.put(f"{API}/echo", json=edit)).status_code == 400


async def test_what_cannot_name_a_workflow_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.put(f"{API}/{'w' * 256}", json={"days": 1})).status_code == 400


async def test_what_would_go_is_estimated_and_goes_when_it_is_applied(
    client: httpx.AsyncClient, conninfo: str, submit: Submit, reach: Reach
) -> None:
    new = await submit(client, "echo")
    await reach(client, new, "completed")
    rows(conninfo, OLD_RUN, OLD)
    await client.put(f"{API}/echo", json={"days": 7})
    await client.put(f"{API}/*", json={"days": 1, "keep": "everything"})
    found = {item["workflow"]: item for item in (await client.get(f"{API}/estimate")).json()["items"]}
    assert (found["*"]["runs"], found["*"]["oldest_at"]) == (0, None)
    assert (found["echo"]["runs"], found["echo"]["entries"], found["echo"]["oldest_at"] is not None) == (
        1,
        4,
        True,
    )
    applied = await client.post(f"{API}/apply")
    assert (applied.status_code, len(applied.json()["items"])) == (202, 2)
    assert (await client.get(f"/api/v1/runs/{new}")).status_code == 200
