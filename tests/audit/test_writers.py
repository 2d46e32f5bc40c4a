"""What the domains record by themselves: one entry for each change, in the transaction of the change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import psycopg
import pytest

from pilothouse import App


@pytest.fixture
async def recorded(conninfo: str) -> Callable[[], list[tuple[str, str, str, str]]]:
    """Kind, actor, the kind of subject, and what was done, of every entry without a place yet."""

    def look() -> list[tuple[str, str, str, str]]:
        with psycopg.connect(conninfo) as connection:
            return connection.execute(
                "select kind, actor, split_part(subject, '/', 1),"
                " convert_from(leaf, 'UTF8')::jsonb -> 'details' ->> 'did'"
                " from audit_inbox order by id"
            ).fetchall()

    return look


async def ask(client: httpx.AsyncClient, method: str, path: str, **body: Any) -> Any:
    answer = await client.request(method, f"/api/v1{path}", json=body or None)
    assert answer.status_code < 300, answer.text
    return answer.json() if answer.content else None


async def test_keys_tenants_and_people_leave_one_entry_for_each_change(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    recorded: Callable[[], list[tuple[str, str, str, str]]],
) -> None:
    client = await open_api(sample_app, execute=False)
    key = (await ask(client, "POST", "/keys", name="nightly", roles=["operator"]))["key"]["id"]
    await ask(client, "POST", f"/keys/{key}/rotate", overlap=0)
    for _ in range(2):
        await ask(client, "POST", f"/keys/{key}/revoke")
    await ask(client, "POST", "/tenants", id="acme", name="Acme")
    await ask(client, "PATCH", "/tenants/acme", name="Acme Ltd")
    await ask(client, "POST", "/tenants/acme/suspend")
    await ask(client, "POST", "/tenants/acme/resume")
    invited = {"email": "ada@example.com", "name": "Ada", "roles": ["operator"]}
    person = (await ask(client, "POST", "/users", **invited))["person"]["id"]
    await ask(client, "PUT", f"/users/{person}/roles", roles=["viewer"])
    await ask(client, "POST", f"/users/{person}/disable")
    await ask(client, "POST", f"/users/{person}/enable")
    found = [entry for entry in recorded() if entry[0] != "secret"]
    assert found == [
        *(("key", "local", "key", did) for did in ("made", "rotated", "revoked")),
        *(("tenant", "local", "tenant", did) for did in ("made", "changed", "suspended", "resumed")),
        *(("person", "local", "person", did) for did in ("invited", "given_roles", "disabled", "enabled")),
    ]


async def test_nothing_personal_stands_in_an_entry(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, conninfo: str
) -> None:
    client = await open_api(sample_app, execute=False)
    await ask(client, "POST", "/users", email="ada@example.com", name="Ada Canary", roles=["operator"])
    with psycopg.connect(conninfo) as connection:
        leaves = connection.execute("select convert_from(leaf, 'UTF8') from audit_inbox").fetchall()
    assert leaves
    assert not any("canary" in str(text).lower() or "ada@" in str(text) for text in leaves)
