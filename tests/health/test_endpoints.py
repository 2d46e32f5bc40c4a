from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import uuid4

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.health import service
from pilothouse.health.service import Health, NotReady
from pilothouse.kit.session import Database
from pilothouse.migrations.upgrade import head


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    database = Database(conninfo)
    yield database
    await database.close()


def component(error: NotReady) -> str:
    return error.faults[0].name


async def test_a_process_with_its_worker_is_alive_and_ready(client: httpx.AsyncClient) -> None:
    assert (await client.get("/health/live")).json() == {"status": "alive"}
    ready = await client.get("/health/ready")
    assert ready.json() == {"status": "ready", "schema_revision": head(), "worker": "alive"}
    assert ready.headers["cache-control"] == "no-store"


async def test_a_process_that_executes_nothing_is_ready_without_a_worker(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    idle = await open_api(sample_app, execute=False)
    assert (await idle.get("/health/ready")).json()["worker"] == "elsewhere"


async def test_a_process_whose_worker_is_silent_is_not_ready(database: Database) -> None:
    with pytest.raises(NotReady, match="worker was not heard of for 15 s") as caught:
        await Health(database, head(), uuid4(), 15.0).ready()
    assert component(caught.value) == "worker"


async def test_a_process_whose_database_is_no_longer_its_own_lives_and_is_not_ready(
    client: httpx.AsyncClient, conninfo: str
) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    try:
        answer = await client.get("/health/ready")
        alive = await client.get("/health/live")
    finally:
        with psycopg.connect(conninfo) as connection:
            connection.execute("update alembic_version set version_num = %s", (head(),))
    assert alive.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (503, "not_ready")
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["errors"] == [
        {
            "where": "component",
            "name": "schema",
            "detail": f"The database is at schema 9999, this version needs {head()}.",
        }
    ]


@pytest.mark.parametrize("template", ["migrated", None])
async def test_a_database_at_another_schema_is_not_ready(
    new_database: Callable[..., str], template: str | None
) -> None:
    conninfo = new_database(template)
    if template:
        with psycopg.connect(conninfo) as connection:
            connection.execute("update alembic_version set version_num = '0000'")
    database = Database(conninfo)
    with pytest.raises(NotReady, match=f"this version needs {head()}") as caught:
        await Health(database, head(), None, 15.0).ready()
    await database.close()
    assert component(caught.value) == "schema"


async def test_a_database_that_is_away_is_not_ready() -> None:
    database = Database("host=/nowhere dbname=x")
    with pytest.raises(NotReady) as caught:
        await Health(database, head(), None, 15.0).ready()
    await database.close()
    assert component(caught.value) == "database"


async def test_a_database_that_hangs_is_told_in_time_and_not_asked_twice(
    database: Database, conninfo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PATIENCE", 0.1)
    health = Health(database, head(), None, 15.0)
    with psycopg.connect(conninfo) as connection:
        connection.execute("lock table alembic_version")
        started = time.monotonic()
        for _ in range(3):
            with pytest.raises(NotReady, match="did not answer within"):
                await health.ready()
        assert time.monotonic() - started < 1
        assert database._engine.pool.checkedout() == 1
    assert (await health.ready()).status == "ready"
