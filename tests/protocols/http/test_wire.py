from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable

import httpx
import pytest

from pilothouse import App
from pilothouse.protocols.http.wire import MOST_HELD, Gathering


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 70_000,
        b"POST /api/v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_told_as_a_problem(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, sent: bytes
) -> None:
    server = await open_server(sample_app)
    reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
    writer.write(sent)
    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"content-type: application/problem+json" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (400, "invalid_input")
    assert problem["request_id"]


class _Pieces(asyncio.Protocol):
    """What comes in, as the operating system hands it over."""

    def __init__(self) -> None:
        self.found: list[bytes] = []
        self.ended = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        self.found.append(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc)


async def _received(write: Callable[[Gathering], None]) -> list[bytes]:
    """What a client is sent by `write`, piece by piece."""
    loop, pieces = asyncio.get_running_loop(), _Pieces()

    class Writing(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            write(Gathering(transport, loop))

    server = await loop.create_server(Writing, "127.0.0.1", 0)
    async with server:
        await loop.create_connection(lambda: pieces, *server.sockets[0].getsockname())
        await asyncio.wait_for(pieces.ended, 5)
    return pieces.found


async def test_head_and_body_of_a_response_are_sent_in_one_piece() -> None:
    def write(transport: Gathering) -> None:
        transport.write(b"head\r\n\r\n")
        transport.write(b"body")
        transport.close()

    assert await _received(write) == [b"head\r\n\r\nbody"]


async def test_what_was_written_is_sent_without_being_closed() -> None:
    def write(transport: Gathering) -> None:
        transport.write(b"one")
        asyncio.get_running_loop().call_later(0.05, transport.close)

    assert await _received(write) == [b"one"]


async def test_much_that_is_written_in_one_turn_is_not_held_back() -> None:
    def write(transport: Gathering) -> None:
        for _ in range(4):
            transport.write(b"x" * MOST_HELD)
            assert sum(map(len, transport._held)) <= MOST_HELD
        transport.close()

    assert b"".join(await _received(write)) == b"x" * 4 * MOST_HELD


async def test_an_aborted_connection_sends_nothing_more() -> None:
    def write(transport: Gathering) -> None:
        transport.write(b"head")
        transport.abort()

    assert await _received(write) == []
