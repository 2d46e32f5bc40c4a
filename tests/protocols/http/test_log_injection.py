"""What a client sends is told in the log, and cannot write lines of its own there, or colours, or names."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Awaitable, Callable

import httpx
import pytest
import structlog
from starlette.types import Message, Receive, Scope, Send

from pilothouse import App
from pilothouse.errors import NotFound
from pilothouse.kit.ids import Ids
from pilothouse.kit.masking import mask_address
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.proxies import TrustedProxies
from pilothouse.protocols.websocket.handshake import Handshake
from pilothouse.telemetry import logs

FORGED = "2026-11-21T00:00:00Z [info     ] signed_in principal=person:admin"
SAID = [
    f"\r\n{FORGED}",
    f"\n{FORGED}",
    "\x1b[2J\x1b[31mred",
    "\u202egnp.exe",
    "\u2028next\u2029",
    "\x00\x08\x7f\x9b",
]
"""CR/LF, colours and other commands of terminals, marks that turn text around, and what breaks lines."""

SOCKET = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def quoted(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def attacks(said: str) -> list[bytes]:
    """Requests that carry a text wherever the log may have it from; control characters end at the parser."""
    path = f"/api/v1/runs/{quoted(said)}".encode()
    raw = re.sub(rb"[\x00-\x08\x0a-\x1f\x7f]", b"\t", said.encode())  # of a header, else it is none
    host = b"Host: localhost\r\nConnection: close\r\n"
    return [
        b"GET " + path + b"?" + path + b" HTTP/1.1\r\n" + host + b"\r\n",
        b"GET /health/live HTTP/1.1\r\n" + host + b"User-Agent: " + raw + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n" + host + b"X-Request-ID: " + raw + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n" + host + b"X-Forwarded-For: " + raw + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\n" + host + b"X-Injected: a" + said.encode() + b"\r\n\r\n",
        b"GET /health/live HTTP/1.1\r\nHost: a" + raw + b"\r\nConnection: close\r\n\r\n",
        b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\n" + SOCKET + b"User-Agent: " + raw + b"\r\n\r\n",
        b"GET /api/v1/ws HTTP/1.1\r\nHost: localhost\r\n" + SOCKET + b"User-Agent: " + raw + b"\r\n\r\n",
    ]


async def sent(server: httpx.AsyncClient, request: bytes) -> bytes:
    """What is answered first; nothing where the connection is cut."""
    reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.readline(), 5)
    finally:
        writer.close()


def strange(text: str) -> set[str]:
    """What is no visible character, but for the ends of lines."""
    return {character for character in text if character != "\n" and not character.isprintable()}


async def test_no_client_writes_a_line_or_a_command_of_its_own(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    server = await open_server(sample_app, limit_address=0)
    written = {}
    for style in ("json", "readable"):
        out = io.StringIO()
        logs.configure("debug", style, out)
        for said in SAID:
            for request in attacks(said):
                assert (await sent(server, request)).startswith(b"HTTP/1.1 ")
        written[style] = out.getvalue()
    logs.configure("debug", "readable")
    assert strange(written["json"]) == strange(written["readable"]) == set()
    lines = [json.loads(line) for line in written["json"].splitlines()]
    paths = {line["path"] for line in lines if line["event"] in {"request", "websocket_refused"}}
    assert paths >= {f"/api/v1/runs/{said}" for said in SAID}
    assert {line["event"] for line in lines} <= {"request", "request_failed", "websocket_refused"}
    for line in written["readable"].splitlines():
        assert re.match(r"20\d\d-\S+Z \[\w+ *\] (request|request_failed|websocket_refused) ", line), line
    assert re.search(r"\\+r\\+n2026-11-21T00", written["readable"])


async def lines_of(
    given: bytes, show: Callable[[str], str] = mask_address, peer: str = "10.0.0.1"
) -> set[str]:
    """The addresses that the log has of requests, and of handshakes, that came with a header."""

    async def app(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise NotFound

    async def send(_message: Message) -> None:
        return None

    async def receive() -> Message:
        return {"type": "http.request"}

    within = RequestContext(Handshake(app, Ids(), show), Ids(), show_address=show)
    proxied = TrustedProxies(within, ["10.0.0.0/8", "fd00::/8"])
    with structlog.testing.capture_logs() as told:
        for kind in ("http", "websocket"):
            scope = {"type": kind, "method": "GET", "path": "/", "client": (peer, 1)}
            await proxied(scope | {"headers": [(b"x-forwarded-for", given)]}, receive, send)
    return {line["address"] for line in told if line["event"] in {"request", "websocket_refused"}}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (b"203.0.113.77", "203.0.113.0/24"),
        (b"10.9.9.9, 203.0.113.77, 10.0.0.2", "203.0.113.0/24"),
        (b"2001:db8:1:2:3::4", "2001:db8:1::/48"),
        (b"::ffff:203.0.113.77", "203.0.113.0/24"),
        (b"127.0.0.1", "127.0.0.1"),
        (b"<script>, not-an-address", "10.0.0.0/24"),
    ],
)
async def test_lines_name_the_network_that_a_client_is_in(given: bytes, shown: str) -> None:
    assert await lines_of(given) == {shown}


async def test_what_a_client_says_of_itself_is_not_believed() -> None:
    assert await lines_of(b"203.0.113.77", peer="198.51.100.9") == {"198.51.100.0/24"}
    assert await lines_of(b"", peer="testclient") == {"unknown"}


async def test_whole_addresses_are_shown_where_that_is_wanted() -> None:
    assert await lines_of(b"203.0.113.77", str) == {"203.0.113.77"}
