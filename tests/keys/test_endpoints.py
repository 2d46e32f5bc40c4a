"""Keys over HTTP."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest

from support.acting import acting

KEYS = "/api/v1/keys"
ADMIN = acting("admin")


async def make(client: httpx.AsyncClient, headers: dict[str, str] = ADMIN, **said: Any) -> Any:
    answer = await client.post(KEYS, json={"name": "n", "roles": ["viewer"]} | said, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer


async def test_a_key_is_made_shown_rotated_and_revoked(client: httpx.AsyncClient) -> None:
    answer = await make(client, roles=["operator", "viewer", "viewer"], rate=5)
    made = answer.json()
    where = answer.headers["location"]
    assert answer.headers["cache-control"] == "no-store"
    assert made["secret"].startswith("ph_live_")
    assert made["key"]["roles"] == ["operator", "viewer"]
    shown = (await client.get(where, headers=ADMIN)).json()
    assert shown == made["key"]
    assert "secret" not in shown
    rotated = await client.post(f"{where}/rotate", json={"overlap": 60}, headers=ADMIN)
    assert rotated.headers["cache-control"] == "no-store"
    assert rotated.json()["secret"] != made["secret"]
    assert rotated.json()["key"]["previous_until"]
    for _ in range(2):
        revoked = (await client.post(f"{where}/revoke", headers=ADMIN)).json()
        assert revoked["state"] == "revoked"
    again = await client.post(f"{where}/rotate", json={}, headers=ADMIN)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


async def test_keys_are_listed_by_page_without_secrets(client: httpx.AsyncClient) -> None:
    for number in range(3):
        await make(client, name=f"key-{number}")
    first = (await client.get(KEYS, params={"limit": 2}, headers=ADMIN)).json()
    second = (await client.get(KEYS, params={"cursor": first["next_cursor"]}, headers=ADMIN)).json()
    assert [item["name"] for item in first["items"] + second["items"]] == ["key-2", "key-1", "key-0"]
    assert all("secret" not in item and "mac" not in item for item in first["items"])


@pytest.mark.parametrize(
    "said",
    [
        {"roles": []},
        {"roles": ["root"]},
        {"permissions": []},
        {"permissions": ["everything"]},
        {"name": "a\nb"},
        {"name": "\u202eyek"},
        {"name": "  "},
        {"name": "x" * 101},
        {"rate": 0},
        {"expires_at": "2020-01-01T00:00:00Z"},
        {"expires_at": "2099-01-01T00:00:00"},
        {"engagement": "none"},
        {"tenant_id": "acme"},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(client: httpx.AsyncClient, said: dict[str, Any]) -> None:
    answer = await client.post(KEYS, json={"name": "n", "roles": ["viewer"]} | said, headers=ADMIN)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def test_a_key_is_bound_to_an_engagement_of_the_own_tenant(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/tenants", json={"id": "acme", "name": "Acme"})
    at_acme = acting("admin", tenant="acme")
    for headers in (ADMIN, at_acme):
        made = await client.post("/api/v1/engagements", json={"name": "audit"}, headers=headers)
        assert made.status_code == 201
    theirs = made.json()["id"]
    refused = await client.post(
        KEYS, json={"name": "n", "roles": ["viewer"], "engagement": theirs}, headers=ADMIN
    )
    assert refused.status_code == 400
    key = (await make(client, at_acme, engagement="audit")).json()["key"]
    assert key["engagement_id"] == theirs


async def test_a_bound_key_sees_nothing_of_the_tenant_as_a_whole(client: httpx.AsyncClient) -> None:
    await client.post("/api/v1/tenants", json={"id": "acme", "name": "Acme"})
    job = (await client.post("/api/v1/tenants/acme/export", headers=ADMIN)).json()["id"]
    said = {"tenant": "acme", "engagement": str(UUID(int=7)), "principal": f"key:{UUID(int=1)}"}
    free, bound = acting("admin", tenant="acme"), acting("admin", **said)
    for path in ("retention", "retention/estimate", "tenants/acme/jobs", f"tenants/acme/jobs/{job}"):
        assert (await client.get(f"/api/v1/{path}", headers=free)).status_code == 200, path
        answer = await client.get(f"/api/v1/{path}", headers=bound)
        expected = (404, "not_found") if job in path else (403, "forbidden")  # rows are hidden from it, too
        assert (answer.status_code, answer.json()["code"]) == expected, path
    assert (await client.get("/api/v1/runs", headers=bound)).status_code == 200
    home = acting("admin", **said | {"tenant": "default"})
    assert (await client.get("/api/v1/tenants/acme", headers=home)).status_code in {403, 404}


async def test_a_name_is_kept_in_one_spelling(client: httpx.AsyncClient) -> None:
    assert (await make(client, name=" Zoe\u0308's import ")).json()["key"]["name"] == "Zo\u00eb's import"


async def test_a_key_makes_no_key_that_may_do_more(client: httpx.AsyncClient) -> None:
    narrowed = acting("admin", permissions=["keys:manage"], principal=f"key:{UUID(int=1)}")
    answer = await client.post(KEYS, json={"name": "n", "roles": ["admin"]}, headers=narrowed)
    assert (answer.status_code, answer.json()["code"]) == (403, "beyond_yourself")
