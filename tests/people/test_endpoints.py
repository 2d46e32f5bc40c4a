"""People over HTTP: what is answered, what is refused, and what is never written down."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from pilothouse.telemetry import logs
from support.people import GOOD, OTHER, token_of
from support.waiting import rows

USERS, ME, AUTH = "/api/v1/users", "/api/v1/me", "/api/v1/auth"


async def invited(client: httpx.AsyncClient, email: str = "ada@example.com", *roles: str) -> dict[str, Any]:
    answer = await client.post(USERS, json={"email": email, "name": "Ada Lovelace", "roles": list(roles)})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"{USERS}/{answer.json()['person']['id']}"
    return dict(answer.json())


def problem(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_person_is_invited_joins_and_is_looked_after(client: httpx.AsyncClient) -> None:
    made = await invited(client, "ada@example.com", "viewer")
    person = f"{USERS}/{made['person']['id']}"
    accepted = {"token": token_of(made["link"]), "password": GOOD}
    assert (await client.post(f"{AUTH}/accept-invitation", json=accepted)).status_code == 204
    assert problem(await client.post(f"{AUTH}/accept-invitation", json=accepted)) == (400, "link_invalid")
    assert (await client.get(person)).json()["status"] == "active"
    assert [item["email"] for item in (await client.get(USERS)).json()["items"]] == ["ada@example.com"]
    edit = {"roles": ["operator", "approver:finance"]}
    assert (await client.put(f"{person}/roles", json=edit)).json()["roles"] == [
        "approver:finance",
        "operator",
    ]
    assert (await client.post(f"{person}/disable")).json()["status"] == "disabled"
    assert problem(await client.post(f"{person}/reset", json={})) == (409, "conflict")
    assert (await client.post(f"{person}/enable")).json()["status"] == "active"
    reset = (await client.post(f"{person}/reset", json={"second_factor": True})).json()
    renewed = {"token": token_of(reset["link"]), "password": OTHER}
    assert (await client.post(f"{AUTH}/reset-password", json=renewed)).status_code == 204
    assert problem(await client.post(USERS, json={"email": "ADA@example.com", "roles": []})) == (
        409,
        "person_exists",
    )


async def test_the_last_admin_and_who_is_not_there(client: httpx.AsyncClient) -> None:
    made = await invited(client, "ada@example.com", "admin")
    accepted = {"token": token_of(made["link"]), "password": GOOD}
    await client.post(f"{AUTH}/accept-invitation", json=accepted)
    person = f"{USERS}/{made['person']['id']}"
    assert problem(await client.post(f"{person}/disable")) == (409, "last_admin")
    assert problem(await client.put(f"{person}/roles", json={"roles": []})) == (409, "last_admin")
    for method, path, body in (
        ("GET", "", None), ("POST", "/disable", None), ("POST", "/enable", None),
        ("POST", "/reset", {}), ("PUT", "/roles", {"roles": []}),
    ):  # fmt: skip
        answer = await client.request(method, f"{USERS}/{uuid4()}{path}", json=body)
        assert problem(answer) == (404, "not_found")


HOSTILE: list[tuple[str, dict[str, Any]]] = [
    (USERS, {"email": "ada", "roles": []}),
    (USERS, {"email": "ada@example.com"}),
    (USERS, {"email": "ada@example.com", "roles": ["root"]}),
    (USERS, {"email": "ada@example.com", "roles": ["viewer"] * 51}),
    (USERS, {"email": "ada@example.com", "roles": [], "tenant_id": "acme"}),
    (USERS, {"email": "ada@example.com", "roles": [], "password": GOOD}),
    (USERS, {"email": "ada@example.com\r\nBcc: eve@example.com", "roles": []}),
    (USERS, {"email": "ada@example.com", "roles": [], "name": "x\r\nBcc: eve@example.com"}),
    (USERS, {"email": "ada@example.com", "roles": [], "locale": "<script>"}),
    (f"{AUTH}/accept-invitation", {"token": "x", "password": GOOD, "roles": ["admin"]}),
    (f"{AUTH}/accept-invitation", {"token": "x" * 513, "password": GOOD}),
    (f"{AUTH}/accept-invitation", {"token": "x", "password": "y" * 1_025}),
    (f"{AUTH}/reset-password", {"token": "\u0000", "password": GOOD}),
    (f"{AUTH}/recovery", {"email": "ada@example.com", "tenant_id": "../acme"}),
]


async def test_what_is_not_asked_for_or_not_valid_is_refused(
    client: httpx.AsyncClient, conninfo: str
) -> None:
    for path, body in HOSTILE:
        assert (await client.post(path, json=body)).status_code == 400, body
    assert rows(conninfo, "select count(*) from people") == [(0,)]


async def test_the_answer_to_who_forgot_a_password_is_always_the_same(
    client: httpx.AsyncClient,
) -> None:
    await invited(client)
    answers = [
        await client.post(f"{AUTH}/recovery", json={"email": email})
        for email in ("ada@example.com", "nobody@example.com", "no address")
    ]
    assert {(answer.status_code, answer.content) for answer in answers} == {(202, b"null")}


async def test_who_asks_is_told(client: httpx.AsyncClient) -> None:
    me = (await client.get(ME)).json()
    assert (me["principal"], me["tenant_id"], me["person"]) == ("local", "default", None)
    assert "people:manage" in me["permissions"]
    assert problem(await client.patch(ME, json={"name": "x"})) == (404, "not_found")
    assert problem(await client.patch(ME, json={"roles": ["admin"]})) == (400, "invalid_input")
    assert problem(await client.put(f"{ME}/password", json={"new": GOOD})) == (404, "not_found")
    for path, body in (("", {}), ("/confirm", {"code": "000000"}), ("/remove", {"code": "000000"})):
        assert problem(await client.post(f"{ME}/totp{path}", json=body)) == (404, "not_found")


async def test_neither_addresses_nor_names_nor_links_are_logged(
    client: httpx.AsyncClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("debug", "json")  # into what is captured here
    made = await invited(client, "ada.lovelace@example.com")
    token = token_of(made["link"])
    await client.post(f"{AUTH}/accept-invitation", json={"token": token, "password": "short"})
    await client.post(f"{AUTH}/accept-invitation", json={"token": token, "password": GOOD})
    await client.post(USERS, json={"email": "ada.lovelace@example.com", "roles": []})
    await client.post(f"{AUTH}/recovery", json={"email": "ada.lovelace@example.com"})
    said = ""
    async with asyncio.timeout(10):
        while "recovery_without_mail" not in said:
            said += "".join(capsys.readouterr())
            await asyncio.sleep(0.01)
    with capsys.disabled():
        logs.configure("debug", "readable")
    assert "person_invited" in said
    for secret in ("lovelace", "Lovelace", token, GOOD):
        assert secret not in said


async def test_who_has_signed_in_edits_only_the_own_account_and_a_new_password_ends_the_token(
    client: httpx.AsyncClient,
) -> None:
    made = await invited(client, "ada@example.com", "viewer")
    await client.post(f"{AUTH}/accept-invitation", json={"token": token_of(made["link"]), "password": GOOD})
    asked = {"grant_type": "password", "email": "ada@example.com", "password": GOOD}
    token = (await client.post(f"{AUTH}/token", json=asked)).json()["access_token"]
    as_ada = {"authorization": f"Bearer {token}"}
    me = (await client.get(ME, headers=as_ada)).json()
    assert (me["person"]["id"], me["roles"]) == (made["person"]["id"], ["viewer"])
    edited = await client.patch(ME, json={"name": "Ada King"}, headers=as_ada)
    assert edited.json()["name"] == "Ada King"
    promoted = await client.patch(ME, json={"roles": ["admin"]}, headers=as_ada)
    assert problem(promoted) == (400, "invalid_input")
    for method, path, body in (
        ("GET", USERS, None),
        ("POST", USERS, {"email": "eve@example.com", "roles": ["admin"]}),
        ("PUT", f"{USERS}/{made['person']['id']}/roles", {"roles": ["admin"]}),
    ):
        refused = await client.request(method, path, json=body, headers=as_ada)
        assert problem(refused) == (403, "forbidden")
    enrolled = await client.post(f"{ME}/totp", json={"password": GOOD}, headers=as_ada)
    assert enrolled.json()["uri"].startswith("otpauth://totp/")
    changed = await client.put(f"{ME}/password", json={"current": GOOD, "new": OTHER}, headers=as_ada)
    assert changed.status_code == 204
    async with asyncio.timeout(3):
        while (await client.get(ME, headers=as_ada)).status_code != 401:
            await asyncio.sleep(0.05)
