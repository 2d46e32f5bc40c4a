"""Requests that another page makes in somebody's session: every operation that changes something refuses."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from support import parcels
from support.entrance import House, Server

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVIL = (
    "https://evil.example",
    "null",
    "http://localhost.evil.example",
    "http://localhost:1",
)
FORMS = ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x")
"""What a page of others can send without being asked first (CORS safelisted types)."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(postgres_server: Any, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    conninfo = postgres_server.create_database("forged_requests", "migrated")
    async with House(conninfo, tmp_path_factory.mktemp("forged"), parcels.app) as house:
        yield await house.open()
    postgres_server.drop_database("forged_requests")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who may do everything, with a session and its token."""
    async with await server.browser(await server.person("grace", "admin", "author", "operator")) as found:
        yield found


async def changing(server: Server) -> Iterator[tuple[str, str]]:
    """Method and path of each operation that needs a credential and changes something."""
    document = (await server.client.get("/api/v1/openapi.json")).json()
    return (
        (method.upper(), re.sub(r"\{[^}]+\}", "01900000-0000-7000-8000-000000000000", path))
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method not in {"get", "head"} and operation.get("security") != []
    )


async def test_without_the_sessions_token_nothing_is_changed(
    server: Server, browser: httpx.AsyncClient
) -> None:
    operations = list(await changing(server))
    assert len(operations) > 50
    genuine = browser.headers["x-csrf-token"]
    for token in ("", "x", genuine[:-1] + ("A" if genuine[-1] != "A" else "B"), genuine.swapcase()):
        for method, path in operations:
            answer = await browser.request(method, path, json={}, headers={"x-csrf-token": token})
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), (method, path)
    del browser.headers["x-csrf-token"]
    for method, path in operations:
        for kind in FORMS:
            answer = await browser.request(method, path, content=b"a=b", headers={"content-type": kind})
            assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused"), (method, path)
    browser.headers["x-csrf-token"] = genuine
    assert (await browser.post("/api/v1/engagements", json={"name": "ours"})).status_code == 201


async def test_the_token_of_another_session_is_none(server: Server, browser: httpx.AsyncClient) -> None:
    async with await server.browser(await server.person("mallory", "viewer")) as other:
        stolen = other.headers["x-csrf-token"]
    answer = await browser.post("/api/v1/engagements", json={"name": "x"}, headers={"x-csrf-token": stolen})
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_refused")


async def test_another_page_is_refused_though_it_had_the_token(
    server: Server, browser: httpx.AsyncClient
) -> None:
    for method, path in await changing(server):
        for origin in EVIL:
            answer = await browser.request(method, path, json={}, headers={"origin": origin})
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin"), (
                method,
                path,
                origin,
            )
            assert "access-control-allow-origin" not in answer.headers
        for site in ("cross-site", "same-site"):  # which browsers say by themselves
            answer = await browser.request(method, path, json={}, headers={"sec-fetch-site": site})
            assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin"), (method, path, site)
