"""Who has no valid credential gets no further; a stream that is open ends when its credential does."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest

from pilothouse import App
from pilothouse.errors import Unauthenticated
from pilothouse.kit.scope import Scope, current
from pilothouse.protocols.http.authentication import Authentication

ADA = Scope("default", "key:ada", frozenset({"viewer"}))


class Doors:
    """Lets everybody in as `now`; None: nobody, any more."""

    def __init__(self) -> None:
        self.now: Scope | None = ADA

    async def authenticate(self, _request: object) -> Scope | None:
        if self.now is None:
            raise Unauthenticated
        return self.now

    async def still_holds(self, _request: object, scope: Scope) -> bool:
        return self.now == scope


async def until_gone(scope: Any, receive: Any, send: Any) -> None:
    """An endpoint that goes on until its client has gone."""
    assert current.get() is ADA
    if scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "http.response.start", "status": 200, "headers": []})
    while (await receive())["type"] not in {"http.disconnect", "websocket.disconnect"}:
        pass


def connection(kind: str, path: str = "/api/v1/runs/events") -> dict[str, Any]:
    return {"type": kind, "method": "GET", "path": path, "headers": [], "query_string": b""}


@pytest.mark.parametrize(
    ("kind", "last"),
    [
        ("http", {"type": "http.response.body", "body": b"", "more_body": False}),
        ("websocket", {"type": "websocket.close", "code": 1008, "reason": "Sign in again."}),
    ],
)
@pytest.mark.parametrize("now", [None, Scope("default", "key:ada", frozenset())])
async def test_a_stream_ends_when_its_credential_no_longer_stands_for_the_same(
    kind: str, last: dict[str, Any], now: Scope | None
) -> None:
    doors, sent, silent = Doors(), [], asyncio.Event()

    async def receive() -> dict[str, Any]:
        await silent.wait()
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    serving = asyncio.create_task(Authentication(until_gone, doors, 0.01)(connection(kind), receive, send))
    await asyncio.sleep(0.05)
    assert not serving.done()
    doors.now = now
    await asyncio.wait_for(serving, 5)
    assert sent[-1] == last


async def test_nobody_is_served_whose_credential_does_not_hold() -> None:
    doors = Doors()
    doors.now = None
    with pytest.raises(Unauthenticated):
        await Authentication(until_gone, doors)(connection("http"), None, None)


async def test_without_a_credential_only_what_is_public_is_served_and_no_body_read() -> None:
    class Anybody(Doors):
        async def authenticate(self, _request: object) -> None:
            return None

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send((await receive())["body"])

    async def receive() -> dict[str, Any]:
        return {"body": b"sent"}

    told: list[bytes] = []

    async def send(body: Any) -> None:
        told.append(body)

    for public in (True, None):
        guarded = Authentication(app, Anybody(), is_public=lambda _, public=public: public)
        await guarded(connection("http"), receive, send)
    assert told == [b"sent", b""]
    for kind in ("http", "websocket"):
        with pytest.raises(Unauthenticated):
            await Authentication(app, Anybody())(connection(kind), receive, send)


JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: multipart/form-data; boundary=x\r\n"
LONG = b"Content-Length: 2000000\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
WRONG = b"Authorization: Bearer ph_live_0190aaaa_" + b"a" * 40 + b"\r\n"
SOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)
SLOWLY = [
    (b"POST /api/v1/runs", JSON + LONG, b'{"workflow":', 401),
    (b"POST /api/v1/runs", JSON + LONG + WRONG, b'{"workflow":', 401),
    (b"POST /api/v1/runs", JSON + CHUNKED, b'5\r\n{"wor', 401),
    (b"POST /api/v1/runs", JSON + LONG + b"Expect: 100-continue\r\n", b"", 401),
    (b"POST /api/v1/runs", b"Content-Type: text/plain\r\nContent-Encoding: gzip\r\n" + LONG, b"", 401),
    (b"POST /api/v1/uploads", FORM + LONG, b"--x\r\n", 401),
    (b"POST /api/v1/uploads", FORM + LONG + WRONG, b"--x\r\n", 401),
    (b"PATCH /api/v1/runs/1/labels", JSON + LONG, b"{", 401),
    (b"DELETE /api/v1/runs/1", JSON + LONG, b"{", 405),
    (b"POST /api/v1/nothing", JSON + LONG, b"{", 404),
    (b"GET /api/v1/ws", SOCKET, b"", 401),
    (b"GET /api/v1/ws", SOCKET + WRONG, b"", 401),
]


@pytest.mark.timed
async def test_who_has_no_valid_credential_is_refused_before_the_body_comes(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    server = await open_server(sample_app, limit_address=0)
    for line, headers, body, status in SLOWLY:
        reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
        began = time.monotonic()
        writer.write(line + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n" + body)
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
        assert (line, headers, int(head.split(b" ", 2)[1])) == (line, headers, status)
        problem = json.loads(await reader.readuntil(b"}"))
        assert problem["status"] == status
        assert time.monotonic() - began < 1
        writer.close()
