"""What is revoked in one process is refused within a second in another, and open streams end soon after."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import httpx
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pilothouse.protocols.http.authentication import Authentication
from support.entrance import House, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNS = "/api/v1/runs"


async def made(answer: Any) -> Any:
    found = await answer
    assert found.status_code in {200, 201, 204}, found.text
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def elsewhere(house: House) -> Server:
    """A second process over the same database."""
    return await house.open()


async def in_process(server: Server, client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody who has come to one process, before another."""
    return server.visitor(headers=dict(client.headers), cookies=client.cookies)


@pytest.mark.timed
async def test_whatever_is_revoked_is_refused_within_a_second_everywhere(
    server: Server, elsewhere: Server
) -> None:
    await made(server.client.post("/api/v1/tenants", json={"id": "acme", "name": "Acme"}))
    await server.joined("ada@example.com")
    ada, lin = await server.person("grace"), await server.person("lin")
    key_id, key = await server.key()
    pair = await server.pair("ada@example.com")
    acme = await server.browser(await server.person("ann", "admin", tenant="acme"))
    told = {"name": "theirs", "roles": ["viewer"]}
    theirs = (await made(acme.post("/api/v1/keys", json=told))).json()["secret"]
    leaving = await server.browser(lin)
    disabled = await server.browser(ada)
    stays = await server.browser(await server.person("stays"))

    def bearer(text: str) -> httpx.AsyncClient:
        return elsewhere.visitor(headers={"authorization": f"Bearer {text}"})

    ends = {
        "a person who is disabled": await in_process(elsewhere, disabled),
        "a session that is signed out": await in_process(elsewhere, leaving),
        "a key that is revoked": bearer(key),
        "the same key by its own header": elsewhere.visitor(headers={"x-api-key": key}),
        "a token whose family is revoked": bearer(pair["access_token"]),
        "a session of a tenant that is suspended": await in_process(elsewhere, acme),
        "a key of that tenant": bearer(theirs),
    }
    goes_on = await in_process(elsewhere, stays)
    for why, client in ends.items():
        assert (await client.get(RUNS)).status_code == 200, why
    for path in (f"/api/v1/users/{ada.person_id}/disable", f"/api/v1/keys/{key_id}/revoke"):
        await made(server.client.post(path))
    await made(server.client.post("/api/v1/tenants/acme/suspend"))
    await made(leaving.post("/api/v1/auth/sign-out"))
    await made(server.visitor().post("/api/v1/auth/revoke", json={"token": pair["refresh_token"]}))
    since = time.monotonic()
    assert (await leaving.get(RUNS)).status_code == 401, "here it is known at once"
    await asyncio.sleep(1 - (time.monotonic() - since))
    for why, client in ends.items():
        answer = await client.get(RUNS)
        assert answer.status_code == 401, why
        assert answer.headers["www-authenticate"], why
    assert (await goes_on.get(RUNS)).status_code == 200


async def test_other_roles_count_within_a_second_as_well(server: Server, elsewhere: Server) -> None:
    await server.person("chief", "admin")  # for the last one stays
    person = await server.person("demoted", "admin")
    client = await in_process(elsewhere, await server.browser(person))
    assert (await client.get("/api/v1/keys")).status_code == 200
    await made(server.client.put(f"/api/v1/users/{person.person_id}/roles", json={"roles": ["viewer"]}))
    elsewhere.auth.credentials.forget()  # as the time would
    assert (await client.get("/api/v1/keys")).status_code == 403


async def test_with_more_rights_comes_another_session_and_with_fewer_the_same(server: Server) -> None:
    mia = await server.person("mia", "operator")
    browser = await server.browser(mia)
    path = f"/api/v1/users/{mia.person_id}/roles"
    for roles, status in ((["viewer"], 200), (["viewer", "approver:finance"], 401)):
        assert (await server.client.put(path, json={"roles": roles})).status_code == 200
        server.auth.credentials.forget()  # as the time would
        assert (await browser.get("/api/v1/me")).status_code == status


def watch_of(server: Server) -> Any:
    """What looks after open streams in a server."""
    layer = server.serving.api.middleware_stack
    while not isinstance(layer, Authentication):
        layer = getattr(layer, "_app", None) or layer.app
    return layer._watch


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def real(house: House) -> Server:
    """A process behind a real socket, which looks after streams more often than it would."""
    found = await house.listen(cors_origins=("https://console.example.com",))
    watch_of(found)._every = 0.1
    return found


async def followed(client: httpx.AsyncClient, path: str, opened: asyncio.Event) -> float:
    """When a stream of events has ended."""
    async with client, client.stream("GET", path) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        opened.set()
        async for _ in answer.aiter_bytes():
            pass
    return time.monotonic()


async def joined(server: Server, headers: dict[str, str], opened: asyncio.Event) -> tuple[float, int | None]:
    """When a WebSocket was closed, and with which code."""
    url = str(server.client.base_url).rstrip("/").replace("http", "ws", 1) + "/api/v1/ws"
    async with connect(url, proxy=None, compression=None, additional_headers=headers) as socket:
        opened.set()
        try:
            while True:
                await socket.recv()
        except ConnectionClosed:
            return time.monotonic(), socket.close_code


def cookie_of(client: httpx.AsyncClient) -> dict[str, str]:
    return {"cookie": f"ph_session={client.cookies['ph_session']}"}


async def test_streams_end_soon_after_their_credentials(real: Server) -> None:
    wanted = {"workflow": "echo", "input": {"text": "hello"}}
    run_id = (await made(real.client.post(RUNS, json=wanted))).json()["id"]
    events, url = f"{RUNS}/{run_id}/events", real.client.base_url
    keys = [await real.key() for _ in range(3)]
    here, there = [await real.browser(await real.person(name), transport=None) for name in ("sara", "sven")]

    def client(**headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=url, timeout=20, headers=headers, verify=False)  # noqa: S501 - no TLS

    signs = [asyncio.Event() for _ in range(6)]
    own = str(url).rstrip("/")
    ends = [
        followed(client(authorization=f"Bearer {keys[0][1]}"), events, signs[0]),
        followed(client(**cookie_of(here)), events, signs[1]),
        followed(client(**cookie_of(there)), "/api/v1/events", signs[2]),
        joined(real, {"authorization": f"Bearer {keys[1][1]}"}, signs[3]),
        joined(real, cookie_of(here) | {"origin": own}, signs[4]),
    ]
    tasks = [asyncio.create_task(item) for item in ends]
    goes_on = asyncio.create_task(followed(client(**{"x-api-key": keys[2][1]}), events, signs[5]))
    async with asyncio.timeout(10):
        await asyncio.gather(*(sign.wait() for sign in signs))
    assert not [task for task in (*tasks, goes_on) if task.done()]
    for key_id, _ in keys[:2]:
        await made(real.client.post(f"/api/v1/keys/{key_id}/revoke"))
    for browser in (here, there):
        async with browser:
            await made(browser.post("/api/v1/auth/sign-out-everywhere"))
    since = time.monotonic()
    async with asyncio.timeout(5):
        found = await asyncio.gather(*tasks)
    assert [closed for _, closed in found[3:]] == [1008, 1008]
    last = max(*found[:3], *(moment for moment, _ in found[3:]))
    assert last - since < 3
    assert not goes_on.done(), "others hear on"
    goes_on.cancel()
    await asyncio.wait([goes_on])


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://console.example.com", 101), ("own", 101), (None, 101), ("https://evil.example", 403),
        ("https://console.example.com.evil.example", 403), ("null", 403), ("http://console.example.com", 403),
    ],
)  # fmt: skip
async def test_a_web_socket_is_opened_for_listed_pages_and_nobody_else(
    real: Server, origin: str | None, status: int
) -> None:
    browser = await real.browser(await real.person("sara"), transport=None)
    own = str(real.client.base_url).rstrip("/")
    headers = cookie_of(browser) | ({} if origin is None else {"origin": own if origin == "own" else origin})
    url = own.replace("http", "ws", 1) + "/api/v1/ws"
    try:
        async with connect(url, proxy=None, additional_headers=headers):
            found = 101
    except InvalidStatus as error:
        found = error.response.status_code
    assert found == status


async def test_a_web_socket_without_a_credential_is_challenged(real: Server) -> None:
    url = str(real.client.base_url).rstrip("/").replace("http", "ws", 1) + "/api/v1/ws"
    for headers in ({}, {"authorization": "Bearer ph_live_x_y"}, {"cookie": "ph_session=" + "A" * 43}):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(url, proxy=None, additional_headers=headers):
                pass
        assert refused.value.response.status_code == 401
        assert refused.value.response.headers["www-authenticate"].startswith("Bearer")
