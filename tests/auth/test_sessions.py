"""How long sessions last, where their cookies go, and that nothing is changed in one without its token."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import httpx
import pytest
import pytest_asyncio
from starlette.requests import HTTPConnection

from pilothouse.auth.credentials import BEGINS
from support.entrance import PASSWORD, HeldClock, House, Server, held_now

pytestmark = pytest.mark.asyncio(loop_scope="module")

ME = "/api/v1/me"
EMAIL = "ada@example.com"
ADDRESS = "https://pilothouse.example.com"
IDLE, LONGEST, PROGRAM = 600, 3_600, 7_200


@pytest.fixture(scope="module")
def clock() -> HeldClock:
    return held_now()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(house: House, clock: HeldClock) -> Server:
    """A server whose clock stands still until it is moved."""
    made = await house.open(clock=clock, session_idle=IDLE, session_longest=LONGEST, refresh_longest=PROGRAM)
    await made.joined(EMAIL)
    return made


@pytest_asyncio.fixture(loop_scope="module")
async def browser(server: Server) -> httpx.AsyncClient:
    return await server.browser(await server.person("grace"))


async def asked(server: Server, client: httpx.AsyncClient, **said: Any) -> int:
    """What a server says that remembers nothing."""
    server.auth.credentials.forget()
    return (await client.get(ME, **said)).status_code


async def test_a_session_ends_when_it_is_not_used(
    server: Server, browser: httpx.AsyncClient, clock: HeldClock
) -> None:
    for _ in range(3):
        clock.advance(IDLE - 1)
        assert await asked(server, browser) == 200
    clock.advance(IDLE + 60)  # uses are noted once a minute
    assert await asked(server, browser) == 401


async def test_a_session_ends_at_last_however_much_it_is_used(
    server: Server, browser: httpx.AsyncClient, clock: HeldClock
) -> None:
    shown = (await browser.get("/api/v1/auth/session")).json()
    ends = dt.datetime.fromisoformat(shown["expires_at"]) - clock.now()
    assert ends == dt.timedelta(seconds=LONGEST)
    for _ in range(LONGEST // 300 - 1):
        clock.advance(300)
        assert await asked(server, browser) == 200
    clock.advance(299)
    assert await asked(server, browser) == 200
    clock.advance(1)
    assert await asked(server, browser) == 401


async def test_a_page_that_lies_open_is_no_use_of_its_session(
    server: Server, browser: httpx.AsyncClient, clock: HeldClock
) -> None:
    cookie = f"ph_session={browser.cookies['ph_session']}".encode()
    told = {"type": "http", "method": "GET", "path": "/api/v1/events", "headers": [(b"cookie", cookie)]}
    request = HTTPConnection(told)
    scope = await server.auth.credentials.authenticate(request)
    held = []
    for _ in range(8):
        clock.advance(100)
        server.auth.credentials.forget()
        held.append(await server.auth.credentials.still_holds(request, scope))
    assert held == [True] * 6 + [False] * 2


async def test_sessions_that_are_over_are_not_listed(server: Server, clock: HeldClock) -> None:
    person = await server.person("lin")
    await server.browser(person)
    clock.advance(IDLE + 60)
    now = await server.browser(person)
    assert [item["current"] for item in (await now.get("/api/v1/auth/sessions")).json()["items"]] == [True]


async def test_a_program_is_not_idle_and_its_tokens_end_with_its_family(
    server: Server, clock: HeldClock
) -> None:
    program, pair = server.visitor(), await server.pair(EMAIL)
    clock.advance(PROGRAM - 10)
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    assert await asked(server, program, headers=bearer) == 401, "it holds for ten minutes"
    asking = {"grant_type": "refresh_token", "refresh_token": pair["refresh_token"]}
    second = (await program.post("/api/v1/auth/token", json=asking)).json()
    bearer = {"authorization": f"Bearer {second['access_token']}"}
    assert await asked(server, program, headers=bearer) == 200
    clock.advance(10)
    assert await asked(server, program, headers=bearer) == 401
    asking["refresh_token"] = second["refresh_token"]
    assert (await program.post("/api/v1/auth/token", json=asking)).status_code == 401


@pytest.mark.parametrize("way", ["/sign-in", "/api/v1/auth/sign-in"])
async def test_no_session_is_adopted_that_was_there_before(
    server: Server, browser: httpx.AsyncClient, way: str
) -> None:
    for planted in ("A" * 43, browser.cookies["ph_session"]):
        victim = server.visitor(headers={"cookie": f"ph_session={planted}"})
        given = {"email": EMAIL, "password": PASSWORD}
        answer = await victim.post(way, **{"data" if way == "/sign-in" else "json": given})
        assert answer.status_code in {200, 303}
        value = answer.cookies["ph_session"]
        assert len(value) == 43
        assert value != planted
    assert await asked(server, server.visitor(), headers={"cookie": "ph_session=" + "A" * 43}) == 401
    assert (await browser.get(ME)).status_code == 401  # what was planted does not stay open


@pytest.mark.parametrize("way", ["/sign-in", "/api/v1/auth/sign-in"])
async def test_signing_in_again_replaces_the_browsers_session_and_no_other(server: Server, way: str) -> None:
    first, elsewhere = server.visitor(), server.visitor()
    said: dict[str, Any] = {"data" if way == "/sign-in" else "json": {"email": EMAIL, "password": PASSWORD}}
    for client in (first, elsewhere):
        assert (await client.post(way, **said)).status_code in {200, 303}
    before = first.cookies["ph_session"]
    assert (await first.get(ME)).status_code == 200
    assert (await first.post(way, **{**said, "timeout": 20})).status_code in {200, 303}
    assert first.cookies["ph_session"] != before
    assert (await first.get(ME)).status_code == 200
    assert (await server.visitor(cookies={"ph_session": before}).get(ME)).status_code == 401
    assert (await elsewhere.get(ME)).status_code == 200
    wrong = {key: value | {"password": "not that one"} for key, value in said.items()}
    assert (await first.post(way, **wrong)).status_code == 401
    assert (await first.get(ME)).status_code == 200  # whoever fails stays who they were


async def test_a_link_replaces_the_browsers_session_too(server: Server) -> None:
    browser = await server.browser(await server.person("linus"))
    before = browser.cookies["ph_session"]
    link = await server.auth.links.new("http://localhost")
    assert (await browser.post("/sign-in", data={"token": link.partition("token=")[2]})).status_code == 303
    assert (await browser.get(ME)).json()["roles"] == ["admin"]
    assert (await server.visitor(cookies={"ph_session": before}).get(ME)).status_code == 401


async def test_each_sign_in_has_another_session(server: Server) -> None:
    person = await server.person("grace")
    values = {(await server.browser(person)).cookies["ph_session"] for _ in range(5)}
    assert len(values) == 5


@pytest.mark.parametrize(
    "value", ["", "A" * 42, "A" * 44, "A" * 5_000, "é" * 43, "' or 1=1 --", "%00" * 14 + "A"]
)
async def test_what_is_no_session_opens_nothing(server: Server, value: str) -> None:
    cookie = {"cookie": f"ph_session={value}".encode("latin-1")}
    assert await asked(server, server.visitor(), headers=cookie) == 401


CUSTOMERS = "/api/v1/chat/"
"""Below this no session counts, but the cookie of a chat with a token of its own: see tests/chats."""


def unsafe(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [
        (method, re.sub(r"\{[^}]+\}", "00000000-0000-0000-0000-000000000000", path))
        for path, methods in document["paths"].items()
        for method in methods
        if method not in {"get", "head", "options", "parameters"}
        and path not in BEGINS
        and not path.startswith(CUSTOMERS)
    ]


async def test_nothing_at_all_is_changed_in_a_session_without_its_token(server: Server) -> None:
    browser = await server.browser(await server.person("chief", "admin"))
    del browser.headers["x-csrf-token"]
    found = unsafe((await browser.get("/api/v1/openapi.json")).json())
    assert len(found) > 40
    for method, path in [*found, ("PROPFIND", ME), ("TRACE", ME), ("get ", ME)]:
        for said in ({}, {"x-csrf-token": "A" * 43}, {"x-csrf-token": browser.cookies["ph_session"]}):
            answer = await browser.request(method, path, headers=said, json={})
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), (method, path)


async def test_a_token_planted_as_a_cookie_does_not_fit(server: Server, browser: httpx.AsyncClient) -> None:
    other = await server.browser(await server.person("mallory"))
    theirs = other.headers["x-csrf-token"]
    browser.cookies.set("ph_csrf", theirs)
    answer = await browser.post("/api/v1/auth/sign-out", headers={"x-csrf-token": theirs})
    assert answer.status_code == 403
    assert (await browser.post("/api/v1/auth/sign-out")).status_code == 200


async def test_a_token_holds_while_the_pepper_is_rotated(
    server: Server, house: House, browser: httpx.AsyncClient
) -> None:
    from pilothouse.secrets.catalogue import kind_of, new_value
    from pilothouse.secrets.providers.files import Files

    await Files(house.folder / "secrets").add("pepper", new_value(kind_of("pepper")))
    rotated = await house.open()
    cookies = {"cookie": f"ph_session={browser.cookies['ph_session']}"}
    token = {"x-csrf-token": browser.headers["x-csrf-token"]}
    newest = (await rotated.visitor().get("/api/v1/auth/session", headers=cookies)).json()["csrf_token"]
    assert newest != token["x-csrf-token"]
    for said in (token, {"x-csrf-token": newest}):
        answer = await rotated.visitor().delete(
            "/api/v1/auth/sessions/00000000-0000-0000-0000-000000000000", headers=cookies | said
        )
        assert answer.status_code == 404


@pytest.mark.parametrize(
    "said",
    [{"public_url": ADDRESS}, {"trusted_proxies": ("192.0.2.0/24",), "hosts": ("pilothouse.example.com",)}],
)
async def test_under_tls_cookies_are_of_this_host_alone(
    house: House, server: Server, said: dict[str, Any]
) -> None:
    secure = await house.open(base=ADDRESS, **said)
    visitor = secure.visitor()
    answer = await visitor.post("/api/v1/auth/sign-in", json={"email": EMAIL, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    session, csrf = answer.headers.get_list("set-cookie")
    assert session.startswith("__Host-ph_session=")
    assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(session.split("; "))
    assert csrf.startswith("__Host-ph_csrf=")
    assert {"Secure", "SameSite=strict", "Path=/"} <= set(csrf.split("; "))
    assert "omain" not in session + csrf
    value = visitor.cookies["__Host-ph_session"]
    assert (await visitor.get(ME)).status_code == 200
    planted = secure.visitor(headers={"cookie": f"ph_session={value}"})
    assert (await planted.get(ME)).status_code == 401, "which another host could have set"
    token = {"x-csrf-token": answer.json()["csrf_token"]}
    left = await visitor.post("/api/v1/auth/sign-out", headers=token)
    assert all("Secure" in cookie for cookie in left.headers.get_list("set-cookie"))
    assert not [name for name in visitor.cookies if "session" in name]
