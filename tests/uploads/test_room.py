"""Uploads under way, and bytes kept, are bounded by principal and tenant, over all processes."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.errors import PilothouseError
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.uploads.errors import TooManyUploads, UploadQuotaReached
from pilothouse.uploads.repository import UploadRepository
from pilothouse.uploads.room import SILENCE, Bounds, Reservation, Room
from pilothouse.uploads.tables import UploadRow

UPLOADS = "/api/v1/uploads"
ADA, BOB = Scope("default", "person:ada"), Scope("default", "person:bob")
STRANGER = Scope("stranger", "person:eve")


@pytest.fixture
async def processes(conninfo: str) -> AsyncIterator[list[Database]]:
    """The databases of two processes."""
    made = [Database(conninfo, connections=4) for _ in range(2)]
    yield made
    for database in made:
        await database.close()


def row_of(size: int, scope: Scope = ADA) -> UploadRow:
    return UploadRow(
        id=Ids().new(),
        tenant_id=scope.tenant_id,
        engagement_id=None,
        name="a.txt",
        media_type="text/plain",
        flags=[],
        size=size,
        sha256="0" * 64,
        principal=scope.principal,
        created_at=dt.datetime.now(dt.UTC),
    )


async def ask(
    stack: AsyncExitStack, room: Room, announced: int | None, largest: int = 1_000
) -> Reservation | PilothouseError:
    try:
        return await stack.enter_async_context(room.reserved(announced, largest))
    except PilothouseError as error:
        return error


def made(answers: list[Reservation | PilothouseError]) -> list[Reservation]:
    return [answer for answer in answers if isinstance(answer, Reservation)]


@pytest.mark.parametrize(
    ("bounds", "under_way"),
    [(Bounds(of_principal=3, of_tenant=9), 6), (Bounds(of_principal=9, of_tenant=5), 5), (Bounds(0, 0), 16)],
)
async def test_as_many_are_under_way_at_once_as_is_said_whoever_asks_where(
    processes: list[Database], bounds: Bounds, under_way: int
) -> None:
    async with AsyncExitStack() as stack:
        rooms = [Room(database, Ids(), scope, bounds) for database in processes for scope in (ADA, BOB)] * 4
        answers = await asyncio.gather(*(ask(stack, room, 1) for room in rooms))
        assert len(made(answers)) == under_way
        refused = [answer for answer in answers if not isinstance(answer, Reservation)]
        assert {type(error) for error in refused} <= {TooManyUploads}
        assert isinstance(await ask(stack, Room(processes[0], Ids(), STRANGER, bounds), 1), Reservation)
    async with AsyncExitStack() as stack:  # all of that was given back
        assert isinstance(await ask(stack, Room(processes[0], Ids(), ADA, bounds), 1), Reservation)


async def test_a_tenant_never_keeps_more_bytes_than_its_quota(
    processes: list[Database], conninfo: str
) -> None:
    bounds = Bounds(0, 0, bytes=1_000)

    async def upload(room: Room, size: int, announced: int | None) -> int:
        try:
            async with room.reserved(announced, 300) as reservation:
                if size > reservation.bytes:
                    return 0
                await asyncio.sleep(0.005)
                await room.keep(row_of(size), reservation)
        except UploadQuotaReached:
            return 0
        return size

    rooms = [Room(database, Ids(), scope, bounds) for database in processes for scope in (ADA, BOB)]
    sizes = [(90, 90), (100, None), (120, 120), (300, 300)]
    kept = await asyncio.gather(
        *(upload(room, *sizes[(at + nth) % 4]) for at, room in enumerate(rooms) for nth in range(4))
    )
    with psycopg.connect(conninfo) as connection:
        stored = connection.execute("select sum(size), count(*) from uploads").fetchone()
        assert connection.execute("select bytes, files from upload_totals").fetchall() == [stored]
        assert connection.execute("select count(*) from upload_reservations").fetchone() == (0,)
    assert 0 < stored[0] == sum(kept) <= 1_000
    left = 1_000 - sum(kept)
    assert await upload(rooms[0], left, left) == left, "nothing is held any more of what was not kept"


async def test_what_has_no_length_gets_what_is_left_and_nothing_where_that_is_nothing(
    processes: list[Database],
) -> None:
    room = Room(processes[0], Ids(), ADA, Bounds(bytes=1_000))
    async with AsyncExitStack() as stack:
        assert (await stack.enter_async_context(room.reserved(None, 700))).bytes == 700
        assert (await stack.enter_async_context(room.reserved(None, 700))).bytes == 300
        for announced in (None, 1):
            with pytest.raises(UploadQuotaReached, match="0 are left"):
                await stack.enter_async_context(room.reserved(announced, 700))


async def test_deleting_makes_room(processes: list[Database], conninfo: str) -> None:
    room, row = Room(processes[0], Ids(), ADA, Bounds(bytes=100)), row_of(80)
    async with room.reserved(80, 100) as reservation:
        await room.keep(row, reservation)
    with pytest.raises(UploadQuotaReached):
        await room.reserved(21, 100).__aenter__()
    async with processes[0].session(ADA) as session:
        await UploadRepository(session, ADA).remove(row)
    async with room.reserved(100, 100):
        pass
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select bytes, files from upload_totals").fetchall() == [(0, 0)]


async def test_what_a_process_left_behind_lapses_and_may_not_come_back_beyond_the_quota(
    processes: list[Database], conninfo: str
) -> None:
    bounds = Bounds(of_principal=1, bytes=100)
    frozen, other = (Room(database, Ids(), ADA, bounds) for database in processes)
    async with frozen.reserved(80, 100) as reservation:
        with pytest.raises(TooManyUploads):
            await other.reserved(80, 100).__aenter__()
        with psycopg.connect(conninfo) as connection:
            connection.execute(
                "update upload_reservations set seen_at = now() - make_interval(secs => %s)", (SILENCE + 1,)
            )
        async with other.reserved(80, 100) as second:
            await other.keep(row_of(80), second)
        with pytest.raises(UploadQuotaReached):
            await frozen.keep(row_of(80), reservation)
        await frozen.keep(row_of(20), reservation)  # there would still be room for less


async def test_one_that_is_under_way_says_so(processes: list[Database], conninfo: str) -> None:
    room = Room(processes[0], Ids(), ADA, Bounds(), seen_every=0.01)

    def seen() -> dt.datetime:
        with psycopg.connect(conninfo) as connection:
            return connection.execute("select seen_at from upload_reservations").fetchone()[0]

    async with room.reserved(1, 1):
        before = seen()
        async with asyncio.timeout(5):
            while seen() == before:
                await asyncio.sleep(0.005)


OTHER = """
insert into upload_reservations (id, tenant_id, principal, bytes)
values (gen_random_uuid(), 'default', 'local', 1)
"""


async def test_who_uploads_too_much_is_told_and_a_failed_upload_gives_its_room_back(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App, conninfo: str
) -> None:
    api = await open_api(sample_app, execute=False, uploads_at_once=1, upload_tenant_bytes=1_000)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(OTHER)  # of another process
        refused = await api.post(UPLOADS, content=b"z")
        connection.execute("delete from upload_reservations")
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_uploads")
    assert refused.headers["retry-after"] == "5"
    wrong = await api.post(UPLOADS, content=b"\x7fELF" + bytes(60), headers={"content-type": "image/png"})
    assert wrong.status_code == 415
    assert (await api.post(UPLOADS, content=b"ab")).status_code == 201
    full = await api.post(UPLOADS, content=bytes(999))
    assert (full.status_code, full.json()["code"]) == (409, "upload_quota_reached")
    assert (await api.post(UPLOADS, content=bytes(998))).status_code == 201
