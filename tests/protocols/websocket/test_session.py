"""The WebSocket through a real socket: what is told, what is refused, and how a connection ends."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pilothouse import App
from pilothouse.protocols.websocket.messages import MOST_BYTES, MOST_MISTAKES, MOST_SUBSCRIPTIONS
from pilothouse.runtime.deltas import Delta, written
from pilothouse.runtime.listener import DELTAS
from pilothouse.server import Serving, listening, uvicorn_server
from support.journals import connected, flood, make_run
from support.signed import signed
from support.waiting import rows, until

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]
Open = Callable[..., Awaitable[httpx.AsyncClient]]


class Told:
    """A client: what it says, and what it is told."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection

    async def say(self, **message: Any) -> None:
        await self.connection.send(json.dumps(message))

    async def hear(self, *types: str) -> dict[str, Any]:
        """The next message, of one of these types."""
        async with asyncio.timeout(5):
            message = json.loads(await self.connection.recv())
        assert message["type"] in types, message
        return message

    async def until(self, type_: str) -> list[dict[str, Any]]:
        """All messages up to the first of a type."""
        found: list[dict[str, Any]] = []
        async with asyncio.timeout(5):
            while not found or found[-1]["type"] != type_:
                found.append(json.loads(await self.connection.recv()))
        return found

    async def closed(self) -> tuple[int, str]:
        """The code with which the server closes, and why; what it says before is left out."""
        async with asyncio.timeout(5):
            await self.all()
        return self.connection.close_code or 0, self.connection.close_reason or ""

    async def all(self) -> list[dict[str, Any]]:
        """What is told until the connection is closed."""
        found = []
        while True:
            try:
                found.append(json.loads(await self.connection.recv()))
            except ConnectionClosed:
                return found


def items(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for message in messages if message["type"] == "entries" for item in message["items"]]


@pytest.fixture
async def server(open_server: Open, sample_app: App) -> httpx.AsyncClient:
    return await open_server(sample_app)


@pytest.fixture
async def join() -> AsyncIterator[Callable[..., Awaitable[Told]]]:
    """Opens WebSockets: `told = await join(server)`."""
    async with AsyncExitStack() as stack:

        async def make(server: httpx.AsyncClient, path: str = "/api/v1/ws", **options: Any) -> Told:
            url = str(server.base_url).rstrip("/").replace("http", "ws", 1) + path
            credential = {"authorization": server.headers.get("authorization", "")}
            options["additional_headers"] = credential | options.get("additional_headers", {})
            connection = connect(url, proxy=None, compression=None, **options)
            return Told(await stack.enter_async_context(connection))

        yield make


@pytest.fixture
async def told(server: httpx.AsyncClient, join: Callable[..., Awaitable[Told]]) -> Told:
    return await join(server)


async def test_a_run_is_told_to_its_end(server: httpx.AsyncClient, told: Told, submit: Submit) -> None:
    run_id = await submit(server, "echo")
    await told.say(type="subscribe", run_id=run_id)
    assert await told.hear("subscribed") == {"type": "subscribed", "run_id": run_id, "after": 0}
    messages = await told.until("end")
    journal = (await server.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert items(messages) == journal
    assert messages[-1] == {
        "type": "end",
        "run_id": run_id,
        "end": {"status": "completed", "seq": journal[-1]["seq"]},
    }
    await told.say(type="subscribe", run_id=run_id, after=2)
    await told.hear("subscribed")
    assert items(await told.until("end")) == journal[2:]


async def test_each_subscription_is_an_access_in_the_audit_log(
    server: httpx.AsyncClient, told: Told, submit: Submit, conninfo: str
) -> None:
    run_id = await submit(server, "echo")
    for message in ({"type": "subscribe", "run_id": run_id}, {"type": "subscribe_tenant"}):
        await told.say(**message)
        await told.until("subscribed")
    found = rows(
        conninfo,
        "select subject from (select id, subject, leaf from audit_inbox union all"
        " select id, subject, leaf from audit_entries) as entry"
        " where convert_from(leaf, 'utf8')::jsonb -> 'details' ->> 'did' = 'connect' order by id",
    )
    assert found == [(f"run/{run_id}",), ("runs",)]


async def test_several_runs_are_followed_over_one_connection(
    server: httpx.AsyncClient, told: Told, submit: Submit, tmp_path: Path
) -> None:
    path = tmp_path / "go"
    run_ids = {await submit(server, "patient", path=str(path)) for _ in range(3)}
    for run_id in run_ids:
        await told.say(type="subscribe", run_id=run_id)
    left = next(iter(run_ids))
    await told.say(type="unsubscribe", run_id=left)
    await told.until("unsubscribed")
    path.touch()
    ended = {(await told.until("end"))[-1]["run_id"] for _ in range(2)}
    assert ended == run_ids - {left}


async def test_the_tenant_is_followed_and_resumed_by_cursor(
    server: httpx.AsyncClient, told: Told, join: Callable[..., Awaitable[Told]], submit: Submit, reach: Reach
) -> None:
    await told.say(type="subscribe_tenant")
    begun = await told.hear("subscribed")
    first, second = await submit(server, "echo"), await submit(server, "echo")
    seen: list[dict[str, Any]] = []
    while [item["kind"] for item in seen].count("run_completed") < 2:
        seen += items([await told.hear("entries")])
    assert {item["run_id"] for item in seen} == {first, second}
    assert {item["workflow"] for item in seen} == {"echo"}
    again = await join(server)
    for cursor, rest in [
        (begun["cursor"], seen),
        *((seen[at]["cursor"], seen[at + 1 :]) for at in (0, 3, 6)),
    ]:
        await again.say(type="subscribe_tenant", cursor=cursor)
        await again.hear("subscribed")
        found: list[dict[str, Any]] = []
        while len(found) < len(rest):
            found += items([await again.hear("entries")])
        assert found == rest
        await again.say(type="unsubscribe")
        await again.hear("unsubscribed")


async def test_the_tenant_is_filtered(
    server: httpx.AsyncClient, told: Told, submit: Submit, reach: Reach
) -> None:
    await told.say(type="subscribe_tenant", kinds=["run_completed"], workflows=["echo"])
    await told.hear("subscribed")
    await submit(server, "sleepy")
    run_id = await submit(server, "echo")
    (item,) = items([await told.hear("entries")])
    assert (item["kind"], item["run_id"]) == ("run_completed", run_id)


async def test_pieces_of_an_answer_are_told_in_between(
    server: httpx.AsyncClient, told: Told, conninfo: str
) -> None:
    async with connected(conninfo) as other:
        run_id = await make_run(other)
        await told.say(type="subscribe", run_id=str(run_id))
        await told.hear("subscribed")
        piece = Delta(run_id, "talk#0", 3, "wörd")
        await other.execute("select pg_notify(%s, %s)", (DELTAS, written(piece)))
    said = {"run_id": str(run_id), "step": "talk#0", "offset": 3, "text": "wörd"}
    assert await told.hear("delta") == {"type": "delta"} | said


NONSENSE: list[tuple[Any, str, str]] = [
    ({"type": "subscribe"}, "invalid_input", "run_id"),
    ({"type": "subscribe", "run_id": "x"}, "invalid_input", "UUID"),
    ({"type": "subscribe", "run_id": str(uuid4()), "after": -1}, "invalid_input", "after"),
    ({"type": "subscribe", "run_id": str(uuid4()), "more": 1}, "invalid_input", "more"),
    ({"type": "subscribe", "run_id": str(uuid4())}, "not_found", "There is no run"),
    ({"type": "dance"}, "invalid_input", "dance"),
    ([], "invalid_input", "valid"),
    ({"type": "unsubscribe"}, "not_found", "the tenant"),
    ({"type": "unsubscribe", "run_id": str(uuid4())}, "not_found", "no subscription"),
    ({"type": "subscribe_tenant", "cursor": "x"}, "invalid_input", "no cursor"),
    ({"type": "subscribe_tenant", "cursor": "A" * 60}, "invalid_input", "no cursor"),
    ({"type": "subscribe_tenant", "cursor": "AQ" + "B" * 58}, "cursor_gone", "follow anew"),
]


async def test_what_makes_no_sense_is_refused_and_the_connection_stays(told: Told) -> None:
    for said, code, what in NONSENSE:
        await told.connection.send(json.dumps(said))
        problem = (await told.hear("error"))["problem"]
        assert (problem["code"], what in problem["detail"]) == (code, True), (said, problem)
        await told.say(type="ping", id=code)
        assert await told.hear("pong") == {"type": "pong", "id": code}


async def test_the_same_run_is_followed_once(server: httpx.AsyncClient, told: Told, submit: Submit) -> None:
    run_id = await submit(server, "sleepy")
    for _ in range(2):
        await told.say(type="subscribe", run_id=run_id)
    problem = (await told.until("error"))[-1]["problem"]
    assert (problem["code"], problem["status"]) == ("conflict", 409)


async def test_a_connection_has_so_many_subscriptions(
    server: httpx.AsyncClient, told: Told, conninfo: str
) -> None:
    async with connected(conninfo) as other:
        run_ids = [await make_run(other) for _ in range(MOST_SUBSCRIPTIONS + 1)]
    for run_id in run_ids:
        await told.say(type="subscribe", run_id=str(run_id))
    problem = (await told.until("error"))[-1]["problem"]
    assert problem["code"] == "limit_exceeded"


async def test_who_makes_no_sense_for_long_is_closed(told: Told) -> None:
    for _ in range(MOST_MISTAKES + 1):
        await told.connection.send("{")
    assert await told.closed() == (4400, "Too many messages that make no sense.")


async def test_bytes_and_long_messages_close_the_connection(
    server: httpx.AsyncClient, join: Callable[..., Awaitable[Told]]
) -> None:
    binary, long = await join(server), await join(server)
    await binary.connection.send(b"{}")
    await long.connection.send("x" * (MOST_BYTES + 1))
    assert (await binary.closed())[0] == 1003
    assert (await long.closed())[0] == 1009


async def test_a_silent_connection_gives_signs_of_life(
    open_server: Open, sample_app: App, join: Callable[..., Awaitable[Told]]
) -> None:
    told = await join(await open_server(sample_app, live_heartbeat=0.1))
    assert await told.hear("heartbeat") == {"type": "heartbeat"}
    await told.say(type="subscribe_tenant")
    begun = (await told.until("subscribed"))[-1]
    assert (await told.until("heartbeat"))[-1] == {"type": "heartbeat", "cursor": begun["cursor"]}


async def test_a_slow_client_is_closed_and_resumes_by_number(
    open_server: Open, sample_app: App, join: Callable[..., Awaitable[Told]], conninfo: str
) -> None:
    server = await open_server(sample_app, live_heartbeat=0.3)
    async with connected(conninfo) as other:
        run_id = await make_run(other)
        small = socket.create_connection((server.base_url.host, server.base_url.port))
        small.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        slow = await join(server, sock=small, max_queue=1)
        await slow.say(type="subscribe", run_id=str(run_id))
        await slow.hear("subscribed")
        async with asyncio.timeout(30):
            while server.serving.sockets.open:
                await flood(other, run_id, 100, 10_000)
    seen = items(await slow.all())
    assert (slow.connection.close_code, slow.connection.close_reason) == (
        4408,
        "You take nothing: resume from what you have.",
    )
    last = seen[-1]["seq"]
    assert [item["seq"] for item in seen] == list(range(1, last + 1))
    again = await join(server)
    await again.say(type="subscribe", run_id=str(run_id), after=last)
    await again.hear("subscribed")
    assert items([await again.hear("entries")])[0]["seq"] == last + 1


async def test_a_server_that_stops_says_how_to_resume(
    server: httpx.AsyncClient, join: Callable[..., Awaitable[Told]], submit: Submit, reach: Reach
) -> None:
    run_id = await submit(server, "sleepy")
    run = await reach(server, run_id, "waiting")
    told = await join(server)
    await told.say(type="subscribe", run_id=run_id)
    await told.hear("subscribed")
    while (items([await told.hear("entries")]))[-1]["seq"] < run["seq"]:
        pass
    await told.say(type="subscribe_tenant")
    begun = await told.hear("subscribed")
    server.serving.live.stop()
    closing = await told.hear("closing")
    assert closing["code"] == 1012
    of_run, of_tenant = closing["resume"]
    assert of_run == {"run_id": run_id, "after": run["seq"]}
    places = [base64.urlsafe_b64decode(told["cursor"]) for told in (begun, of_tenant)]
    assert places == sorted(places)  # it goes on with time, though nothing came
    assert await told.closed() == (1012, "The server restarts: connect again and resume.")
    assert server.serving.live.viewers == 0


async def test_a_server_that_is_shut_down_ends_connections_first(
    open_pilothouse: Callable[..., Awaitable[Any]], sample_app: App, join: Callable[..., Awaitable[Told]]
) -> None:
    pilothouse = await open_pilothouse(sample_app, drain_timeout=1)
    with listening("127.0.0.1", 0) as bound:
        serving = Serving(pilothouse)
        server = uvicorn_server(serving, pilothouse.settings)
        task = asyncio.create_task(server.serve(sockets=[bound]))
        await until(lambda: server.started)
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=url, headers=await signed(pilothouse.secrets)) as client:
            told = await join(client)
        await told.say(type="subscribe_tenant")
        begun = await told.hear("subscribed")
        server.should_exit = True
        assert (await told.hear("closing"))["resume"] == [{"cursor": begun["cursor"]}]
        assert (await told.closed())[0] == 1012
        async with asyncio.timeout(5):
            await task


@pytest.mark.parametrize(
    ("path", "headers", "status", "code"),
    [
        ("/api/v1/ws", {"origin": "https://example.org"}, 403, "cross_origin"),
        ("/api/v1/ws", {"origin": "null"}, 403, "cross_origin"),
        ("/api/v1/ws", {"sec-fetch-site": "cross-site"}, 403, "cross_origin"),
        ("/api/v1/other", {}, 404, "not_found"),
    ],
)
async def test_a_handshake_that_is_refused_gets_a_problem(
    server: httpx.AsyncClient,
    join: Callable[..., Awaitable[Told]],
    path: str,
    headers: dict[str, str],
    status: int,
    code: str,
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await join(server, path, additional_headers=headers)
    response = refused.value.response
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = json.loads(response.body)
    assert (problem["code"], problem["instance"]) == (code, path)
    assert problem["request_id"] == response.headers["x-request-id"]


async def test_another_host_name_is_refused(
    server: httpx.AsyncClient, join: Callable[..., Awaitable[Told]]
) -> None:
    bound = socket.create_connection((server.base_url.host, server.base_url.port))
    with pytest.raises(InvalidStatus) as refused:
        async with connect("ws://example.org/api/v1/ws", sock=bound, proxy=None):
            pass
    assert refused.value.response.status_code == 421


async def test_connections_are_counted_with_the_streams(
    open_server: Open, sample_app: App, join: Callable[..., Awaitable[Told]], submit: Submit
) -> None:
    server = await open_server(sample_app, live_connections=1)
    told = await join(server)
    with pytest.raises(InvalidStatus) as refused:
        await join(server)
    assert refused.value.response.status_code == 503
    assert json.loads(refused.value.response.body)["code"] == "overloaded"
    run_id = await submit(server, "sleepy")
    assert (await server.get(f"/api/v1/runs/{run_id}/events")).status_code == 503
    await told.connection.close()
    async with asyncio.timeout(5):
        while server.serving.live.viewers:
            await asyncio.sleep(0.01)
    await join(server)
