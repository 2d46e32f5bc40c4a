"""Real parts for every test: an embedded PostgreSQL for each test process, and an empty, migrated database.

Emptying a database takes 2 ms here and making one from a template about 100 ms, so that `conninfo` names one
database for each test process, emptied before every test; `new_database` makes one for a test alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflow, Workflows

TEMPLATE, SHARED = "migrated", "shared"

OTHERS = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and pid <> %s"
TABLES = "select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version'"


def empty(conninfo: str, database: str) -> None:
    """End every other session in a database, and delete the rows of all its tables."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(OTHERS, (database, connection.info.backend_pid))
        names = [name for (name,) in connection.execute(TABLES).fetchall()]
        with connection.transaction():
            connection.execute("set local session_replication_role = replica")  # in any order
            for name in names:
                connection.execute(psycopg.sql.SQL("delete from {}").format(psycopg.sql.Identifier(name)))


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[postgres.Attachment]:
    """A PostgreSQL of this test process, with a migrated database to copy."""
    with postgres.attach(tmp_path_factory.mktemp("postgresql")) as attachment:
        upgrade(attachment.create_database(TEMPLATE))
        attachment.create_database(SHARED, TEMPLATE)
        yield attachment


@pytest.fixture
def conninfo(postgres_server: postgres.Attachment) -> str:
    """The connection string of a migrated database without rows that nobody else is connected to."""
    found = postgres_server.dsn_for(SHARED)
    empty(found, SHARED)
    return found


@pytest.fixture
def new_database(postgres_server: postgres.Attachment) -> Iterator[Callable[..., str]]:
    """Makes databases of the test's own: `new_database()` is migrated, `new_database(None)` has no tables."""
    made: list[str] = []
    numbers = count(1)

    def make(template: str | None = TEMPLATE) -> str:
        made.append(f"own_{next(numbers)}")
        return postgres_server.create_database(made[-1], template)

    yield make
    for name in made:
        postgres_server.drop_database(name)


@pytest.fixture
def artifacts(tmp_path: Path) -> ObjectArtifacts:
    """A place for artifacts' bytes in the test's own folder."""
    return ObjectArtifacts.local(tmp_path / "artifacts")


@pytest.fixture
async def open_engine(
    conninfo: str, artifacts: ObjectArtifacts
) -> AsyncIterator[Callable[..., Awaitable[Engine]]]:
    """Opens engines over `conninfo`: `await open_engine(workflow, ..., step_timeout=1.0)`."""
    opened: list[Engine] = []

    async def make(*workflows: Workflow, **options: object) -> Engine:
        engine = Engine(conninfo, Workflows(workflows), artifacts, **options)
        await engine.open()
        opened.append(engine)
        return engine

    yield make
    for engine in opened:
        await engine.close()


@pytest.fixture
async def start_worker(
    open_engine: Callable[..., Awaitable[Engine]],
) -> AsyncIterator[Callable[..., Awaitable[Worker]]]:
    """Starts workers: `await start_worker(engine)`; they are stopped before `open_engine`'s are closed."""
    started: list[tuple[Worker, asyncio.Task[None]]] = []

    async def start(engine: Engine, settings: WorkerSettings | None = None, **options: object) -> Worker:
        worker = engine.worker(settings or WorkerSettings(poll=0.2), **options)
        started.append((worker, asyncio.create_task(worker.run())))
        return worker

    yield start
    for worker, task in started:
        await worker.stop(drain=0.5)
        await task
