"""`/mcp` on the real server, asked by the official client over a socket: who may ask, and as whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client
from starlette.requests import Request
from starlette.responses import JSONResponse

from pilothouse.errors import PilothouseError
from pilothouse.protocols.http.proxies import ThroughProxies, TrustedProxies
from pilothouse.protocols.mcp.endpoint import OwnApi
from support import parcels


def asking(api: httpx.AsyncClient, **headers: str) -> AbstractAsyncContextManager[httpx2.AsyncClient]:
    return httpx2.AsyncClient(headers=headers, timeout=20, trust_env=False)


async def test_the_official_client_starts_a_run_with_a_key(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]],
) -> None:
    api = await open_server(parcels.app)
    url = f"{str(api.base_url).rstrip('/')}/mcp"
    async with (
        asking(api, authorization=api.headers["authorization"]) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        names = [tool.name for tool in (await client.list_tools()).tools]
        told = (await client.call_tool("echo", {"text": "hello"})).structured_content
    assert {"echo", "run_status"} <= set(names)
    assert told["status"] == "completed"
    run = (await api.get(f"/api/v1/runs/{told['run_id']}")).json()
    assert run["workflow"] == "echo"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"authorization": "Bearer ph_nothing"}, 401),
        ({"origin": "https://evil.example"}, 403),
        ({"host": "evil.example"}, 400),
    ],
)
async def test_who_has_no_credential_or_comes_from_elsewhere_is_refused(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], headers: dict[str, str], status: int
) -> None:
    api = await open_server(parcels.app)
    known = {} if status == 401 else {"authorization": api.headers["authorization"]}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    async with asking(api, **known, **headers) as http:
        answer = await http.post(f"{str(api.base_url).rstrip('/')}/mcp", json=asked)
    assert answer.status_code in {status, 400, 421} if "host" in headers else answer.status_code == status


async def test_a_tool_reaches_our_own_api_where_others_come_through_proxies_only() -> None:
    async def api(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["client"][0], dict(scope["headers"]).get(b"cookie")))
        await JSONResponse({"done": True})(scope, receive, send)

    seen: list[Any] = []
    guarded = TrustedProxies(ThroughProxies(api), networks=["10.0.0.0/8"], header="x-forwarded-for")
    asked = Request(
        {
            "type": "http",
            "client": ("203.0.113.7", 5),
            "headers": [(b"authorization", b"Bearer x"), (b"cookie", b"session=1")],
        }
    )
    assert await OwnApi(guarded, asked).ask("GET", "/workflows") == {"done": True}
    assert seen == [("203.0.113.7", None)]
    transport = httpx.ASGITransport(guarded)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        with pytest.raises(PilothouseError):
            await client.get("/api/v1/workflows")
