"""Signing in and out over HTTP, as browsers and programs do."""

from __future__ import annotations

import re

import httpx
import pytest
import pytest_asyncio

from pilothouse.auth.believing import LASTS
from support.entrance import House, Server
from support.waiting import rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

EMAIL, PASSWORD = "ada@example.com", "a quiet harbour at dawn"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ada(server: Server) -> None:
    await server.joined(EMAIL)


@pytest.fixture
def browser(server: Server, ada: None) -> httpx.AsyncClient:
    """Nobody, before a server with one person."""
    return server.visitor()


@pytest.fixture
def client(server: Server) -> httpx.AsyncClient:
    """A program of this machine."""
    return server.client


def other(client: httpx.AsyncClient) -> httpx.AsyncClient:
    """Another client of the same server, which has no credential yet."""
    return httpx.AsyncClient(transport=client._transport, base_url=client.base_url, timeout=20)


async def sign_in(client: httpx.AsyncClient, email: str = EMAIL) -> dict[str, str]:
    answer = await client.post("/api/v1/auth/sign-in", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    return {"x-csrf-token": answer.json()["csrf_token"]}


async def token(client: httpx.AsyncClient, **asked: str) -> httpx.Response:
    given = asked or {"email": EMAIL, "password": PASSWORD}
    kind = "refresh_token" if "refresh_token" in given else "password"
    return await client.post("/api/v1/auth/token", json={"grant_type": kind, **given})


async def test_a_session_is_a_cookie_that_no_script_reads(browser: httpx.AsyncClient, house: House) -> None:
    assert (await browser.get("/api/v1/runs")).status_code == 401
    answer = await browser.post("/api/v1/auth/sign-in", json={"email": EMAIL, "password": PASSWORD})
    session, csrf = answer.headers.get_list("set-cookie")
    assert {"HttpOnly", "SameSite=lax", "Path=/"} <= set(session.split("; "))
    assert {"HttpOnly", "SameSite=strict"} & set(csrf.split("; ")) == {"SameSite=strict"}
    value = browser.cookies["ph_session"]
    assert value not in str(rows(house.conninfo, "select * from sessions"))
    assert (await browser.get("/api/v1/runs")).status_code == 200
    assert (await browser.get("/api/v1/auth/session")).json()["name"] == "Ada"


async def test_a_session_changes_nothing_without_its_own_csrf_token(browser: httpx.AsyncClient) -> None:
    mine = await sign_in(browser)
    wanted = {"workflow": "echo", "input": {"text": "hello"}}
    stranger = other(browser)
    theirs = await sign_in(stranger)
    for headers in ({}, {"x-csrf-token": ""}, {"x-csrf-token": "A" * 43}, theirs):
        answer = await browser.post("/api/v1/runs", json=wanted, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")
    for foreign in ({"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}):
        answer = await browser.post("/api/v1/runs", json=wanted, headers=mine | foreign)
        assert answer.status_code == 403
    assert (await browser.post("/api/v1/runs", json=wanted, headers=mine)).status_code == 201


async def test_signing_out_ends_the_session_at_once(browser: httpx.AsyncClient) -> None:
    headers = await sign_in(browser)
    value = browser.cookies["ph_session"]
    assert (await browser.post("/api/v1/auth/sign-out", headers=headers)).status_code == 200
    assert "ph_session" not in browser.cookies
    assert (await browser.get("/api/v1/runs", headers={"cookie": f"ph_session={value}"})).status_code == 401


async def test_one_lists_and_ends_ones_own_sessions(server: Server, browser: httpx.AsyncClient) -> None:
    await server.joined("lin@example.com")
    elsewhere = other(browser)
    await sign_in(elsewhere, "lin@example.com")
    headers = await sign_in(browser, "lin@example.com")
    pair = (await token(other(browser), email="lin@example.com", password=PASSWORD)).json()
    found = (await browser.get("/api/v1/auth/sessions")).json()["items"]
    assert [(item["kind"], item["current"]) for item in found] == [
        ("program", False), ("browser", True), ("browser", False),
    ]  # fmt: skip
    path = f"/api/v1/auth/sessions/{found[2]['id']}"
    assert (await browser.delete(path, headers=headers)).status_code == 204
    assert (await browser.delete(path, headers=headers)).status_code == 404
    assert (await elsewhere.get("/api/v1/runs")).status_code == 401
    assert (await browser.post("/api/v1/auth/sign-out-everywhere", headers=headers)).status_code == 200
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    assert (await other(browser).get("/api/v1/runs", headers=bearer)).status_code == 401


async def test_a_program_works_with_a_token_and_refreshes_it_once(browser: httpx.AsyncClient) -> None:
    first = (await token(browser)).json()
    bearer = {"authorization": f"Bearer {first['access_token']}"}
    assert (await browser.get("/api/v1/runs", headers=bearer)).status_code == 200
    second = (await token(browser, refresh_token=first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    again = await token(browser, refresh_token=first["refresh_token"])
    assert (again.status_code, again.json()["code"]) == (401, "token_reused")
    ended = await token(browser, refresh_token=second["refresh_token"])
    assert ended.status_code == 401, "whoever stole one of them would go on with the other"


async def test_a_revoked_family_gives_nothing_more(browser: httpx.AsyncClient) -> None:
    pair = (await token(browser)).json()
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    for text in (pair["refresh_token"], "ph_refresh_unknown"):
        assert (await browser.post("/api/v1/auth/revoke", json={"token": text})).status_code == 204
    assert (await browser.get("/api/v1/runs", headers=bearer)).status_code == 401
    assert (await token(browser, refresh_token=pair["refresh_token"])).status_code == 401


@pytest.mark.parametrize(
    "headers",
    [
        [("authorization", "Bearer x"), ("x-api-key", "y")],
        [("authorization", "Bearer x"), ("authorization", "Bearer x")],
        [("authorization", "Basic YTpi")],
        [("authorization", "Bearer")],
        [("authorization", "Bearer a b")],
        [("authorization", "Bearer " + "a" * 5_000)],
        [("x-api-key", "eyJhbGciOiJub25lIn0.e30.")],
        [("authorization", "Bearer ph_local_wrong")],
        [("authorization", "Bearer ph_live_x_y")],
    ],
)
async def test_credentials_that_are_none_are_refused(
    browser: httpx.AsyncClient, headers: list[tuple[str, str]]
) -> None:
    answer = await browser.get("/api/v1/runs", headers=headers)
    assert answer.status_code == 401


async def test_two_credentials_at_once_are_refused(browser: httpx.AsyncClient) -> None:
    pair = (await token(browser)).json()
    await sign_in(browser)
    bearer = {"authorization": f"Bearer {pair['access_token']}"}
    assert (await browser.get("/api/v1/runs", headers=bearer)).status_code == 401


@pytest.mark.parametrize("header", ["x-forwarded-for", "forwarded", "via", "x-real-ip"])
async def test_the_token_of_this_machine_does_not_come_through_a_proxy(
    client: httpx.AsyncClient, header: str
) -> None:
    assert (await client.get("/api/v1/runs")).status_code == 200
    assert (await client.get("/api/v1/runs", headers={header: "127.0.0.1"})).status_code == 401


async def test_the_token_of_this_machine_comes_from_no_other_one(
    client: httpx.AsyncClient,
) -> None:
    far = httpx.ASGITransport(client._transport.app, client=("192.0.2.7", 1))
    async with httpx.AsyncClient(transport=far, base_url="http://localhost") as there:
        answer = await there.get("/api/v1/runs", headers={"authorization": client.headers["authorization"]})
    assert answer.status_code == 401


async def test_a_link_signs_in_the_admin_by_a_form_and_once(
    server: Server, client: httpx.AsyncClient
) -> None:
    link = await server.auth.links.new("http://localhost")
    browser = other(client)
    for _ in range(2):  # a scanner looks first
        page = await browser.get(link)
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "ph_session" not in browser.cookies
        assert "script" not in page.headers["content-security-policy"]
    given = {"token": link.partition("token=")[2]}
    answer = await browser.post("/sign-in", data=given)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/api/v1/me")).json()["roles"] == ["admin"]
    assert (await other(client).post("/sign-in", data=given)).status_code == 400
    assert "signed in as" in (await browser.get("/sign-in")).text


async def test_the_page_takes_a_password_and_leads_to_no_other_site(browser: httpx.AsyncClient) -> None:
    wrong = await browser.post("/sign-in", data={"email": EMAIL, "password": "wrong"})
    assert wrong.status_code == 401
    assert 'role="alert"' in wrong.text
    for said, place in (("//evil.example", "/"), ("/runs?x=1", "/runs?x=1"), ("/\\evil.example", "/")):
        form = {"email": EMAIL, "password": PASSWORD, "next": said}
        assert (await other(browser).post("/sign-in", data=form)).headers["location"] == place
    hostile = await browser.get("/sign-in", params={"token": '"><script>alert(1)</script>'})
    assert not re.search("<script", hostile.text)


async def test_the_page_asks_who_belongs_to_several_tenants_for_one(server: Server, house: House) -> None:
    for tenant in ("north", "south"):
        rows(house.conninfo, "insert into tenants (id, name) values (%s, 'T')", tenant)
        acting = await server.browser(await server.person("chief", "admin", tenant=tenant))
        invited = await acting.post("/api/v1/users", json={"email": "two@example.com", "roles": ["viewer"]})
        given = {"token": invited.json()["link"].partition("#")[2], "password": PASSWORD}
        assert (await server.visitor().post("/api/v1/auth/accept-invitation", json=given)).status_code == 204
    browser = server.visitor()
    form = {"email": "two@example.com", "password": PASSWORD}
    refused = await browser.post("/sign-in", data=form)
    assert refused.status_code == 401
    assert "several tenants" in refused.text
    assert 'name="tenant_id"' in refused.text
    for wrong in ("nowhere", "Not a tenant", '"><script>'):
        answer = await browser.post("/sign-in", data=form | {"tenant_id": wrong})
        assert answer.status_code in {400, 401}
        assert "<script" not in answer.text
    for tenant in ("north", "south"):
        assert f'value="{tenant}"' in (await server.visitor().get(f"/sign-in?tenant={tenant}")).text
        assert (await browser.post("/sign-in", data=form | {"tenant_id": tenant})).status_code == 303
        assert (await browser.get("/api/v1/me")).json()["tenant_id"] == tenant


async def test_nothing_is_believed_for_a_second() -> None:
    assert LASTS < 1


async def test_the_page_shows_who_is_inside_where_to_go_and_how_to_leave(browser: httpx.AsyncClient) -> None:
    await sign_in(browser)
    assert (await browser.get("/")).headers["location"] == "/console/"
    home = await browser.get("/sign-in")
    assert home.status_code == 200
    assert "signed in as Ada" in home.text
    assert 'href="/console/"' in home.text
    assert (await browser.get(re.search(r'class="button" href="([^"]+)"', home.text)[1])).status_code == 200
    for token in ("", "A" * 43):
        refused = await browser.post("/sign-in", data={"csrf_token": token})
        assert refused.status_code == 403
    assert (await browser.get("/api/v1/me")).status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', home.text)[1]
    foreign = {"origin": "https://evil.example"}
    assert (await browser.post("/sign-in", data={"csrf_token": token}, headers=foreign)).status_code == 403
    value = browser.cookies["ph_session"]
    left = await browser.post("/sign-in", data={"csrf_token": token})
    assert "signed out" in left.text
    assert "ph_session" not in browser.cookies
    stale = await browser.get("/api/v1/me", headers={"cookie": f"ph_session={value}"})
    assert stale.status_code == 401
    again = await browser.post("/sign-in", data={"csrf_token": token})
    assert again.status_code == 200  # who is not inside has nothing to be refused


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"{}", "application/json"),
        (b"email=a", "text/plain"),
        (b"a" * 20_000, "application/x-www-form-urlencoded"),
        (b"\xff", "application/x-www-form-urlencoded"),
        (b"email=%ff", "application/x-www-form-urlencoded"),
        (b"email=a&email=b", "application/x-www-form-urlencoded"),
        (b"&".join(b"f%d=1" % number for number in range(20)), "application/x-www-form-urlencoded"),
        (b"email=", "application/x-www-form-urlencoded"),
        (b"token=", "application/x-www-form-urlencoded"),
        (b"token=" + b"A" * 43, "application/x-www-form-urlencoded"),
    ],
)
async def test_a_form_that_makes_no_sense_is_refused(
    browser: httpx.AsyncClient, body: bytes, kind: str
) -> None:
    answer = await browser.post("/sign-in", content=body, headers={"content-type": kind})
    assert answer.status_code == 400
    assert "ph_session" not in browser.cookies


async def test_whoever_comes_without_a_session_is_shown_none(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/v1/auth/session")).status_code == 404
    assert (await client.get("/api/v1/auth/sessions")).json() == {"items": []}
    assert (await client.post("/api/v1/auth/sign-out")).status_code == 200
    assert (await client.post("/api/v1/auth/sign-out-everywhere")).status_code == 200
    missing = "/api/v1/auth/sessions/00000000-0000-0000-0000-000000000000"
    assert (await client.delete(missing)).status_code == 404


async def test_the_public_keys_of_tokens_are_shown_to_everybody(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/.well-known/jwks.json")
    assert "max-age" in answer.headers["cache-control"]
    assert answer.json()["keys"]
    assert not [key for key in answer.json()["keys"] if "d" in key]


@pytest.mark.parametrize(
    "asked",
    [
        {"grant_type": "password", "email": "a@b.c"},
        {"grant_type": "refresh_token"},
        {"grant_type": "refresh_token", "refresh_token": "x", "email": "a@b.c"},
        {"grant_type": "password", "email": "a@b.c", "password": "x", "refresh_token": "y"},
        {"grant_type": "authorization_code"},
    ],
)
async def test_a_token_is_asked_for_in_one_way(browser: httpx.AsyncClient, asked: dict[str, str]) -> None:
    assert (await browser.post("/api/v1/auth/token", json=asked)).status_code == 400
