"""Real parts for every test: an embedded PostgreSQL for each test process, and an empty, migrated database.

PILOTHOUSE_TEST_POSTGRES_URL names a server to use instead: all that tests make there is dropped at the end.
Emptying a database takes 2 ms here and making one from a template about 100 ms, so that `conninfo` names one
database for each test process, emptied before every test; `new_database` makes one for a test alone.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import settings as hypothesis_settings

from pilothouse import App
from pilothouse.app import SEALED, Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.worker import Worker
from pilothouse.runtime.worker_settings import WorkerSettings
from pilothouse.runtime.workflows import Workflow, Workflows
from pilothouse.settings import Settings
from pilothouse.telemetry import logs
from pilothouse.vault.service import Vault
from support import collecting, leaving, parcels
from support.emptying import empty
from support.entrance import CALM
from support.external import URL, External, external
from support.kept import secrets_in, vault_over
from support.signed import signed
from support.waiting import EMPTYING
from support.workers import Workers

# The same examples in every run, as a test is the same for everybody; what asserts a time is marked `timed`.
hypothesis_settings.register_profile("suite", deadline=None, derandomize=True)
hypothesis_settings.load_profile("suite")

leaving.watch()

TEMPLATE, SHARED = "migrated", "shared"

# what runs is compiled once, and not by each of the hundreds of processes that tests start
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """Begin without what was left by collecting thousands of tests."""
    collecting.only_between_tests()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown() -> Generator[None]:
    """Fail the test that leaves a connection open, once all that it used is closed."""
    yield
    collecting.between_tests()
    leaving.insist_on_none()


@pytest.fixture(scope="session", autouse=True)
def _ctrl_c() -> None:
    """Let Ctrl-C reach the processes that tests start: a shell has what it starts with `&` ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _log_lines() -> None:
    """Log as the product does, whatever the test before has set; structlog's own tracebacks take seconds."""
    logs.configure("debug", "readable")


@pytest.fixture(scope="session", autouse=True)
def external_url() -> str | None:
    """The server that was named to run on, if any; the product does not know this variable and complains."""
    return os.environ.pop(URL, None)


@pytest.fixture(scope="session")
def postgres_server(
    tmp_path_factory: pytest.TempPathFactory, external_url: str | None
) -> Iterator[postgres.Attachment | External]:
    """A PostgreSQL of this test process, or the one that was named, with a migrated database to copy."""
    folder = tmp_path_factory.mktemp("postgresql")
    with external(external_url) if external_url else postgres.attach(folder) as server:
        upgrade(server.create_database(TEMPLATE))
        server.create_database(SHARED, TEMPLATE)
        yield server
    shutil.rmtree(folder)  # pytest keeps the folders of three runs, and this one has 80 MB


class Emptying:
    """A session that is kept to empty a database: a new one has to learn all tables first, 20 ms."""

    def __init__(self, conninfo: str) -> None:
        """Nothing is opened before it is needed, and again where a test has ended all sessions."""
        self._conninfo = conninfo
        self._kept: psycopg.Connection[Any] | None = None

    def empty(self) -> None:
        """End every other session, and delete all rows."""
        for _ in range(2):
            if self._kept is None:
                self._kept = psycopg.connect(self._conninfo, autocommit=True, application_name=EMPTYING)
            try:
                empty(self._kept)
            except psycopg.OperationalError:
                self.close()
            else:
                return
        raise AssertionError("the database cannot be emptied")

    def close(self) -> None:
        """End the session."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None


@pytest.fixture(scope="session")
def emptying(postgres_server: postgres.Attachment | External) -> Iterator[Emptying]:
    """What empties the shared database."""
    made = Emptying(postgres_server.dsn_for(SHARED))
    yield made
    made.close()


@pytest.fixture
def conninfo(postgres_server: postgres.Attachment | External, emptying: Emptying) -> str:
    """The connection string of a migrated database without rows that nobody else is connected to."""
    emptying.empty()
    return postgres_server.dsn_for(SHARED)


@pytest.fixture
async def new_lane() -> AsyncIterator[Callable[[str], Lane]]:
    """Makes lanes to a database: connections on which parts of a process work one after the other."""
    made: list[Lane] = []

    def lane(conninfo: str) -> Lane:
        made.append(Lane(conninfo, {"jit": "off"}, purpose="accounts"))
        return made[-1]

    yield lane
    for one in made:
        await one.close()


@pytest.fixture
def new_database(postgres_server: postgres.Attachment | External) -> Iterator[Callable[..., str]]:
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
async def vault(conninfo: str, tmp_path: Path) -> AsyncIterator[Vault]:
    """A vault over `conninfo` that knows every sealed column; its master key lies in the test's folder."""
    made = vault_over(conninfo, tmp_path / "secrets", columns=SEALED)
    yield made
    await made.close()


@pytest.fixture
async def open_engine(
    conninfo: str, artifacts: ObjectArtifacts, vault: Vault
) -> AsyncIterator[Callable[..., Awaitable[Engine]]]:
    """Opens engines over `conninfo`: `await open_engine(workflow, ..., step_timeout=1.0)`."""
    opened: list[Engine] = []

    async def make(*workflows: Workflow, **options: object) -> Engine:
        engine = Engine(conninfo, Workflows(workflows), artifacts, **{"sealer": vault} | options)
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
        task = asyncio.create_task(worker.run())
        started.append((worker, task))
        while not (worker._heartbeat.valid() or task.done()):
            await asyncio.sleep(0.001)
        return worker

    yield start
    for worker, task in started:
        await worker.stop(drain=0.5)
        await task


@pytest.fixture
def workers(conninfo: str, tmp_path: Path) -> Iterator[Workers]:
    """Forks worker processes over `conninfo`, noting in `tmp_path` what they do; ends those left over."""
    made = Workers(conninfo, tmp_path)
    yield made
    made.stop()


@pytest.fixture
def sample_app() -> App:
    """An application whose workflows echo, ask, fail, run until told, and sleep."""
    return parcels.app


@pytest.fixture
async def open_pilothouse(
    conninfo: str,
    artifacts: ObjectArtifacts,
    open_engine: Callable[..., Awaitable[Engine]],
    tmp_path: Path,
    vault: Vault,
) -> Callable[..., Awaitable[Pilothouse]]:
    """Wires a process over `conninfo`: `await open_pilothouse(app, ..., max_body_bytes=5_000)`."""

    async def make(*apps: App, **said: object) -> Pilothouse:
        engine = await open_engine(*(workflow for app in apps for workflow in app.workflows))
        secrets = secrets_in(tmp_path / "secrets")
        settings = Settings(_env_file=None, **CALM | said)
        return Pilothouse(settings, apps, engine, artifacts, conninfo, secrets, vault)

    return make


async def _ready(client: httpx.AsyncClient) -> httpx.AsyncClient:
    async with asyncio.timeout(5):
        while (await client.get("/health/ready")).status_code != 200:
            await asyncio.sleep(0.005)
    return client


@pytest.fixture
async def open_api(
    open_pilothouse: Callable[..., Awaitable[Pilothouse]],
) -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """Serves applications in this process: `client = await open_api(app, execute=False, port=1)`."""
    from pilothouse.server import create_api

    async with AsyncExitStack() as stack:

        async def make(*apps: App, execute: bool = True, **said: object) -> httpx.AsyncClient:
            pilothouse = await open_pilothouse(*apps, **said)
            api = create_api(pilothouse, execute=execute)
            await stack.enter_async_context(api.router.lifespan_context(api))
            transport = httpx.ASGITransport(api, raise_app_exceptions=False)
            headers = await signed(pilothouse.secrets)
            client = httpx.AsyncClient(
                transport=transport, base_url="http://localhost", timeout=20, headers=headers
            )
            return await _ready(await stack.enter_async_context(client))

        yield make


@pytest.fixture
async def open_server(
    open_pilothouse: Callable[..., Awaitable[Pilothouse]],
) -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """As `open_api`, but behind a real socket: responses stream, and a client can go away."""
    from pilothouse.server import Serving, listening, uvicorn_server

    async with AsyncExitStack() as stack:

        async def make(*apps: App, **said: object) -> httpx.AsyncClient:
            pilothouse = await open_pilothouse(*apps, drain_timeout=1, **said)
            bound = stack.enter_context(listening("127.0.0.1", 0))
            serving = Serving(pilothouse)
            server = uvicorn_server(serving, pilothouse.settings)
            task = asyncio.create_task(server.serve(sockets=[bound]))

            async def stop() -> None:
                server.should_exit = True
                await task

            stack.push_async_callback(stop)
            while not server.started:
                await asyncio.sleep(0.005)
            url = f"http://127.0.0.1:{bound.getsockname()[1]}"
            client = await stack.enter_async_context(
                httpx.AsyncClient(base_url=url, timeout=20, headers=await signed(pilothouse.secrets))
            )
            client.serving = serving
            return await _ready(client)

        yield make


@pytest.fixture
def submit() -> Callable[..., Awaitable[str]]:
    """Submits a run of a sample workflow: `run_id = await submit(client, "echo", text="hello")`."""

    async def make(client: httpx.AsyncClient, workflow: str, **parcel: object) -> str:
        wanted = {"workflow": workflow, "input": {"text": "hello"} | parcel}
        answer = await client.post("/api/v1/runs", json=wanted)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return make


@pytest.fixture
def reach() -> Callable[..., Awaitable[dict[str, Any]]]:
    """Waits until a run is in a state: `run = await reach(client, run_id, "completed")`."""

    async def wait(client: httpx.AsyncClient, run_id: str, status: str) -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                run = (await client.get(f"/api/v1/runs/{run_id}")).json()
                if run["status"] == status:
                    return run
                await asyncio.sleep(0.01)

    return wait


@pytest.fixture
async def client(open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App) -> httpx.AsyncClient:
    """A client of the sample application, with a worker that executes its runs."""
    return await open_api(sample_app)
