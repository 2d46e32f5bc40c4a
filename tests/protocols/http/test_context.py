from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import UUID

import httpx
import pytest
import structlog
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.middleware import Middleware
from starlette.types import Message

from pilothouse.errors import Conflict, DatabaseUnavailable
from pilothouse.kit.ids import Ids
from pilothouse.protocols.http.context import RequestContext
from pilothouse.protocols.http.headers import security_headers
from pilothouse.protocols.http.translation import translate_errors
from pilothouse.runtime.observing import Origin, origin
from pilothouse.telemetry import logs

SECRET = "the password is 1234"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, as JSON lines."""
    out = io.StringIO()
    before = structlog.get_config()
    logs.configure("debug", "json", out)
    yield out
    structlog.configure(**before)


def logged(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    """A client of endpoints that go wrong in every way."""
    api = FastAPI(middleware=[Middleware(RequestContext, ids=Ids())])
    translate_errors(api)

    @api.get("/fine/{run_id}")
    async def fine(run_id: str) -> str:
        structlog.get_logger().info("working")
        return run_id

    @api.get("/conflict")
    async def conflict() -> None:
        raise Conflict("It is taken.", hint="Choose another.")

    @api.get("/away")
    async def away() -> None:
        raise DatabaseUnavailable(SECRET)

    @api.get("/broken")
    async def broken() -> None:
        secret = SECRET
        raise RuntimeError(f"no {secret}")

    @api.get("/halfway")
    async def halfway() -> StreamingResponse:
        async def pieces() -> AsyncIterator[bytes]:
            yield b"some"
            raise RuntimeError(SECRET)

        return StreamingResponse(pieces())

    @api.post("/body")
    async def body(request: Request) -> int:
        return len(await request.body())

    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        client.api = api
        yield client


async def test_a_request_gets_an_id_that_is_in_the_response_and_in_every_line(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    answer = await client.get("/fine/7")
    request_id = answer.headers["x-request-id"]
    assert UUID(request_id).version == 7
    told = logged(lines)
    assert [line["event"] for line in told] == ["working", "request"]
    assert {line["request_id"] for line in told} == {request_id}
    assert told[1] | {"timestamp": "", "ms": 0} == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "path": "/fine/7",
        "status": 200,
        "run_id": "7",
        "address": "127.0.0.1",
        "request_id": request_id,
        "timestamp": "",
        "ms": 0,
    }


@pytest.mark.parametrize("given", ["abc", "A-1.b_2", "9" * 128])
async def test_a_valid_request_id_is_kept(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/conflict", headers={"x-request-id": given})
    assert answer.headers["x-request-id"] == given
    assert answer.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "9" * 129, "a\nb", "-a", "é", '{"a":1}'])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/fine/7", headers={"x-request-id": given.encode()})
    assert UUID(answer.headers["x-request-id"]).version == 7


async def test_requests_at_the_same_time_keep_their_ids_apart(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    await asyncio.gather(*(client.get(f"/fine/{n}", headers={"x-request-id": f"r{n}"}) for n in range(20)))
    ends = {line["request_id"]: line["path"] for line in logged(lines) if line["event"] == "request"}
    assert ends == {f"r{n}": f"/fine/{n}" for n in range(20)}


async def test_an_error_becomes_a_problem_document(client: httpx.AsyncClient, lines: io.StringIO) -> None:
    answer = await client.get("/conflict")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"] == "It is taken. Choose another."
    assert answer.json()["instance"] == "/conflict"
    failed = logged(lines)[0]
    assert (failed["event"], failed["level"], failed["code"]) == ("request_failed", "info", "conflict")
    assert "exception" not in failed


async def test_a_part_that_is_away_is_told_without_its_details(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    answer = await client.get("/away")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert SECRET not in answer.text
    assert logged(lines)[0]["reason"] == SECRET
    assert len(lines.getvalue()) < 1_000


async def test_an_unexpected_error_is_logged_with_its_place_and_leaks_nothing(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    answer = await client.get("/broken")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal_error")
    assert SECRET not in answer.text
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    broke = logged(lines)[0]
    assert (broke["event"], broke["level"], broke["error_type"]) == ("request_broke", "error", "RuntimeError")
    frames = broke["exception"][0]["frames"]
    assert frames[-1]["name"] == "broken"
    assert not any(frame.get("locals") for frame in frames)


async def test_a_response_that_breaks_off_is_not_passed_off_as_whole(
    client: httpx.AsyncClient, lines: io.StringIO
) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/halfway", "headers": [], "query_string": b""}
    with pytest.raises(BaseException, match=SECRET):
        await client.api(scope | {"asgi": {"spec_version": "2.4"}}, receive, send)
    assert [message.get("more_body") for message in sent] == [None, True]
    assert [line["event"] for line in logged(lines)] == ["request_broke", "request"]


async def test_a_client_that_goes_away_is_no_error(client: httpx.AsyncClient, lines: io.StringIO) -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        raise AssertionError(message)

    scope = {"type": "http", "method": "POST", "path": "/body", "headers": [], "query_string": b""}
    await client.api(scope, receive, send)
    assert [line["event"] for line in logged(lines)] == ["client_gone", "request"]
    assert logged(lines)[1]["status"] is None


@pytest.mark.parametrize("path", ["/fine/7", "/conflict", "/broken", "/nothing"])
async def test_every_response_carries_the_headers_that_keep_browsers_safe(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    expected = security_headers()
    assert {name: answer.headers[name] for name in expected} == expected


async def test_what_is_no_http_request_passes_through() -> None:
    seen: list[str] = []

    async def app(scope: dict[str, Any], receive: object, send: object) -> None:
        seen.append(scope["type"])

    await RequestContext(app, Ids())({"type": "lifespan"}, None, None)
    assert seen == ["lifespan"]


class Watched:
    """Hears of one request."""

    traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"

    def __init__(self, told: list[object]) -> None:
        self.told = told

    def ended(self, scope: dict[str, Any], status: int | None) -> None:
        self.told.append((scope["path"], status))


class Observer:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def began(self, scope: dict[str, Any], traceparent: str, request_id: str) -> Watched:
        self.told.append((traceparent, request_id))
        return Watched(self.told)


async def test_an_observer_hears_of_each_request_and_the_engine_of_its_origin(lines: io.StringIO) -> None:
    observer, came = Observer(), []
    api = FastAPI(middleware=[Middleware(RequestContext, ids=Ids(), observer=observer)])
    translate_errors(api)

    @api.get("/fine")
    async def fine() -> None:
        came.append(origin.get())

    @api.get("/broken")
    async def broken() -> None:
        raise RuntimeError

    transport = httpx.ASGITransport(api, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        await client.get("/fine", headers={"x-request-id": "r-1", "traceparent": "given"})
        await client.get("/broken", headers={"x-request-id": "r-2"})
    assert observer.told == [("given", "r-1"), ("/fine", 200), ("", "r-2"), ("/broken", 500)]
    assert came == [Origin("r-1", Watched.traceparent)]
    assert origin.get() == Origin()
    assert {line["trace_id"] for line in logged(lines)} == {Watched.trace_id}
