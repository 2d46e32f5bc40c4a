"""A tenant may have so many runs queued, as all processes count them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from uuid import uuid4

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.queue_room import FULL, PART, VALID, QueueFull, QueueRoom
from support.clocks import ManualClock

HERE, STRANGER = Scope("default", "key:a", engagement_id=uuid4()), Scope("stranger", "key:b")
QUEUED = """
insert into runs (id, tenant_id, workflow, version, pin, status)
select gen_random_uuid(), %s, 'echo', 1, 'echo@1', %s from generate_series(1, %s)
"""


@pytest.fixture
def rows(conninfo: str) -> Iterator[Callable[..., None]]:
    """Makes runs: `rows(3)`."""
    with psycopg.connect(conninfo, autocommit=True) as connection:

        def make(number: int, status: str = "queued", tenant_id: str = "default") -> None:
            connection.execute(QUEUED, (tenant_id, status, number))

        yield make


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=1)
    yield made
    await made.close()


async def taken(room: QueueRoom, scope: Scope = HERE, most: int = 1_000) -> int:
    """How many places are handed out, up to `most`."""
    for number in range(most):
        try:
            await room.take(scope)
        except QueueFull:
            return number
    return most


async def test_a_full_queue_is_refused_and_looked_at_again_after_a_moment(
    database: Database, rows: Callable[..., None], conninfo: str
) -> None:
    clock = ManualClock()
    room = QueueRoom(database, clock, 20)
    rows(20)
    rows(50, "completed")
    rows(50, tenant_id="another")
    assert await taken(room) == 0
    assert await taken(room, STRANGER, 5) == 5
    with psycopg.connect(conninfo) as connection:
        connection.execute("update runs set status = 'running' where tenant_id = 'default'")
    assert await taken(room) == 0
    clock.advance(FULL)
    assert await taken(room, most=5) == 5


async def test_what_was_counted_holds_for_a_part_of_the_free_places_and_a_few_seconds(
    database: Database, rows: Callable[..., None]
) -> None:
    clock = ManualClock()
    room = QueueRoom(database, clock, 80)
    assert await taken(room, most=1) == 1
    rows(80)
    assert await taken(room) == 80 // PART - 1
    late = QueueRoom(database, clock, 160)
    assert await taken(late, most=1) == 1
    rows(80)
    clock.advance(VALID)
    assert await taken(late) == 0


async def test_processes_that_submit_at_once_exceed_the_bound_by_no_more_than_they_had_at_hand(
    database: Database, rows: Callable[..., None]
) -> None:
    most, made = 96, 0
    rooms = [QueueRoom(database, ManualClock(), most) for _ in range(3)]
    open_rooms = list(rooms)
    while open_rooms:
        for room in list(open_rooms):
            if await taken(room, most=1):
                rows(1)
                made += 1
            else:
                open_rooms.remove(room)
    assert most <= made <= most + len(rooms) * (most // PART)


async def test_nothing_is_counted_where_nothing_is_bounded(database: Database) -> None:
    await database.close()
    assert await taken(QueueRoom(database, ManualClock(), 0), most=3) == 3


async def test_submits_forks_and_triggers_are_told_of_a_full_queue(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
    rows: Callable[..., None],
    submit: Callable[..., Awaitable[str]],
) -> None:
    api = await open_api(sample_app, execute=False, queued_runs=2)
    nightly = {"name": "nightly", "workflow": "echo", "input": {"text": "x"}, "cron": "@daily"}
    schedule = (await api.post("/api/v1/schedules", json=nightly)).json()["id"]
    run_id = await submit(api, "echo")
    rows(1)
    wanted = {"workflow": "echo", "input": {"text": "x"}}
    for path, body in (
        ("runs", wanted),
        (f"runs/{run_id}/fork", {"at": "1"}),
        (f"schedules/{schedule}/trigger", None),
    ):
        answer = await api.post(f"/api/v1/{path}", json=body)
        assert (path, answer.status_code, answer.json()["code"]) == (path, 429, "queue_full")
        assert (answer.headers["retry-after"], answer.json()["retryable"]) == ("10", True)
