from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable

import httpx
import pytest

from pilothouse import App
from pilothouse.protocols.http.patience import Lobby, Patience

Open = Callable[..., Awaitable[httpx.AsyncClient]]
Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def dial(server: httpx.AsyncClient, sent: bytes = b"") -> Pair:
    reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
    writer.write(sent)
    return reader, writer


async def rest(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, patience: float = 5) -> bytes:
    """What comes until the server closes."""
    try:
        return await asyncio.wait_for(reader.read(), patience)
    except ConnectionError:
        return b""
    finally:
        writer.close()


def credential(server: httpx.AsyncClient) -> bytes:
    """The lines of a head by which the client of a server is known."""
    return f"Authorization: {server.headers['authorization']}\r\n".encode()


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.mark.timed
async def test_two_hundred_slow_connections_do_not_slow_anybody_and_are_ended(
    open_server: Open, sample_app: App
) -> None:
    server = await open_server(sample_app, head_timeout=1.5)
    sent = [b"", b"GET /health/live HTTP/1.1\r\nHost: localhost\r\nX-A: "]
    slow = [await dial(server, sent[number % 2]) for number in range(200)]

    async def drip() -> None:
        while True:
            for _, writer in slow[1::2]:
                writer.write(b"a")
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    times = []
    for _ in range(100):
        began = time.perf_counter()
        assert (await server.get("/health/live")).status_code == 200
        times.append(time.perf_counter() - began)
    assert sorted(times)[94] < 0.2
    ended = await asyncio.gather(*(rest(*pair) for pair in slow))
    dripping.cancel()
    assert {answer[:12] for answer in ended[1::2]} <= {b"HTTP/1.1 408", b""}
    assert any(ended[1::2])
    assert set(ended[::2]) == {b""}


async def test_a_body_that_does_not_come_is_told_so(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, body_timeout=0.4)
    head = b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    answer = await rest(*await dial(server, head + credential(server) + b"Content-Length: 100\r\n\r\n{"))
    assert status_of(answer) == 408
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "request_timeout"


@pytest.mark.timed
async def test_a_body_that_drips_is_ended_though_it_never_pauses(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, body_timeout=0.4)
    head = b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    reader, writer = await dial(server, head + credential(server) + b"Content-Length: 100000\r\n\r\n")

    async def drip() -> None:
        while True:
            writer.write(b" ")
            await asyncio.sleep(0.02)

    dripping = asyncio.create_task(drip())
    began = time.monotonic()
    answer = await rest(reader, writer)
    dripping.cancel()
    assert answer == b"" or status_of(answer) == 408
    assert time.monotonic() - began < 2


async def test_a_body_at_the_least_rate_is_served(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, body_timeout=0.2, body_rate=100)
    body = json.dumps({"workflow": "echo", "input": {"text": "x" * 100}}).encode()
    head = b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    end = f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    reader, writer = await dial(server, head + credential(server) + end)
    for start in range(0, len(body), 10):
        writer.write(body[start : start + 10])
        await asyncio.sleep(0.05)
    assert status_of(await rest(reader, writer)) == 201


async def test_a_connection_without_a_further_request_is_closed(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, keep_alive_timeout=1)
    began = time.monotonic()
    answer = await rest(*await dial(server, b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    assert status_of(answer) == 200
    assert 0.9 < time.monotonic() - began < 3


async def test_of_too_many_idle_connections_the_oldest_leave(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, idle_connections_per_address=5)
    idle = [await dial(server) for _ in range(12)]
    assert await asyncio.gather(*(rest(*pair) for pair in idle[:7])) == [b""] * 7
    assert (await server.get("/health/live")).status_code == 200
    for _, writer in idle:
        writer.close()


async def test_a_client_that_does_not_read_is_cut(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app, write_timeout=0.5)
    reader, writer = await dial(server)
    reader._transport.pause_reading()  # type: ignore[attr-defined]  # asyncio shows no other way to stop reading
    ask = b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    began = time.monotonic()
    with pytest.raises((ConnectionResetError, BrokenPipeError, ConnectionError)):  # noqa: PT012 - until it shows
        while time.monotonic() - began < 10:
            writer.write(ask)
            await writer.drain()
            await asyncio.sleep(0.005)
    writer.transport.abort()
    assert (await server.get("/health/live")).status_code == 200


class Visitor:
    def __init__(self) -> None:
        self.gone = False

    def dismiss(self) -> None:
        self.gone = True


def test_the_lobby_is_bounded_by_address_and_in_all_except_for_proxies() -> None:
    lobby = Lobby(Patience(idle=10, idle_of_one=3), lambda address: address == "10.0.0.1")
    one = [Visitor() for _ in range(5)]
    for visitor in one:
        lobby.enter(visitor, "192.0.2.1")
    assert [visitor.gone for visitor in one] == [True, True, False, False, False]
    proxied = [Visitor() for _ in range(9)]
    for visitor in proxied:
        lobby.enter(visitor, "10.0.0.1")
    assert (len(lobby), lobby.dismissed) == (10, 4)
    assert [visitor.gone for visitor in one[2:]] == [True, True, False]
    for visitor in (*one, *proxied):
        lobby.leave(visitor)
    assert len(lobby) == 0
