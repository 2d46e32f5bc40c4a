from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.runs.filters import RunQuery
from pilothouse.runs.repository import RunRepository, showing
from pilothouse.runs.repository.showing import Digest
from pilothouse.runs.schemas import RunStatus

ME, STRANGER = Scope("default", "me"), Scope("other", "you")
START = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)
RUN = """
insert into runs (id, tenant_id, workflow, version, pin, status, created_at)
values (%s, %s, %s, 1, 'p@1', %s, %s)
"""
ENTRY = """
insert into journal (run_id, seq, tenant_id, kind, key, payload) values (%s, %s, 'default', %s, %s, '1')
"""
WORKER = """
insert into workers (id, lock_key, pins, host, pid, heartbeat_at)
values (%s, 1, %s, 'h', 1, now() - %s * interval '1 second')
"""


@pytest.fixture
async def repository(conninfo: str) -> AsyncIterator[RunRepository]:
    database = Database(conninfo)
    async with database.maintenance() as session:
        yield RunRepository(session, ME)
    await database.close()


@pytest.fixture
def ids(conninfo: str) -> list[UUID]:
    """Twelve runs of two workflows, completed or queued in turns, made a minute after each other."""
    source = Ids()
    made = [source.new() for _ in range(12)]
    with psycopg.connect(conninfo) as connection:
        for number, run_id in enumerate(made):
            workflow = "even" if number % 2 == 0 else "odd"
            status = "completed" if number % 3 == 0 else "queued"
            at = START + dt.timedelta(minutes=number)
            connection.execute(RUN, (run_id, "default", workflow, status, at))
        connection.execute(RUN, (source.new(), "other", "even", "queued", START))
    return made


async def listed(repository: RunRepository, **wanted: object) -> list[UUID]:
    """The ids on all pages."""
    found: list[UUID] = []
    cursor: str | None = None
    while True:
        rows = await repository.page(RunQuery(cursor=cursor, limit=5, **wanted))
        found += [row.id for row in rows.items]
        cursor = rows.next_cursor
        if cursor is None:
            return found
        assert len(rows.items) == 5


async def test_all_pages_together_are_every_run_of_the_tenant_newest_first(
    repository: RunRepository, ids: list[UUID]
) -> None:
    assert await listed(repository) == ids[::-1]


async def test_a_last_page_that_is_full_names_no_other(repository: RunRepository, ids: list[UUID]) -> None:
    rows = await repository.page(RunQuery(limit=12))
    assert (len(rows.items), rows.next_cursor) == (12, None)


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        ({"workflow": "odd"}, [1, 3, 5, 7, 9, 11]),
        ({"status": [RunStatus.COMPLETED]}, [0, 3, 6, 9]),
        ({"status": [RunStatus.COMPLETED, RunStatus.QUEUED]}, list(range(12))),
        ({"status": [RunStatus.FAILED]}, []),
        ({"workflow": "even", "status": [RunStatus.COMPLETED]}, [0, 6]),
        ({"created_after": START + dt.timedelta(minutes=8)}, [9, 10, 11]),
        ({"created_before": START + dt.timedelta(minutes=2)}, [0, 1]),
        (
            {
                "created_after": START + dt.timedelta(minutes=3),
                "created_before": START.astimezone(dt.timezone(dt.timedelta(hours=9)))
                + dt.timedelta(minutes=6),
            },
            [4, 5],
        ),
    ],
)
async def test_filters_apply_together(
    repository: RunRepository, ids: list[UUID], wanted: dict[str, object], numbers: list[int]
) -> None:
    assert await listed(repository, **wanted) == [ids[number] for number in reversed(numbers)]


async def test_a_run_of_another_tenant_is_not_there(repository: RunRepository, ids: list[UUID]) -> None:
    found = await repository.get(ids[0])
    assert found is not None
    stranger = RunRepository(repository._session, STRANGER)
    assert await stranger.get(ids[0]) is None
    assert await stranger.entries(ids[0], 0, 10) == []


async def test_entries_come_in_order_and_only_those_that_are_wanted(
    repository: RunRepository, ids: list[UUID], conninfo: str
) -> None:
    with psycopg.connect(conninfo) as connection:
        for seq, kind, key in (
            (1, "submitted", ""),
            (2, "emitted", "a"),
            (3, "completed", "a"),
            (4, "emitted", "b"),
        ):
            connection.execute(ENTRY, (ids[0], seq, kind, key))
        connection.execute(ENTRY, (ids[0], 5, "run_completed", ""))
    run_id = ids[0]
    assert [row.seq for row in await repository.entries(run_id, 2, 2)] == [3, 4]
    assert [row.seq for row in await repository.entries(run_id, 0, 9, ["emitted"])] == [2, 4]


async def test_the_digest_of_a_run_has_its_first_its_last_and_what_was_emitted(
    ids: list[UUID], conninfo: str
) -> None:
    kinds = [("submitted", ""), ("emitted", "a"), ("completed", "a"), ("emitted", "b"), ("run_completed", "")]
    with psycopg.connect(conninfo) as connection:
        for seq, (kind, key) in enumerate(kinds, 1):
            connection.execute(ENTRY, (ids[0], seq, kind, key))
        connection.execute("update runs set seq = 5 where id = %s", (ids[0],))
    database = Database(conninfo)
    found, other, foreign = await database.read(
        ME, *(showing.digest(scope, ids[at]) for at, scope in ((0, ME), (1, ME), (0, STRANGER)))
    )
    await database.close()
    assert [row and row.seq for row in (found.first, found.final, found.step)] == [1, 5, 4]
    assert [row.seq for row in found.emitted] == [4, 2]
    assert other == foreign == Digest(emitted=[], forks=[])


async def test_a_worker_lives_while_its_heartbeat_is_fresh(repository: RunRepository, conninfo: str) -> None:
    fresh, stale = uuid4(), uuid4()
    with psycopg.connect(conninfo) as connection:
        connection.execute(WORKER, (fresh, ["a@1", "b@2"], 3))
        connection.execute(WORKER, (stale, ["c@1"], 60))
    workers = await repository.live_workers(15.0)
    assert (workers.ids, workers.pins) == ({fresh}, {"a@1", "b@2"})
