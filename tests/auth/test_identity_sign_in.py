"""The whole way of somebody who signs in at an identity provider, and what can go wrong on it."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import pytest_asyncio

from pilothouse.secrets.providers.files import Files
from support.entrance import House, Server, held_now
from support.issuer import Issuer, visited
from support.waiting import rows

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROLES = {"ops": ("operator",), "finance": ("approver:finance", "viewer"), "chiefs": ("admin",)}
NEARBY = ("127.0.0.0/8",)
SECRET = "a secret: of + the client"
START, CALLBACK = "/sign-in/identity", "/sign-in/identity/callback"


@pytest.fixture(scope="module")
def shared_issuer() -> Iterator[Issuer]:
    made = Issuer()
    yield made
    made.close()


@pytest.fixture
def issuer(shared_issuer: Issuer) -> Issuer:
    shared_issuer.calm()
    return shared_issuer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(house: House, shared_issuer: Issuer) -> dict[str, Any]:
    """Servers by their settings: each is opened once."""
    await Files(house.folder / "secrets").add("oidc_client_secret", SECRET.encode())
    rows(house.conninfo, "insert into tenants (id, name, status) values ('acme', 'A', 'active')")
    rows(house.conninfo, "insert into tenants (id, name, status) values ('gone', 'G', 'suspended')")
    return {}


@pytest_asyncio.fixture(loop_scope="module")
async def at(house: House, issuer: Issuer, opened: dict[str, Any]) -> Any:
    async def make(**said: Any) -> Server:
        name = repr(said)
        if name not in opened:
            known = {"oidc_issuer": issuer.url, "oidc_client_id": "client-1", "oidc_client": "public"}
            given = known | {"oidc_roles": ROLES, "outgoing_private": NEARBY} | said
            opened[name] = await house.open(**given)
        opened[name].auth.identities.provider._metadata = None
        opened[name].auth.identities.provider._keys = None
        return opened[name]

    return make


@pytest_asyncio.fixture(loop_scope="module")
async def server(at: Any) -> Server:
    return await at()


@pytest_asyncio.fixture(loop_scope="module")
async def browser(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with server.visitor() as found:
        yield found


async def leave(browser: httpx.AsyncClient, **said: str) -> str:
    """Go to the provider and sign in there: the address with which the browser is to come back."""
    leaving = await browser.get(START, params=said)
    assert leaving.status_code == 303, leaving.text
    parts = urlsplit(await asyncio.to_thread(visited, leaving.headers["location"]))
    return f"{parts.path}?{parts.query}"


async def come(browser: httpx.AsyncClient, **said: str) -> httpx.Response:
    return await browser.get(await leave(browser, **said))


async def refused(browser: httpx.AsyncClient, answer: httpx.Response, *statuses: int) -> str:
    """What the page says to somebody who is not let in, and who indeed is not."""
    assert answer.status_code in (statuses or (401,)), answer.text
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.status_code != 401 or answer.headers["www-authenticate"]
    assert "ph_session" not in browser.cookies
    assert (await browser.get("/api/v1/me")).status_code == 401
    found = re.search(r'role="alert">(.*?)</p>', answer.text)
    assert found, answer.text
    return html.unescape(found[1])


async def test_somebody_comes_from_the_sign_in_page_by_the_provider_to_a_session(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    page = (await browser.get("/sign-in", params={"next": "/api/docs?x=1&y=2"})).text
    link = html.unescape(re.search(r'href="(/sign-in/identity[^"]*)"', page)[1])
    leaving = await browser.get(link)
    place = leaving.headers["location"]
    asked = dict(parse_qsl(urlsplit(place).query))
    assert place.startswith(f"{issuer.url}/oauth2/authorize?")
    assert (asked["response_type"], asked["client_id"]) == ("code", "client-1")
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert len(asked["state"]) == len(asked["nonce"]) == 43
    assert asked["redirect_uri"] == "http://127.0.0.1:8000/sign-in/identity/callback"
    cookie = leaving.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=600"} <= set(cookie.split("; "))
    assert not [said for said in asked.values() if said in cookie]
    back = urlsplit(await asyncio.to_thread(visited, place))
    answer = await browser.get(f"{back.path}?{back.query}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/api/docs?x=1&y=2")
    assert "ph_identity" not in browser.cookies
    me = (await browser.get("/api/v1/auth/session")).json()
    assert (me["roles"], me["name"], me["tenant_id"]) == (["operator"], "Grace", "default")
    assert len(issuer.asked[0]["code_verifier"]) == 43
    assert "authorization" not in {name for name, said in issuer.asked[0].items() if said}


async def test_who_comes_by_the_provider_while_signed_in_leaves_the_session_before(server: Server) -> None:
    async with server.visitor() as browser:
        assert (await come(browser)).status_code == 303
        before = browser.cookies["ph_session"]
        assert (await come(browser)).status_code == 303
        assert browser.cookies["ph_session"] != before
        async with server.visitor(cookies={"ph_session": before}) as old:
            assert (await old.get("/api/v1/me")).status_code == 401
        assert (await browser.get("/api/v1/me")).status_code == 200


async def test_each_sign_in_has_secrets_of_its_own(browser: httpx.AsyncClient) -> None:
    seen = [dict(parse_qsl((await browser.get(START)).headers["location"])) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert seen[0][name] != seen[1][name]


@pytest.mark.parametrize(
    ("metadata", "back", "fits"),
    [
        ({}, {"iss": "https://evil.example"}, False),
        ({}, {"iss": ""}, False),
        ({"authorization_response_iss_parameter_supported": True}, {}, False),
        ({"authorization_response_iss_parameter_supported": True}, {"iss": "own"}, True),
        ({}, {"iss": "own"}, True),
    ],
)
async def test_an_answer_of_another_provider_is_refused(
    browser: httpx.AsyncClient, issuer: Issuer, metadata: dict[str, Any], back: dict[str, str], fits: bool
) -> None:
    issuer.metadata, issuer.back = (
        metadata,
        {name: issuer.url if said == "own" else said for name, said in back.items()},
    )
    answer = await come(browser)
    if fits:
        assert answer.status_code == 303
    else:
        assert "another identity provider" in await refused(browser, answer)
        assert issuer.asked == []  # the code went nowhere


async def test_what_another_browser_has_begun_is_refused(
    server: Server, browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    theirs = await leave(browser)
    async with server.visitor() as victim:
        await refused(victim, await victim.get(theirs))  # which never began
        await leave(victim)
        assert "begun here" in await refused(victim, await victim.get(theirs))
        assert issuer.asked == []
    assert (await browser.get(theirs)).status_code == 303


async def test_an_answer_is_good_once(server: Server, browser: httpx.AsyncClient) -> None:
    place = await leave(browser)
    kept = browser.cookies["ph_identity"]
    assert (await browser.get(place)).status_code == 303
    async with server.visitor() as again:
        await refused(again, await again.get(place))
        again.cookies.set("ph_identity", kept)  # even whoever has the cookie has no second code
        assert "does not take the code" in await refused(again, await again.get(place))


async def test_what_is_said_twice_or_without_a_code_is_refused(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    place = await leave(browser)
    await refused(browser, await browser.get(place + "&code=other"), 400)
    for back in ({"error": "access_denied"}, {"code": ""}):
        issuer.back = back
        assert "signed in nobody" in await refused(browser, await come(browser))
    assert issuer.asked == []


@pytest.mark.parametrize("cookie", ["", "x", "!" * 50, "A" * 200, "é", "AAAA" * 900])
async def test_a_cookie_that_is_none_of_ours_is_refused(browser: httpx.AsyncClient, cookie: str) -> None:
    place = await leave(browser)
    answer = await browser.get(place, headers={"cookie": f"ph_identity={cookie}".encode("latin-1")})
    assert "begun here" in await refused(browser, answer)


async def test_whoever_takes_longer_than_ten_minutes_begins_anew(
    at: Any, opened: dict[str, Any], house: House, issuer: Issuer
) -> None:
    clock = held_now()
    server = await at(clock=clock)
    async with server.visitor() as browser:
        place = await leave(browser)
        clock.advance(601)
        await refused(browser, await browser.get(place))


@pytest.mark.parametrize(
    ("claims", "roles"),
    [
        ({"cognito:groups": ["finance"]}, ["approver:finance", "viewer"]),
        ({"cognito:groups": ["ops", "finance", "ops"]}, ["approver:finance", "operator", "viewer"]),
        ({"cognito:groups": "ops"}, ["operator"]),
        ({"cognito:groups": ["ops", 7, None, ["chiefs"], {"a": 1}]}, ["operator"]),
        ({"cognito:groups": ["strangers"], "groups": ["chiefs"]}, None),
        ({"cognito:groups": []}, None),
        ({"cognito:groups": None}, None),
        ({"cognito:groups": {"chiefs": True}}, None),
        ({"cognito:groups": "chiefs,ops"}, None),
    ],
)
async def test_groups_become_roles_and_nobody_comes_without(
    browser: httpx.AsyncClient, issuer: Issuer, claims: dict[str, Any], roles: list[str] | None
) -> None:
    issuer.claims = claims
    answer = await come(browser)
    if roles is None:
        assert "no role here" in await refused(browser, answer)
    else:
        assert (await browser.get("/api/v1/me")).json()["roles"] == roles


async def test_groups_may_stand_in_another_claim_and_the_newest_count(at: Any, issuer: Issuer) -> None:
    server = await at(oidc_groups_claim="roles")
    for groups, roles in ((["finance"], ["approver:finance", "viewer"]), (["ops"], ["operator"])):
        issuer.claims = {"roles": groups, "cognito:groups": ["chiefs"]}
        async with server.visitor() as browser:
            await come(browser)
            assert (await browser.get("/api/v1/me")).json()["roles"] == roles


@pytest.mark.parametrize(
    ("said", "tenant"),
    [("acme", "acme"), ("default", "default"), ("gone", None), ("nowhere", None), (None, None), ("", None),
     ("Acme", None), ("acme ", None), (["acme"], None), ("acme' or '1'='1", None), ("a\x00", None)],
)  # fmt: skip
async def test_a_claim_may_name_the_tenant(at: Any, issuer: Issuer, said: Any, tenant: str | None) -> None:
    server = await at(oidc_tenant_claim="custom:tenant")
    issuer.claims = {"custom:tenant": said, "sub": f"of {said}", "email": None}
    async with server.visitor() as browser:
        answer = await come(browser)
        if tenant is None:
            await refused(browser, answer)
        else:
            assert (await browser.get("/api/v1/me")).json()["tenant_id"] == tenant


async def test_without_such_a_setting_no_claim_names_the_tenant(
    browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    issuer.claims = {"custom:tenant": "acme", "tenant": "acme", "tid": "acme"}
    await come(browser)
    assert (await browser.get("/api/v1/me")).json()["tenant_id"] == "default"


@pytest.mark.parametrize(
    ("said", "joins"),
    [(True, True), ("true", True), (False, False), ("false", False), (None, False), (1, False),
     ("True", False), ([True], False)],
)  # fmt: skip
async def test_only_a_verified_address_accepts_an_invitation(
    server: Server, browser: httpx.AsyncClient, issuer: Issuer, said: Any, joins: bool
) -> None:
    email = f"invited-{abs(hash(repr(said)))}@example.com"
    invited = await server.client.post(
        "/api/v1/users", json={"email": email, "name": "I", "roles": ["viewer"]}
    )
    issuer.claims = {"sub": f"invited {said!r}", "email": email, "email_verified": said}
    answer = await come(browser)
    if joins:
        person = (await browser.get("/api/v1/me")).json()["principal"]
        assert person == f"person:{invited.json()['person']['id']}"
    else:
        await refused(browser, answer, 409)


@pytest.mark.parametrize("methods", [["client_secret_basic", "client_secret_post"], ["client_secret_post"]])
async def test_a_client_with_a_secret_shows_it_as_the_provider_wants(
    at: Any, issuer: Issuer, methods: list[str]
) -> None:
    server = await at(oidc_client="confidential")
    issuer.metadata = {"token_endpoint_auth_methods_supported": methods}
    issuer.secret = SECRET
    async with server.visitor() as browser:
        assert (await come(browser)).status_code == 303
        assert ("client_secret" in issuer.asked[0]) == ("client_secret_basic" not in methods)
    issuer.secret = "another one"
    async with server.visitor() as browser:
        await refused(browser, await come(browser))


async def test_a_provider_changes_its_keys_while_people_come(at: Any, issuer: Issuer) -> None:
    clock = held_now()
    server = await at(clock=clock, oidc_tenant="default")
    for number, kid in enumerate(("first", "second", "second")):
        issuer.rotate(kid)
        clock.advance(31)
        async with server.visitor() as browser:
            assert (await come(browser)).status_code == 303, number
    assert issuer.fetched == 2


JWKS, TOKEN, HOME = "jwks.json", "/oauth2/token", "/openid-configuration"
JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("place", [JWKS, TOKEN, HOME])
@pytest.mark.parametrize(
    "said",
    [
        (500, b"{}", JSON), (302, b"", {"location": "http://169.254.169.254/"}), (200, b"", JSON),
        (200, b"<html>", JSON), (200, b"[]", JSON), (200, b"\xff\xfe", JSON), (200, b"[" * 100_000, JSON),
        (200, b'{"keys": 5, "id_token": 5, "issuer": 5}', JSON), (200, b"x" * 2_000_000, JSON),
        (200, b'{"keys": [5, {}, {"kty": "RSA"}, {"kty": "EC", "crv": "P-1", "kid": "first"}]}', JSON),
        (200, b'{"keys": {"kty": "RSA"}, "id_token": "a.b.c"}', JSON), (200, b'{"a": 1, "a": 2}', JSON),
        (200, b"{}", JSON | {"content-encoding": "gzip"}),
    ],
)  # fmt: skip
async def test_whatever_a_provider_says_breaks_nothing(
    browser: httpx.AsyncClient, issuer: Issuer, place: str, said: Any
) -> None:
    way = await leave(browser) if place != HOME else START
    issuer.says = {place: said}
    await refused(browser, await browser.get(way), 401, 503)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"}, {"token_endpoint": "http://evil.example/t"}, {"jwks_uri": None},
        {"jwks_uri": "https://["}, {"authorization_endpoint": "javascript:alert(1)"},
        {"end_session_endpoint": "javascript:alert(1)"}, {"end_session_endpoint": "http://evil.example"},
    ],
)  # fmt: skip
async def test_a_provider_that_names_unsafe_places_is_refused(
    browser: httpx.AsyncClient, issuer: Issuer, metadata: dict[str, Any]
) -> None:
    issuer.metadata = metadata
    await refused(browser, await browser.get(START))


@pytest.mark.parametrize(
    "address", ["http://10.0.0.1/t", "http://169.254.169.254/latest", "https://[::ffff:10.0.0.1]/t"]
)
async def test_a_provider_leads_the_server_into_no_other_network(
    browser: httpx.AsyncClient, issuer: Issuer, address: str
) -> None:
    issuer.metadata = {"token_endpoint": address.replace("http:", "https:")}
    place = await leave(browser)
    assert "not to be reached" in await refused(browser, await browser.get(place), 400)


async def test_a_provider_in_our_own_network_is_reached_only_where_that_is_allowed(
    at: Any, issuer: Issuer
) -> None:
    server = await at(outgoing_private=())
    async with server.visitor() as browser:
        await refused(browser, await browser.get(START), 400)


async def test_signing_out_leads_on_to_the_provider(
    server: Server, browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    await come(browser)
    token = (await browser.get("/api/v1/auth/session")).json()["csrf_token"]
    answer = await browser.post("/api/v1/auth/sign-out", headers={"x-csrf-token": token})
    place = urlsplit(answer.json()["identity_logout_url"])
    assert place.path == "/pool/logout"
    assert dict(parse_qsl(place.query))["logout_uri"] == "http://127.0.0.1:8000"
    assert (await browser.get("/api/v1/me")).status_code == 401


@pytest.mark.parametrize("said", [{"end_session_endpoint": None}, None])
async def test_signing_out_works_without_the_provider(
    server: Server, browser: httpx.AsyncClient, issuer: Issuer, said: dict[str, Any] | None
) -> None:
    await come(browser)
    server.auth.identities.provider._metadata = None
    if said is None:
        issuer.says = {HOME: (500, b"", JSON)}
    else:
        issuer.metadata = said
    token = (await browser.get("/api/v1/auth/session")).json()["csrf_token"]
    answer = await browser.post("/api/v1/auth/sign-out", headers={"x-csrf-token": token})
    assert (answer.status_code, answer.json()["identity_logout_url"]) == (200, None)


@pytest.mark.parametrize(
    "said",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/%2f/evil.example", "javascript:alert(1)"],
)
async def test_nobody_is_led_to_another_site_afterwards(browser: httpx.AsyncClient, said: str) -> None:
    assert (await come(browser, next=said)).headers["location"] == "/"


async def test_where_there_is_no_provider_nobody_is_sent_to_one(house: House, opened: dict[str, Any]) -> None:
    plain = opened.setdefault("plain", await house.open())
    async with plain.visitor() as browser:
        assert (await browser.get(START)).status_code == 404
        assert (await browser.get(CALLBACK)).status_code == 404
        assert "organisation" not in (await browser.get("/sign-in")).text


async def test_somebody_who_was_disabled_does_not_come_back(
    server: Server, browser: httpx.AsyncClient, issuer: Issuer
) -> None:
    issuer.claims = {"sub": "disabled", "email": "disabled@example.com"}
    await come(browser)
    person = (await browser.get("/api/v1/me")).json()["principal"].partition(":")[2]
    assert (await server.client.post(f"/api/v1/users/{person}/disable")).status_code == 200
    async with server.visitor() as again:
        await refused(again, await come(again))


async def test_under_tls_all_cookies_are_of_this_host_only(at: Any, issuer: Issuer) -> None:
    server = await at(public_url="https://pilothouse.example.com", base="https://pilothouse.example.com")
    async with server.visitor() as browser:
        answer = await come(browser)
    assert [cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")] == [
        "__Host-ph_session", "__Host-ph_csrf", "__Host-ph_identity",
    ]  # fmt: skip
    for cookie in answer.headers.get_list("set-cookie"):
        assert {"Secure", "Path=/"} <= set(cookie.split("; "))
        assert "domain" not in cookie.lower()
