"""The stream of all runs of a tenant: what it tells, where it goes on, and what becomes of old cursors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import App
from pilothouse.errors import InvalidInput
from pilothouse.kit.scope import local_scope
from pilothouse.runs.live import Live
from pilothouse.runs.live_cursor import CursorGone, read_cursor, write_cursor
from pilothouse.runs.live_endpoints import formatted
from pilothouse.runtime.engine import Engine, Order
from pilothouse.runtime.tail_feeds import Present
from pilothouse.runtime.tail_pages import NOTHING, Place
from support.journals import connected, make_run, write

Submit = Callable[..., Awaitable[str]]
Open = Callable[..., Awaitable[httpx.AsyncClient]]
EVENTS = "/api/v1/events"


class Heard(NamedTuple):
    id: str
    event: str
    data: dict[str, Any]


@pytest.fixture
async def server(open_server: Open, sample_app: App) -> httpx.AsyncClient:
    return await open_server(sample_app)


async def heard(response: httpx.Response) -> AsyncIterator[Heard]:
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
            continue
        if "data" in fields:
            yield Heard(fields["id"], fields["event"], json.loads(fields["data"]))
        fields = {}


async def first(client: httpx.AsyncClient, count: int, query: str = "", **headers: str) -> list[Heard]:
    """The first `count` events of a stream."""
    found: list[Heard] = []
    async with asyncio.timeout(5), client.stream("GET", EVENTS + query, headers=headers) as response:
        assert response.status_code == 200, await response.aread()
        async for event in heard(response):
            found.append(event)
            if len(found) == count:
                return found
    raise AssertionError("it ended")


async def now(live: Live) -> str:
    """A cursor of this moment."""
    async with aclosing(await live.follow_tenant(local_scope(), None)) as stream:
        return stream.place


async def test_every_entry_of_every_run_is_told_once_and_resumed_anywhere(
    server: httpx.AsyncClient, submit: Submit, reach: Callable[..., Awaitable[Any]]
) -> None:
    begin = await now(server.serving.live)
    run_ids = [await submit(server, "echo") for _ in range(3)]
    journals = {}
    for run_id in run_ids:
        await reach(server, run_id, "completed")
        journals[run_id] = (await server.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    total = sum(map(len, journals.values()))
    events = await first(server, total, f"?after={begin}")
    for run_id, journal in journals.items():
        mine = [event.data for event in events if event.data["run_id"] == run_id]
        kept = [{name: said[name] for name in journal[0]} for said in mine]
        assert kept == journal
    assert all(event.id == event.data["cursor"] and event.event == event.data["kind"] for event in events)
    for seen in (0, 4, total - 2):
        rest = events[seen + 1 :]
        assert await first(server, len(rest), f"?after={begin}", **{"Last-Event-ID": events[seen].id}) == rest


async def test_a_submission_is_told_at_once(
    open_engine: Callable[..., Awaitable[Engine]], sample_app: App
) -> None:
    engine = await open_engine(*sample_app.workflows)
    async with aclosing(await Live(engine.feeds).follow_tenant(local_scope(), None)) as stream:
        for _ in range(3):
            run_id = await engine.submit(Order("echo", b'{"text": "x"}'))
            async with asyncio.timeout(0.8):  # not only when it is looked at every second
                (line,) = (await anext(stream)).items
            assert (line.run_id, line.kind) == (run_id, "submitted")


async def test_the_stream_is_filtered_by_workflow_and_kind(
    server: httpx.AsyncClient, submit: Submit, reach: Callable[..., Awaitable[Any]]
) -> None:
    begin = await now(server.serving.live)
    echo, sleepy = await submit(server, "echo"), await submit(server, "sleepy")
    await reach(server, echo, "completed")
    await reach(server, sleepy, "waiting")
    query = f"?after={begin}&kind=run_completed&kind=slept"
    both = await first(server, 2, query)
    assert {(event.event, event.data["run_id"]) for event in both} == {
        ("run_completed", echo),
        ("slept", sleepy),
    }
    (one,) = await first(server, 1, f"{query}&workflow=sleepy")
    assert (one.event, one.data["workflow"]) == ("slept", "sleepy")


@pytest.mark.parametrize("after", ["x", "A" * 59, "%20" * 60, "A" * 60])
async def test_what_is_no_cursor_is_refused(server: httpx.AsyncClient, after: str) -> None:
    answer = await server.get(f"{EVENTS}?after={after}")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def test_a_cursor_from_before_a_restore_is_gone(server: httpx.AsyncClient, conninfo: str) -> None:
    live = server.serving.live
    old = await now(live)
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from incarnations")
        connection.execute("insert into incarnations default values")
    answer = await server.get(f"{EVENTS}?after={old}")
    assert (answer.status_code, answer.json()["code"]) == (410, "cursor_gone")
    assert "follow anew without a cursor" in answer.json()["detail"]
    async with aclosing(await live.follow_tenant(local_scope(), await now(live))):
        pass


@given(st.integers(0, 2**63 - 1), st.uuids(), st.integers(0, 2**31 - 1), st.uuids())
def test_a_cursor_is_read_as_it_was_written(xid: int, run_id: UUID, seq: int, incarnation: UUID) -> None:
    place = Place(xid, run_id, seq)
    text = write_cursor(incarnation, place)
    assert read_cursor(text, Present(place, 2**63, incarnation)) == place
    with pytest.raises(CursorGone):
        read_cursor(text, Present(place, 2**63, uuid4()))
    if xid:
        with pytest.raises(CursorGone):
            read_cursor(text, Present(place, xid - 1, incarnation))


@given(st.text() | st.from_regex(r"[A-Za-z0-9_-]{60}", fullmatch=True))
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises((InvalidInput, CursorGone)):
        read_cursor(text, Present(Place(0, NOTHING, 0), 2**62, uuid4()))


async def test_a_silent_stream_says_how_far_it_is_and_a_filtered_one_too(
    open_engine: Callable[..., Awaitable[Engine]], conninfo: str
) -> None:
    live = Live((await open_engine()).feeds, heartbeat=0.1)
    async with (
        connected(conninfo) as other,
        aclosing(await live.follow_tenant(local_scope(), None, kinds=["never"])) as stream,
    ):
        before = stream.place
        assert formatted(stream, await anext(stream)) == f"id: {stream.place}\n\n".encode()
        run_id = await make_run(other)
        for _ in range(4):
            await write(other, run_id)
            await asyncio.sleep(0.04)
        async with asyncio.timeout(5):
            while stream.place == before:
                assert (await anext(stream)).items == []
    assert live.viewers == 0
