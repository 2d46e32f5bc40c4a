"""Keys, tokens and cookies as they come with a request; what is refused says what would be taken."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
import pytest_asyncio

from pilothouse.policies.permissions import PUBLIC
from support.entrance import House, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

ME = "/api/v1/me"
LISTED = "https://console.example.com"
FOREIGN = (
    "null", "https://evil.example", f"{LISTED}.evil.example", "http://console.example.com", f"{LISTED}:8443",
    "https://CONSOLE.example.com", f"{LISTED}/", "https://a.console.example.com", "*", "",
    f"{LISTED}, {LISTED}",
)  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(house: House) -> Server:
    return await house.open(cors_origins=(LISTED,), hosts=("Pilothouse.example.com", "10.0.0.5"))


async def status(client: httpx.AsyncClient, **headers: str) -> int:
    return (await client.get(ME, headers=headers)).status_code


async def test_a_key_comes_in_either_header(server: Server) -> None:
    _, text = await server.key("viewer")
    visitor = server.visitor()
    for headers in (
        {"x-api-key": text},
        {"authorization": f"Bearer {text}"},
        {"authorization": f"bearer  {text}"},
    ):
        answer = await visitor.get("/api/v1/runs", headers=headers)
        assert answer.status_code == 200
        changed = await visitor.post("/api/v1/runs", headers=headers, json={"workflow": "echo", "input": {}})
        assert changed.status_code == 403, "it needs no CSRF token, but a role"
        assert changed.json()["code"] == "forbidden"


async def test_a_key_that_is_a_little_wrong_is_none(server: Server) -> None:
    _, text = await server.key()
    for wrong in (
        text[:-1],
        text + "A",
        text.upper(),
        text.replace("ph_", "ph_x", 1),
        text.swapcase(),
        "ph_",
        "ph__",
    ):
        for name, said in (("x-api-key", wrong), ("authorization", f"Bearer {wrong}")):
            answer = await server.visitor().get(ME, headers={name: said})
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_two_credentials_are_refused_in_whatever_pair_they_come(server: Server) -> None:
    _, text = await server.key()
    browser = await server.browser(await server.person("grace"))
    local = server.client.headers["authorization"]
    for headers in (
        {"x-api-key": text, "authorization": f"Bearer {text}"},
        {"x-api-key": text, "authorization": local},
    ):
        assert await status(server.visitor(), **headers) == 401
    for headers in ({"x-api-key": text}, {"authorization": local}):
        assert await status(browser, **headers) == 401
    twice = [("x-api-key", text), ("x-api-key", text)]
    assert (await server.visitor().get(ME, headers=twice)).status_code == 401
    assert await status(browser) == 200


@pytest.mark.parametrize(
    "header",
    ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-server", "forwarded", "via", "x-real-ip",
     "x-client-ip", "cf-connecting-ip", "true-client-ip"],
)  # fmt: skip
async def test_the_token_of_this_machine_passes_no_proxy(server: Server, header: str) -> None:
    assert await status(server.client) == 200
    assert await status(server.client, **{header: "127.0.0.1"}) == 401


async def test_the_token_of_this_machine_holds_under_its_own_names_and_near_only(server: Server) -> None:
    local = server.client.headers["authorization"]
    for host, wanted in (
        ("[::1]:8000", 200),
        ("127.0.0.1", 200),
        ("pilothouse.example.com", 401),
        ("10.0.0.5", 401),
    ):
        assert await status(server.client, host=host) == wanted
    assert await status(server.visitor(), **{"x-api-key": local.removeprefix("Bearer ")}) == 401
    app = server.client._transport.app
    for peer, wanted in (
        ("127.0.0.1", 200),
        ("::1", 200),
        ("192.0.2.7", 401),
        ("::ffff:192.0.2.7", 401),
        ("", 401),
    ):
        transport = httpx.ASGITransport(app, client=(peer, 1))
        assert await status(server.visitor(transport=transport), authorization=local) == wanted


@pytest.mark.parametrize(
    "said",
    [
        {"trusted_proxies": ("127.0.0.0/8",)},
        {"host": "192.0.2.1", "tls_cert": "c.pem", "tls_key": "k.pem"},
    ],
)
async def test_the_token_of_this_machine_does_not_hold_where_others_come(
    house: House, server: Server, said: dict[str, Any]
) -> None:
    other = await house.open(**said)
    assert await status(other.client) == 401


@pytest.mark.parametrize(
    ("host", "wanted"),
    [
        ("localhost", 401), ("127.0.0.1:8000", 401), ("pilothouse.example.com", 401), ("10.0.0.5", 401),
        ("PILOTHOUSE.example.com:443", 401), ("evil.example", 421), ("10.0.0.6", 421), ("", 421),
        ("pilothouse.example.com.evil.example", 421), ("a.pilothouse.example.com", 421),
        ("pilothouse.example.com@evil.example", 421), ("localhost.", 421),
    ],
)  # fmt: skip
async def test_only_names_of_this_server_are_answered(server: Server, host: str, wanted: int) -> None:
    assert await status(server.visitor(), host=host) == wanted


async def test_every_operation_challenges_whoever_has_no_credential(server: Server) -> None:
    document = (await server.client.get("/api/v1/openapi.json")).json()
    found = 0
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            if told.get("operationId") in PUBLIC:
                continue
            place = re.sub(r"\{[^}]+\}", "00000000-0000-0000-0000-000000000000", path)
            answer = await server.visitor().request(method, place)
            if answer.status_code != 401:
                # what is wrong with a request may be told before anybody asks who makes it
                assert answer.status_code in {400, 404} or not path.startswith("/api/"), (method, path)
                continue
            found += 1
            assert answer.headers["www-authenticate"].startswith("Bearer"), (method, path)
    assert found > 60


async def test_a_wrong_password_is_challenged_by_api_and_by_page(server: Server) -> None:
    given = {"email": "nobody@example.com", "password": "wrong"}
    for answer in (
        await server.visitor().post("/api/v1/auth/sign-in", json=given),
        await server.visitor().post("/sign-in", data=given),
        await server.visitor().post("/api/v1/auth/token", json=given | {"grant_type": "password"}),
    ):
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


async def test_a_listed_page_may_change_things_in_a_session(server: Server) -> None:
    browser = await server.browser(await server.person("grace"))
    wanted = {"workflow": "echo", "input": {"text": "hello"}}
    for site in ("same-site", "cross-site"):
        headers = {"origin": LISTED, "sec-fetch-site": site}
        answer = await browser.post("/api/v1/runs", json=wanted, headers=headers)
        assert answer.status_code == 201
        assert answer.headers["access-control-allow-origin"] == LISTED
        without = await browser.post("/api/v1/runs", json=wanted, headers=headers | {"x-csrf-token": ""})
        assert without.json()["code"] == "csrf_refused"


@pytest.mark.parametrize("origin", FOREIGN)
async def test_no_other_page_may_however_it_is_called(server: Server, origin: str) -> None:
    browser = await server.browser(await server.person("grace"))
    wanted = {"workflow": "echo", "input": {"text": "hello"}}
    answer = await browser.post("/api/v1/runs", json=wanted, headers={"origin": origin})
    assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("other", [LISTED, "https://evil.example"])
async def test_a_request_of_two_origins_is_of_none(server: Server, other: str) -> None:
    browser = await server.browser(await server.person("grace"))
    headers = [("origin", LISTED), ("origin", other), ("x-csrf-token", browser.headers["x-csrf-token"])]
    answer = await browser.post("/api/v1/auth/sign-out", headers=headers)
    assert answer.status_code == 403
