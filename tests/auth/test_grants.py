"""Refresh tokens that come twice at once, and tokens that hold in all processes of an installation."""

from __future__ import annotations

import asyncio

import httpx
import pytest
import pytest_asyncio

from support.entrance import House, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMAIL = "ada@example.com"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(house: House) -> Server:
    """A process at a port of its own, of whose connections to the database there is one."""
    made = await house.open(port=8_123, database_connections=1, database_patience=3)
    await made.joined(EMAIL)
    return made


async def refreshed(server: Server, text: str) -> httpx.Response:
    asked = {"grant_type": "refresh_token", "refresh_token": text}
    return await server.visitor().post("/api/v1/auth/token", json=asked)


async def works(server: Server, access: str) -> int:
    return (
        await server.visitor().get("/api/v1/runs", headers={"authorization": f"Bearer {access}"})
    ).status_code


async def test_of_two_who_come_at_once_one_is_served_and_the_family_ends(
    server: Server, house: House
) -> None:
    elsewhere = await house.open()
    pair = await server.pair(EMAIL)
    answers = await asyncio.gather(
        *(refreshed(place, pair["refresh_token"]) for place in (server, elsewhere, server, elsewhere))
    )
    served = [answer.json() for answer in answers if answer.status_code == 200]
    refused = [answer.json()["code"] for answer in answers if answer.status_code == 401]
    assert (len(served), len(refused)) == (1, 3)
    assert "token_reused" in refused
    server.auth.credentials.forget()
    assert await works(server, served[0]["access_token"]) == 401
    assert (await refreshed(server, served[0]["refresh_token"])).status_code == 401


async def test_many_refresh_at_once_with_one_connection(server: Server) -> None:
    pairs = [await server.pair(EMAIL) for _ in range(3)]
    answers = await asyncio.gather(*(refreshed(server, pair["refresh_token"]) for pair in pairs))
    assert [answer.status_code for answer in answers] == [200] * 3


async def test_somebody_who_was_disabled_gets_no_more_tokens(server: Server) -> None:
    await server.joined("lin@example.com")
    pair = await server.pair("lin@example.com")
    found = (await server.client.get("/api/v1/users")).json()["items"]
    person = next(item["id"] for item in found if item["email"] == "lin@example.com")
    assert (await server.client.post(f"/api/v1/users/{person}/disable")).status_code == 200
    assert (await refreshed(server, pair["refresh_token"])).json()["code"] == "credential_invalid"


async def test_a_token_holds_at_whatever_port_it_was_issued(server: Server, house: House) -> None:
    access = (await server.pair(EMAIL))["access_token"]
    assert await works(await house.open(port=9_000), access) == 200
    public = await house.open(public_url="https://pilothouse.example.com")
    assert await works(public, access) == 401, "that is another installation's name"
