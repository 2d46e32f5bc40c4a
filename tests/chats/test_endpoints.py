"""Customers who chat over HTTP: in by a link, in their own conversations, and nowhere else."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import psycopg
import pytest
import pytest_asyncio
from pydantic import BaseModel

from pilothouse import App, Context, ReasonCard, workflow
from pilothouse.chats.conversations import MOST
from support.entrance import House, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

CHAT = "/api/v1/chat"
LINKS = "/api/v1/chats/links"
ROLE = "customer"


class Ticket(BaseModel):
    """What a customer begins with."""

    text: str
    sender: str
    channel: str


@workflow("desk", version=1, personal=True, untrusted_input=True)
async def desk(ctx: Context, ticket: Ticket) -> str:
    """Repeat what is said, hand over, and say goodbye."""
    await ctx.ask(f"{ticket.sender} says {ticket.text}", free=True, choices=("Yes",), role=ROLE, key="one")
    await ctx.emit(ReasonCard(title="Reply", decision="I am passing you on."))
    await ctx.emit(ReasonCard(title="Inner thoughts", decision="The customer is odd."))
    said = await ctx.ask("A customer needs you", role="support", key="person")
    await ctx.ask(said, free=True, role=ROLE, key="two")
    await ctx.emit(ReasonCard(title="Reply", decision="Goodbye."))
    return "over"


@workflow("other", version=1)
async def other(ctx: Context, number: int) -> int:
    """Takes no messages."""
    return number


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def conninfo(postgres_server: Any) -> AsyncIterator[str]:
    yield postgres_server.create_database("chats", "migrated")
    postgres_server.drop_database("chats")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    async with House(conninfo, tmp_path_factory.mktemp("chats"), App("desk", [desk, other])) as house:
        yield await house.listen(execute=True)


async def link(server: Server, email: str, **said: str) -> str:
    """The token of a new link."""
    made = await server.client.post(LINKS, json={"workflow": "desk", "email": email, **said})
    assert made.status_code == 201, made.text
    address, _, token = made.json()["url"].partition("#token=")
    assert address.endswith("/chat/desk")
    return str(token)


async def come(server: Server, email: str) -> httpx.AsyncClient:
    """A customer who has come in."""
    found = server.visitor()
    answer = await found.post(f"{CHAT}/session", json={"token": await link(server, email)})
    assert answer.status_code == 200, answer.text
    found.headers["x-csrf-token"] = answer.json()["csrf_token"]
    return found


async def begin(customer: httpx.AsyncClient, text: str = "Hello", **headers: str) -> dict[str, Any]:
    made = await customer.post(f"{CHAT}/conversations", json={"text": text}, headers=headers)
    assert made.status_code == 201, made.text
    return dict(made.json())


async def reached(customer: httpx.AsyncClient, id_: str, state: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            found = (await customer.get(f"{CHAT}/conversations/{id_}")).json()
            if found["state"] == state:
                return dict(found)
            await asyncio.sleep(0.02)


async def test_a_customer_sees_what_is_said_to_them_and_nothing_else(server: Server) -> None:
    customer = await come(server, "Ada@Example.com ")
    id_ = (await begin(customer))["id"]
    found = await reached(customer, id_, "yours")
    assert [(one["by"], one["text"]) for one in found["messages"]] == [
        ("customer", "Hello"),
        ("desk", "ada@example.com says Hello"),
    ]
    assert found["messages"][1]["choices"] == ["Yes"]
    said = {"to": found["waits_for"], "text": "I see"}
    assert (await customer.post(f"{CHAT}/conversations/{id_}/messages", json=said)).status_code == 200
    assert (await reached(customer, id_, "with_person"))["messages"][-1]["text"] == "I am passing you on."
    query = {"run_id": id_, "role": "support"}
    (asked,) = (await server.client.get("/api/v1/questions", params=query)).json()["items"]
    assert (asked["choices"], asked["free"]) == ([], True)
    query = {"run_id": id_, "role": ROLE}
    (first,) = (await server.client.get("/api/v1/questions", params=query)).json()["items"]
    assert (first["choices"], first["free"]) == (["Yes"], True)
    await server.client.post(f"/api/v1/questions/{asked['id']}/answer", json={"answer": "It is me, Grace."})
    found = await reached(customer, id_, "yours")
    assert (found["messages"][-1]["by"], found["messages"][-1]["text"]) == ("person", "It is me, Grace.")
    last = {"to": found["waits_for"], "text": "Thank you"}
    await customer.post(f"{CHAT}/conversations/{id_}/messages", json=last)
    found = await reached(customer, id_, "ended")
    assert [one["text"] for one in found["messages"]][2:] == [
        *("I see", "I am passing you on.", "It is me, Grace.", "Thank you", "Goodbye."),
    ]
    (listed,) = (await customer.get(f"{CHAT}/conversations")).json()["items"]
    assert (listed["id"], listed["is_over"]) == (id_, True)
    run = (await server.client.get(f"/api/v1/runs/{id_}")).json()
    assert run["principal"].startswith("chat:")


async def test_the_same_again_is_said_once(server: Server) -> None:
    customer = await come(server, "twice@example.com")
    first = await begin(customer, **{"idempotency-key": "a"})
    assert (await begin(customer, **{"idempotency-key": "a"}))["id"] == first["id"]
    found = await reached(customer, first["id"], "yours")
    path = f"{CHAT}/conversations/{first['id']}/messages"
    for _ in range(2):
        answer = await customer.post(path, json={"to": found["waits_for"], "text": "Once"})
        assert answer.status_code == 200
    assert [one["text"] for one in answer.json()["messages"]].count("Once") == 1
    another = await customer.post(path, json={"to": found["waits_for"], "text": "Something else"})
    assert another.status_code == 409
    assert (await customer.post(path, json={"to": "ask:person", "text": "Me"})).status_code == 409


async def test_the_stream_shows_the_whole_after_each_change(server: Server) -> None:
    customer = await come(server, "live@example.com")
    id_ = (await begin(customer))["id"]
    async with customer.stream("GET", f"{CHAT}/conversations/{id_}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data: {") and orjson.loads(line[6:])["state"] == "yours":
                break
    stranger = await come(server, "stranger@example.com")
    assert (await stranger.get(f"{CHAT}/conversations/{id_}/events")).status_code == 404
    assert (await server.visitor().get(f"{CHAT}/conversations/{id_}/events")).status_code == 401


async def test_a_link_is_good_once_and_for_a_while(server: Server, conninfo: str) -> None:
    token = await link(server, "once@example.com")
    enter = [await server.visitor().post(f"{CHAT}/session", json={"token": token}) for _ in range(2)]
    assert [answer.status_code for answer in enter] == [200, 410]
    cookie = enter[0].headers["set-cookie"]
    assert all(part in cookie for part in ("ph_chat=", "HttpOnly", "SameSite=strict", "Max-Age=86400"))
    late = await link(server, "late@example.com")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update chat_links set expires_at = now() where used_at is null")
    assert (await server.visitor().post(f"{CHAT}/session", json={"token": late})).status_code == 410
    other = late.replace("default.", "acme.")
    for wrong in (other, "default." + "A" * 43, "x" * 50, late[:-1] + "!"):
        assert (await server.visitor().post(f"{CHAT}/session", json={"token": wrong})).status_code == 410


async def test_links_are_listed_with_how_they_stand(server: Server, conninfo: str) -> None:
    await link(server, "over@example.com", name="Over")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update chat_links set expires_at = now() where used_at is null")
    await come(server, "in@example.com")
    made = await server.client.post(
        LINKS, json={"workflow": "desk", "email": "new@example.com", "minutes": 60}
    )
    found = (await server.client.get(LINKS, params={"limit": 3})).json()["items"]
    assert [(one["email"], one["name"], one["state"]) for one in found] == [
        ("new@example.com", "", "open"),
        ("in@example.com", "", "used"),
        ("over@example.com", "Over", "expired"),
    ]
    assert (found[0]["id"], found[0]["expires_at"]) == (made.json()["id"], made.json()["expires_at"])
    lasts = dt.datetime.fromisoformat(found[0]["expires_at"]) - dt.datetime.fromisoformat(found[0]["made_at"])
    assert lasts == dt.timedelta(hours=1)
    assert "token" not in str(found)
    for minutes in (4, 1_441, "15"):
        wanted = {"workflow": "desk", "email": "new@example.com", "minutes": minutes}
        assert (await server.client.post(LINKS, json=wanted)).status_code == 400


async def test_a_link_that_was_revoked_lets_nobody_in_and_whoever_came_by_it_out(server: Server) -> None:
    wanted = {"workflow": "desk", "email": "revoked@example.com"}
    unused, used = [(await server.client.post(LINKS, json=wanted)).json() for _ in range(2)]
    other = await come(server, "revoked@example.com")
    inside = server.visitor()
    token = used["url"].partition("#token=")[2]
    assert (await inside.post(f"{CHAT}/session", json={"token": token})).status_code == 200
    for made in (unused, used):
        assert (await server.client.delete(f"{LINKS}/{made['id']}")).status_code == 204
        assert (await server.client.delete(f"{LINKS}/{made['id']}")).status_code == 404
    late = await server.visitor().post(
        f"{CHAT}/session", json={"token": unused["url"].partition("#token=")[2]}
    )
    assert late.status_code == 410
    assert (await inside.get(f"{CHAT}/session")).status_code == 401
    assert (await other.get(f"{CHAT}/session")).status_code == 200
    left = {one["id"] for one in (await server.client.get(LINKS)).json()["items"]}
    assert not left & {unused["id"], used["id"]}


async def test_nobody_reaches_the_conversations_of_another_customer(server: Server) -> None:
    ada, eve = await come(server, "ada2@example.com"), await come(server, "eve@example.com")
    id_ = (await begin(ada))["id"]
    found = await reached(ada, id_, "yours")
    assert (await eve.get(f"{CHAT}/conversations/{id_}")).status_code == 404
    said = {"to": found["waits_for"], "text": "I am Ada"}
    assert (await eve.post(f"{CHAT}/conversations/{id_}/messages", json=said)).status_code == 404
    assert (await eve.get(f"{CHAT}/conversations")).json()["items"] == []
    run = (await server.client.post("/api/v1/runs", json={"workflow": "other", "input": 1})).json()["id"]
    assert (await eve.get(f"{CHAT}/conversations/{run}")).status_code == 404


async def test_each_credential_opens_its_own_door_only(server: Server) -> None:
    customer = await come(server, "door@example.com")
    for path in ("/api/v1/runs", "/api/v1/questions", "/api/v1/me", "/api/v1/events"):
        assert (await customer.get(path)).status_code == 401
    assert (await customer.post(LINKS, json={"workflow": "desk", "email": "a@b.c"})).status_code == 401
    admin = await server.browser(await server.person("admin", "admin"))
    assert (await admin.get("/api/v1/me")).status_code == 200
    assert (await admin.get(f"{CHAT}/conversations")).status_code == 401
    assert (await admin.post(f"{CHAT}/conversations", json={"text": "Hello"})).status_code == 401
    assert (await server.client.get(f"{CHAT}/conversations")).status_code == 401
    admin.cookies.set("ph_chat", customer.cookies["ph_chat"])
    admin.headers["x-csrf-token"] = customer.headers["x-csrf-token"]
    assert (await admin.post(f"{CHAT}/conversations", json={"text": "Both"})).status_code == 201


async def test_changes_need_the_token_of_the_session(server: Server) -> None:
    customer, other_one = await come(server, "csrf@example.com"), await come(server, "csrf2@example.com")
    for token in ("", "wrong", other_one.headers["x-csrf-token"]):
        customer.headers["x-csrf-token"] = token
        refused = await customer.post(f"{CHAT}/conversations", json={"text": "Hello"})
        assert (refused.status_code, refused.json()["code"]) == (403, "chat_csrf_refused")
        assert (await customer.delete(f"{CHAT}/session")).status_code == 403
    assert (await customer.get(f"{CHAT}/session")).status_code == 200


async def test_a_session_ends_and_is_of_one_tenant(server: Server, conninfo: str) -> None:
    customer = await come(server, "leaving@example.com")
    value = customer.cookies["ph_chat"]
    stolen = server.visitor(cookies={"ph_chat": value.replace("default.", "acme.")})
    assert (await stolen.get(f"{CHAT}/session")).status_code == 401
    assert (await customer.delete(f"{CHAT}/session")).status_code == 204
    again = server.visitor(cookies={"ph_chat": value})
    assert (await again.get(f"{CHAT}/session")).status_code == 401
    expired = await come(server, "expired@example.com")
    with psycopg.connect(conninfo) as connection:
        connection.execute("update chat_sessions set expires_at = now()")
    assert (await expired.get(f"{CHAT}/session")).status_code == 401


async def test_a_customer_begins_so_many_conversations_only(server: Server) -> None:
    customer = await come(server, "eager@example.com")
    for _ in range(MOST):
        await begin(customer)
    refused = await customer.post(f"{CHAT}/conversations", json={"text": "One more"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_conversations")
    assert 0 < int(refused.headers["retry-after"]) <= 3_600


async def test_links_are_made_by_those_who_operate_for_workflows_that_take_messages(server: Server) -> None:
    wanted = {"workflow": "desk", "email": "a@example.com"}
    for role, status in (("operator", 201), ("admin", 201), ("approver", 403), ("viewer", 403)):
        somebody = await server.browser(await server.person(f"made-{role}", role))
        assert (await somebody.post(LINKS, json=wanted)).status_code == status
    for wrong, status in (({"workflow": "other"}, 400), ({"workflow": "none"}, 404), ({"email": "x"}, 400)):
        assert (await server.client.post(LINKS, json=wanted | wrong)).status_code == status


async def test_addresses_are_kept_sealed(server: Server, conninfo: str) -> None:
    await link(server, "secret@example.com", name="Secret Name")
    await link(server, "SECRET@example.com", name="Another Name")
    with psycopg.connect(conninfo) as connection:
        rows = connection.execute("select address from chat_customers").fetchall()
    assert rows
    assert not any(b"secret" in row[0].lower() for row in rows)
    customer = await come(server, "secret@example.com")
    assert (await customer.get(f"{CHAT}/session")).json()["name"] == "Another Name"
