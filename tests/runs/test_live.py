"""Streams through a real socket: what a viewer sees, what it costs, and what is left when it goes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.errors import DatabaseUnavailable, InvalidInput, NotFound
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Overloaded
from pilothouse.runs.live import REACHED, Batch, Live, RunStream, TenantStream
from pilothouse.runs.live_endpoints import formatted
from pilothouse.runs.schemas import End
from pilothouse.runtime.deltas import Delta
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.entries import FINAL
from pilothouse.runtime.tail_pages import PAGE
from support.journals import connected, flood, make_run, write
from support.outage import shut

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]
Open = Callable[..., Awaitable[httpx.AsyncClient]]

SESSIONS = (
    "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
)


class Heard(NamedTuple):
    id: str | None
    event: str
    data: dict[str, Any]


async def heard(response: httpx.Response) -> AsyncIterator[Heard]:
    """The events of a stream, parsed as the HTML standard says (comments are left out)."""
    fields: dict[str, str] = {}
    async for line in response.aiter_lines():
        if not line:
            if "data" in fields:
                yield Heard(fields.get("id"), fields.get("event", "message"), json.loads(fields["data"]))
            fields = {}
        elif not line.startswith(":"):
            name, _, value = line.partition(":")
            fields[name] = value.removeprefix(" ")


async def whole(client: httpx.AsyncClient, path: str, **headers: str) -> list[Heard]:
    """Everything that a stream says until it ends."""
    async with client.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        return [event async for event in heard(response)]


async def _viewed_by(live: Live, viewers: int) -> None:
    async with asyncio.timeout(10):
        while live.viewers != viewers:
            await asyncio.sleep(0.01)


@pytest.fixture
async def server(open_server: Open, sample_app: App) -> httpx.AsyncClient:
    return await open_server(sample_app)


async def test_a_stream_tells_every_entry_once_and_then_the_end(
    server: httpx.AsyncClient, submit: Submit
) -> None:
    run_id = await submit(server, "echo")
    events = await whole(server, f"/api/v1/runs/{run_id}/events")
    journal = (await server.get(f"/api/v1/runs/{run_id}/journal")).json()["items"]
    assert [event.data for event in events[:-1]] == journal
    assert [event.id for event in events[:-1]] == [str(entry["seq"]) for entry in journal]
    assert [event.event for event in events[:-1]] == [entry["kind"] for entry in journal]
    assert events[-1] == Heard(None, "end", {"status": "completed", "seq": journal[-1]["seq"]})


async def test_a_viewer_sees_what_happens_while_it_happens(
    server: httpx.AsyncClient, submit: Submit, tmp_path: Path
) -> None:
    path = tmp_path / "go"
    run_id = await submit(server, "patient", path=str(path))
    kinds = []
    async with server.stream("GET", f"/api/v1/runs/{run_id}/events") as response, asyncio.timeout(5):
        async for event in heard(response):
            kinds.append(event.event)
            if event.event == "started":
                path.touch()
    assert kinds == ["submitted", "entered", "started", "completed", "run_completed", "end"]


async def test_a_stream_goes_on_where_it_broke_off_without_loss_or_repeat(
    server: httpx.AsyncClient, submit: Submit, reach: Reach
) -> None:
    run_id = await submit(server, "echo")
    run = await reach(server, run_id, "completed")
    path = f"/api/v1/runs/{run_id}/events"
    everything = await whole(server, path)
    for seen in range(run["seq"] + 1):
        rest = await whole(server, path, **{"Last-Event-ID": str(seen)})
        assert rest == everything[seen:]
        assert await whole(server, f"{path}?after={seen}") == rest
        assert await whole(server, f"{path}?after=0", **{"Last-Event-ID": str(seen)}) == rest


@pytest.mark.parametrize("last", ["-1", "x", "99999999999", "1.5"])
async def test_a_last_event_that_is_none_is_refused(
    server: httpx.AsyncClient, submit: Submit, last: str
) -> None:
    run_id = await submit(server, "sleepy")
    answer = await server.get(f"/api/v1/runs/{run_id}/events", headers={"Last-Event-ID": last})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_last_event_beyond_the_journal_is_refused(server: httpx.AsyncClient, submit: Submit) -> None:
    run_id = await submit(server, "sleepy")
    answer = await server.get(f"/api/v1/runs/{run_id}/events?after=1000")
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert "nothing can follow entry 1000" in answer.json()["detail"]


async def test_a_retried_run_is_followed_to_its_new_end(
    server: httpx.AsyncClient, submit: Submit, tmp_path: Path
) -> None:
    path = tmp_path / "needed"
    run_id = await submit(server, "fragile", path=str(path))
    events = f"/api/v1/runs/{run_id}/events"
    first = await whole(server, events)
    assert first[-1].data["status"] == "failed"
    path.write_text("there")
    await server.post(f"/api/v1/runs/{run_id}/retry")
    second = await whole(server, events, **{"Last-Event-ID": str(first[-2].id)})
    assert second[0].event == "run_retried"
    assert second[-1].data["status"] == "completed"
    assert await whole(server, events) == first[:-1] + second


async def test_a_client_that_asks_for_json_gets_no_stream(server: httpx.AsyncClient, submit: Submit) -> None:
    run_id = await submit(server, "echo")
    answer = await server.get(f"/api/v1/runs/{run_id}/events", headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")


async def test_many_viewers_share_few_connections_and_leave_nothing_behind(
    server: httpx.AsyncClient, submit: Submit, conninfo: str, tmp_path: Path
) -> None:
    path = tmp_path / "go"
    run_id = await submit(server, "patient", path=str(path))
    live: Live = server.serving.live
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(
        base_url=server.base_url, limits=limits, timeout=20, headers=server.headers
    ) as viewers:
        url = f"/api/v1/runs/{run_id}/events"
        following = [asyncio.create_task(whole(viewers, url)) for _ in range(60)]
        leaving = [asyncio.create_task(whole(viewers, url)) for _ in range(40)]
        await _viewed_by(live, 100)
        with psycopg.connect(conninfo) as connection:
            ((sessions,),) = connection.execute(SESSIONS).fetchall()
        assert sessions <= 18  # ten of the pool, six lanes of the engine, the listener, the heartbeat
        for viewer in leaving:
            viewer.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await _viewed_by(live, 60)
        path.touch()
        streams = await asyncio.gather(*following)
    assert all(stream == streams[0] for stream in streams)
    assert streams[0][-1].event == "end"
    assert live.viewers == 0
    assert server.serving.database._engine.pool.checkedout() == 0


async def test_a_viewer_that_takes_nothing_is_cut_off_and_resumes(
    open_server: Open, sample_app: App, conninfo: str
) -> None:
    server = await open_server(sample_app, live_heartbeat=0.2)
    async with connected(conninfo) as other:
        run_id = await make_run(other)
        path = f"/api/v1/runs/{run_id}/events"
        reader, writer = await asyncio.open_connection(
            server.base_url.host, server.base_url.port, limit=1_024
        )
        credential = f"Authorization: {server.headers['authorization']}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{credential}\r\n\r\n".encode())
        await _viewed_by(server.serving.live, 1)
        async with asyncio.timeout(20):
            while server.serving.live.viewers:
                last = await flood(other, run_id, 100, 10_000)
        await write(other, run_id, kind="run_completed")
    text = await reader.read()
    writer.close()
    seen = text.count(b"event: emitted\n")
    assert 0 < seen < last
    rest = await whole(server, f"{path}?after={seen}")
    assert [event.id for event in rest] == [*map(str, range(seen + 1, last + 2)), None]


@pytest.fixture
async def live(open_engine: Callable[..., Awaitable[Engine]], conninfo: str, sample_app: App) -> Live:
    """Streams of an engine beside which nothing executes runs, with a short heartbeat."""
    engine = await open_engine(*sample_app.workflows)
    live = Live(engine.feeds, heartbeat=0.05, connections=2)
    live.engine = engine
    return live


async def _queued(live: Live) -> Any:
    from pilothouse.runtime.engine import Order

    return await live.engine.submit(Order("echo", b'{"text": "x"}'))


async def told(stream: RunStream | TenantStream) -> AsyncIterator[Any]:
    """What a stream tells, one by one: lines, deltas, the end, and None as a sign of life."""
    async for batch in stream:
        for item in batch.items:
            yield item
        if batch.end is not None:
            yield batch.end
        elif not batch.items:
            yield None


async def test_a_silent_stream_gives_signs_of_life(live: Live) -> None:
    async with aclosing(await live.follow(local_scope(), await _queued(live), 0)) as stream:
        events = told(stream)
        seen = [await anext(events) for _ in range(4)]
    assert [event and event.kind for event in seen] == ["submitted", None, None, None]


async def test_a_database_that_does_not_answer_is_waited_for(live: Live, conninfo: str) -> None:
    run_id = await _queued(live)
    events = told(await live.follow(local_scope(), run_id, 0))
    assert (await anext(events)).kind == "submitted"
    with shut(conninfo):
        assert [await anext(events) for _ in range(2)] == [None, None]
        with pytest.raises(DatabaseUnavailable):
            await live.follow(local_scope(), run_id, 0)
    await live.engine.cancel(run_id)
    async with asyncio.timeout(10):
        seen = [event async for event in events if event is not None]
    assert [getattr(event, "kind", "end") for event in seen] == ["run_cancelled", "end"]


async def test_signs_of_life_are_comments(live: Live) -> None:
    async with aclosing(await live.follow(local_scope(), await _queued(live), 0)) as stream:
        first, second = [formatted(stream, await anext(stream)) for _ in range(2)]
    assert first.startswith(b"event: submitted\ndata: {")
    assert second == b": alive\n\n"
    assert live.viewers == 0


async def test_pieces_of_an_answer_have_no_id(live: Live) -> None:
    run_id = await _queued(live)
    async with aclosing(await live.follow(local_scope(), run_id, 0)) as stream:
        text = formatted(stream, Batch([Delta(run_id, "talk#0", 3, "word")]))
    assert text == b'event: delta\ndata: {"step":"talk#0","offset":3,"text":"word"}\n\n'


async def test_a_stream_ends_when_the_process_stops(live: Live) -> None:
    events = told(await live.follow(local_scope(), await _queued(live), 0))
    assert (await anext(events)).kind == "submitted"
    live.stop()
    assert [event async for event in events] == []
    assert [event async for event in told(await live.follow(local_scope(), await _queued(live), 0))] == []
    assert live.viewers == 0


async def test_there_are_only_so_many_viewers(live: Live) -> None:
    run_id = await _queued(live)
    first = await live.follow(local_scope(), run_id, 0)
    with live.seat():
        for refused in (live.follow(local_scope(), run_id, 0), live.follow_tenant(local_scope(), None)):
            with pytest.raises(Overloaded, match="At most 2"):
                await refused
        with pytest.raises(Overloaded), live.seat():
            pass
        seated = await live.follow(local_scope(), run_id, 0, seated=True)
        seated.close()
    first.close()
    assert live.viewers == 0
    (await live.follow(local_scope(), run_id, 0)).close()


async def test_a_foreign_run_is_not_there_to_follow(live: Live) -> None:
    run_id = await _queued(live)
    with pytest.raises(NotFound):
        await live.follow(Scope("other", "you"), run_id, 0)
    with pytest.raises(NotFound):
        await live.follow(local_scope(), UUID(int=1), 0)
    with pytest.raises(InvalidInput):
        await live.follow(local_scope(), run_id, 2)
    assert live.viewers == 0


@pytest.mark.parametrize("length", [2, PAGE, PAGE + 1, 4 * PAGE])
async def test_a_long_journal_is_told_whole(live: Live, conninfo: str, length: int) -> None:
    run_id = await _queued(live)
    entry = "insert into journal (run_id, seq, kind, key, payload) values (%s, %s, %s, '', '{}')"
    with psycopg.connect(conninfo) as connection:
        for seq in range(2, length + 1):
            connection.execute(entry, (run_id, seq, "run_completed" if seq == length else "noted"))
        connection.execute("update runs set seq = %s, status = 'completed' where id = %s", (length, run_id))
    seen = [event async for event in told(await live.follow(local_scope(), run_id, 0))]
    assert [event.seq for event in seen] == [*range(1, length + 1), length]
    again = [event async for event in told(await live.follow(local_scope(), run_id, length))]
    assert again == [End(status="completed", seq=length)]


async def test_a_run_that_is_deleted_is_followed_no_longer(live: Live, conninfo: str) -> None:
    run_id = await _queued(live)
    events = told(await live.follow(local_scope(), run_id, 0))
    assert (await anext(events)).kind == "submitted"
    with psycopg.connect(conninfo) as connection:
        connection.execute("delete from journal where run_id = %s", (run_id,))
        connection.execute("delete from runs where id = %s", (run_id,))
    async with asyncio.timeout(5):
        assert {event async for event in events} == {None}


def test_every_final_entry_has_a_state() -> None:
    assert set(REACHED) == {kind.value for kind in FINAL}
