"""No request hides within another: what could be read in two ways is refused, and ends the connection."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

import httpx

from pilothouse import App

Open = Callable[..., Awaitable[httpx.AsyncClient]]

HOST = b"Host: localhost\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n"
POST = b"POST /api/v1/runs HTTP/1.1\r\n" + HOST
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"
END = b"0\r\n\r\n"
SECOND = b"GET /api/v1/smuggled HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"

LENGTHS = [
    b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",  # CL.TE
    b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",  # TE.CL
    b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    b"Content-Length: 5, 5\r\n\r\nhello",
    b"Content-Length: +5\r\n\r\nhello",
    b"Content-Length: -5\r\n\r\nhello",
    b"Content-Length: 0x5\r\n\r\nhello",
    b"Content-Length: 5e0\r\n\r\nhello",
    b"Content-Length: 1 5\r\n\r\nhello",
    b"Content-Length: 5\x00\r\n\r\nhello",
    b"Content-Length: 99999999999999999999999\r\n\r\nhello",
    b"Content-Length: \r\n\r\n",
    b"Content-Length : 5\r\n\r\nhello",
    b"Content-Length:\r\n 5\r\n\r\nhello",  # obs-fold
    b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding:\r\n\r\n",
    b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    b"X: a\r\n Transfer-Encoding: chunked\r\n\r\n",
]
CHUNKS = [
    b"5\nhello\r\n" + END,
    b"-5\r\nhello\r\n" + END,
    b"+5\r\nhello\r\n" + END,
    b"0x5\r\nhello\r\n" + END,
    b"0_5\r\nhello\r\n" + END,
    b"5 \r\nhello\r\n" + END,
    b" 5\r\nhello\r\n" + END,
    b"\r\nhello\r\n" + END,
    b"fffffffffffffffff\r\nx",
    b"5;a\nb\r\nhello\r\n" + END,
    b"5;a\rb\r\nhello\r\n" + END,
    b"5;a\x00b\r\nhello\r\n" + END,
    b"5\r\nhelloX" + END,
    b"5\r\nhello\n" + END,
    b"5\r\nhello\r" + END,
    b"0\n\n",
    b"0\r\n\n",
    b"5\r\nhello\r\n0\r\nContent-Length: 44\r\n\r\n",
    b"5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n",
]
HEADS = [
    b"GET /health/live HTTP/1.1\n" + HOST + b"\r\n",
    b"GET /health/live HTTP/1.1\r" + HOST + b"\r\n",
    LIVE + b"Host: localhost\nX: y\r\n\r\n",
    LIVE + b"Host: localhost\rX: y\r\n\r\n",
    LIVE + b" X: y\r\n" + HOST + b"\r\n",
    LIVE + HOST + b"X\x00Y: 1\r\n\r\n",
    LIVE + HOST + b"X: a\x00b\r\n\r\n",
    LIVE + HOST + b"X(Y): 1\r\n\r\n",
    LIVE + HOST + b"XY\r\n\r\n",
    LIVE + HOST + b": 1\r\n\r\n",
    b"GET /health/live\x00 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET\t/health/live\tHTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /health/live x HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET /health/live\r\n",
    b"GET /health/live HTTP/1.2\r\n" + HOST + b"\r\n",
    b"GET /health/live HTTP/2.0\r\n" + HOST + b"\r\n",
    b"GET /health/live http/1.1\r\n" + HOST + b"\r\n",
    b"CONNECT localhost:80 HTTP/1.1\r\n" + HOST + b"\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    LIVE + b"\r\n",
    LIVE + HOST + b"Host: evil.example\r\n\r\n",
    LIVE + HOST + HOST + b"\r\n",
    LIVE + b"Host : localhost\r\n\r\n",
    b"GET http://evil.example/health/live HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET http://evil.example?localhost/ HTTP/1.1\r\n" + HOST + b"\r\n",
    b"GET http://evil@localhost/health/live HTTP/1.1\r\n" + HOST + b"\r\n",
    b"POST /api/v1/runs HTTP/1.0\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + END,
]
AMBIGUOUS = [*(POST + item for item in LENGTHS), *(CHUNKED + item for item in CHUNKS), *HEADS]


async def answered(server: httpx.AsyncClient, sent: bytes) -> bytes:
    """All that comes until the server closes."""
    reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
    writer.write(sent)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


def statuses(answer: bytes) -> list[int]:
    return [int(found) for found in re.findall(rb"HTTP/1\.[01] ([0-9]{3}) ", answer)]


def credential(server: httpx.AsyncClient) -> bytes:
    return f"Authorization: {server.headers['authorization']}\r\n".encode()


async def test_what_two_servers_could_read_in_two_ways_is_refused_and_ends_the_connection(
    open_server: Open, sample_app: App
) -> None:
    server = await open_server(sample_app)
    for sent in AMBIGUOUS:
        for request in (sent, sent.replace(HOST, HOST + credential(server), 1)):
            answer = await answered(server, request + SECOND)
            assert (sent, statuses(answer)) == (sent, [400])
            assert b"smuggled" not in answer


BODY = b'{"workflow":"echo","input":{"text":"a"}}'
CHUNK = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)


async def test_what_is_clear_is_one_request_and_the_next_one_is_the_next(
    open_server: Open, sample_app: App
) -> None:
    server = await open_server(sample_app)
    head = POST + b"Content-Type: application/json\r\n" + credential(server)
    chunked, last = head + b"Transfer-Encoding: chunked\r\n\r\n", [404]
    inner = len(SECOND)
    for sent, status in (
        (head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY, 201),
        (head + b"content-length:\t000%d \r\n\r\n" % len(BODY) + BODY, 201),
        (chunked + CHUNK, 201),
        (head + b"tRANSFER-eNCODING: Chunked\r\n\r\n" + CHUNK, 201),
        (chunked + b"%x;a=b;c\r\n%s\r\n0;d\r\nX-Trailer: 1\r\n\r\n" % (len(BODY), BODY), 201),
        (head + b"Content-Length: %d\r\n\r\n" % inner + SECOND, 400),  # a request as a body is a body
        (LIVE + HOST + b"Content-Length: %d\r\n\r\n" % inner + SECOND, 415),
        (b"\r\n" + LIVE + HOST + b"\r\n", 200),
        (b"GET http://LOCALHOST/health/live HTTP/1.1\r\n" + HOST + b"\r\n", 200),
    ):
        following = SECOND.replace(HOST, HOST + credential(server))
        assert (sent, statuses(await answered(server, sent + following))) == (sent, [status, *last])


async def test_what_stands_behind_a_body_is_no_header(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app)
    head = POST + b"Content-Type: application/json\r\nConnection: close\r\n" + credential(server)
    trailers = b"X-Request-ID: late\r\nIdempotency-Key: \xff\r\nHost: evil.example\r\nAccept: image/png\r\n"
    chunks = b"%x\r\n%s\r\n0\r\n%s\r\n" % (len(BODY), BODY, trailers)
    answer = await answered(server, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
    assert statuses(answer) == [201]
    assert b"x-request-id: late" not in answer
    reader, writer = await asyncio.open_connection(server.base_url.host, server.base_url.port)
    anonymous = POST + b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    writer.write(anonymous + chunks.replace(trailers, credential(server)))
    told = await asyncio.wait_for(reader.readuntil(b"}"), 5)
    writer.close()
    assert statuses(told) == [401]
    assert json.loads(told.partition(b"\r\n\r\n")[2])["code"] == "unauthenticated"


async def test_nobody_is_upgraded_to_what_is_not_spoken(open_server: Open, sample_app: App) -> None:
    server = await open_server(sample_app)
    settings = b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
    for wanted in (b"h2c", b"HTTP/2.0", b"TLS/1.2"):
        upgrade = b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: %s\r\n" % wanted
        assert statuses(await answered(server, LIVE + HOST + upgrade + settings)) == [200]
