"""The whole process: started, used through its socket, deprived of its database, and stopped by a signal."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit import postgres
from pilothouse.migrations.upgrade import upgrade
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.server import AddressUnavailable, Serving, listening, serve
from pilothouse.settings import Settings
from support.kept import secrets_in, vault_over
from support.signed import signed

Submit = Callable[..., Awaitable[str]]
Reach = Callable[..., Awaitable[dict[str, Any]]]

MAIN = """
import sys
from pilothouse.server import serve
from pilothouse.settings import load
from pilothouse.telemetry import logs
from support import parcels

settings = load()
logs.configure(settings.log_level.value, "json")
serve(settings, [parcels.app])
"""


def url_of(conninfo: str) -> str:
    """A connection string as the URL that the settings take."""
    parts = conninfo_to_dict(conninfo)
    name = quote(str(parts.pop("dbname")))
    return f"postgresql:///{name}?{urlencode(parts)}"


class Process:
    """A server in a process of its own, whose log is read as JSON lines."""

    def __init__(self, conninfo: str, data: Path, **settings: str) -> None:
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("PILOTHOUSE_")},
            "PILOTHOUSE_DATABASE_URL": url_of(conninfo),
            "PILOTHOUSE_DATA": str(data),
            "PILOTHOUSE_PORT": "0",
            "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
            **{f"PILOTHOUSE_{name.upper()}": value for name, value in settings.items()},
        }
        self.popen = subprocess.Popen(
            [sys.executable, "-c", MAIN], env=environment, cwd=data, stderr=subprocess.PIPE, text=True
        )
        self.lines: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.popen.stderr is not None
        self.lines.extend(json.loads(line) for line in self.popen.stderr)

    def said(self, event: str, within: float = 15.0) -> dict[str, Any]:
        """The first line about `event`, waited for."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            for line in list(self.lines):
                if line["event"] == event:
                    return line
            time.sleep(0.01)
        raise AssertionError(f"no line about {event} in {self.lines}")

    def stop(self) -> int:
        """Send SIGTERM, and return the exit code."""
        self.popen.send_signal(signal.SIGTERM)
        code = self.popen.wait(15)
        self._reader.join(5)
        return code

    def close(self) -> None:
        self.popen.kill()
        self.popen.wait()
        self._reader.join(5)
        assert self.popen.stderr is not None
        self.popen.stderr.close()


@pytest.fixture
def start(conninfo: str, tmp_path: Path) -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def make(**settings: str) -> Process:
        started.append(Process(conninfo, tmp_path, **settings))
        return started[-1]

    yield make
    for process in started:
        process.close()


async def test_a_signal_lets_turns_end_and_streams_go_and_then_stops_everything(
    start: Callable[..., Process], submit: Submit, conninfo: str, tmp_path: Path
) -> None:
    process = start(drain_timeout="10")
    url = (await asyncio.to_thread(process.said, "serving"))["url"]
    path = tmp_path / "go"
    async with httpx.AsyncClient(
        base_url=url, timeout=20, headers=await signed(secrets_in(tmp_path / "secrets"))
    ) as client:
        run_id = await submit(client, "patient", path=str(path))
        async with client.stream("GET", f"/api/v1/runs/{run_id}/events") as response:
            lines = response.aiter_lines()
            while await anext(lines) != "event: started":
                pass
            started = time.monotonic()
            process.popen.send_signal(signal.SIGTERM)
            rest = [line async for line in lines]
            assert "event: end" not in rest
            assert time.monotonic() - started < 5
        path.touch()
    assert await asyncio.to_thread(process.popen.wait, 10) == 0
    process.said("stopped")
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select status from runs").fetchall() == [("completed",)]
        assert connection.execute("select count(*) from workers").fetchall() == [(0,)]
    requests = [line for line in process.lines if line["event"] == "request"]
    assert {line["path"] for line in requests} >= {"/api/v1/runs", f"/api/v1/runs/{run_id}/events"}
    assert all(line["request_id"] for line in requests)
    assert any(line["event"] == "run_submitted" and line["run_id"] == run_id for line in process.lines)


async def test_a_turn_that_does_not_end_in_time_is_given_back(
    start: Callable[..., Process], submit: Submit, reach: Reach, conninfo: str, tmp_path: Path
) -> None:
    process = start(drain_timeout="0.3")
    url = (await asyncio.to_thread(process.said, "serving"))["url"]
    async with httpx.AsyncClient(
        base_url=url, timeout=20, headers=await signed(secrets_in(tmp_path / "secrets"))
    ) as client:
        await reach(client, await submit(client, "patient", path=str(tmp_path / "never")), "running")
    started = time.monotonic()
    assert await asyncio.to_thread(process.stop) == 0
    assert time.monotonic() - started < 5
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select status, worker_id from runs").fetchall() == [("queued", None)]


def test_serving_ends_well_at_a_signal(conninfo: str, tmp_path: Path, sample_app: App) -> None:
    with listening("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
    settings = Settings(
        _env_file=None, database_url=url_of(conninfo), data=tmp_path, port=port, drain_timeout=1
    )
    seen: list[int] = []
    over = threading.Event()

    def use() -> None:
        while not over.wait(0.02) and 200 not in seen:
            try:
                seen.append(httpx.get(f"http://127.0.0.1:{port}/health/ready").status_code)
            except httpx.TransportError:
                continue
        if not over.is_set():
            os.kill(os.getpid(), signal.SIGTERM)

    user = threading.Thread(target=use)
    user.start()
    try:
        serve(settings, [sample_app])
    finally:
        over.set()
        user.join()
    assert seen[-1] == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.1:{port}/health/live")


def test_a_signal_while_it_starts_ends_it_as_well(conninfo: str, tmp_path: Path) -> None:
    settings = Settings(_env_file=None, database_url=url_of(conninfo), data=tmp_path, port=0)
    app = App("late")

    class Apps(list[App]):
        def __iter__(self) -> Iterator[App]:
            os.kill(os.getpid(), signal.SIGTERM)
            return super().__iter__()

    serve(settings, Apps([app]))
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select count(*) from workers").fetchall() == [(0,)]


def test_an_address_that_is_taken_is_said_so(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = Settings(_env_file=None, data=tmp_path, port=port)
        with pytest.raises(AddressUnavailable, match=f"port {port}") as caught:
            serve(settings, [])
    assert "--port" in str(caught.value)


def test_it_listens_on_either_kind_of_loopback() -> None:
    with listening("::1", 0) as bound:
        assert bound.getsockname()[0] == "::1"
    with listening("localhost", 0) as bound:
        assert bound.getsockname()[0] == "127.0.0.1"


async def test_a_worker_that_cannot_start_is_noticed(artifacts: ObjectArtifacts, tmp_path: Path) -> None:
    nowhere = "host=/nowhere dbname=x"
    pilothouse = Pilothouse(
        Settings(_env_file=None),
        [],
        Engine(nowhere, Workflows([]), artifacts),
        artifacts,
        nowhere,
        secrets_in(tmp_path / "secrets"),
        vault_over(nowhere, tmp_path / "secrets"),
    )
    serving, noticed = Serving(pilothouse), asyncio.Event()
    serving.on_failure = noticed.set
    async with serving.api.router.lifespan_context(serving.api):
        await asyncio.wait_for(noticed.wait(), 5)
    assert isinstance(serving.failure, DatabaseUnavailable)
    await pilothouse.engine.close()


class Begun:
    """An API that tells when it has begun to answer to a path."""

    def __init__(self, api: ASGIApp, path: str) -> None:
        self._api, self._path = api, path
        self.told = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start" and scope["path"].endswith(self._path):
                self.told.set()
            await send(message)

        await self._api(scope, receive, tell)


@pytest.fixture
async def own(
    tmp_path_factory: pytest.TempPathFactory, artifacts: ObjectArtifacts, sample_app: App, tmp_path: Path
) -> AsyncIterator[tuple[Pilothouse, postgres.Attachment]]:
    """A process over a database of its own, which it may stop."""
    data = tmp_path_factory.mktemp("own")
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, shutil.rmtree, data)
        attachment = await asyncio.to_thread(postgres.attach, data)
        stack.push_async_callback(asyncio.to_thread, attachment.close)
        await asyncio.to_thread(upgrade, attachment.dsn)
        engine = Engine(attachment.dsn, Workflows(sample_app.workflows), artifacts)
        stack.push_async_callback(engine.close)
        await engine.open()
        vault = vault_over(attachment.dsn, tmp_path / "secrets")
        stack.push_async_callback(vault.close)
        secrets = secrets_in(tmp_path / "secrets")
        settings = Settings(_env_file=None, data=data)
        yield (
            Pilothouse(settings, [sample_app], engine, artifacts, attachment.dsn, secrets, vault),
            attachment,
        )


async def test_a_database_that_goes_away_is_told_and_found_again_without_a_restart(
    own: tuple[Pilothouse, postgres.Attachment], submit: Submit, reach: Reach, tmp_path: Path
) -> None:
    (pilothouse, attachment), path = own, tmp_path / "go"
    data = str(pilothouse.settings.data)
    api = Serving(pilothouse).api
    begun = Begun(api, "/events")
    transport = httpx.ASGITransport(begun, raise_app_exceptions=False)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(
            transport=transport, base_url="http://localhost", headers=await signed(pilothouse.secrets)
        ) as client,
    ):
        run_id = await submit(client, "patient", path=str(path))
        await reach(client, run_id, "running")
        events = asyncio.create_task(client.get(f"/api/v1/runs/{run_id}/events"))
        await asyncio.wait_for(begun.told.wait(), 15)
        await asyncio.to_thread(postgres.stop, Path(data), force=True)
        wanted = {"workflow": "echo", "input": {"text": "x"}}
        for answer in (
            await client.get("/api/v1/runs"),
            await client.post("/api/v1/runs", json=wanted),
            await client.post(f"/api/v1/runs/{run_id}/cancel"),
            await client.get(f"/api/v1/runs/{run_id}/events"),
            await client.get("/health/ready"),
        ):
            assert answer.status_code == 503
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["retry-after"] == "2"
            assert data not in answer.text
        assert (await client.get("/health/live")).status_code == 200
        await asyncio.to_thread(attachment.revive)
        assert (await client.get("/api/v1/runs")).status_code == 200
        path.touch()
        await reach(client, run_id, "completed")
        assert "event: end" in (await asyncio.wait_for(events, 15)).text


async def test_the_api_is_described_when_somebody_asks_and_not_while_a_server_starts(
    open_server: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    client = await open_server(sample_app)
    made = client.serving.api.openapi.cache_info
    assert made().currsize == 0
    assert (await client.get("/api/v1/openapi.json")).json()["info"]["title"] == "Pilothouse"
    assert made().currsize == 1
