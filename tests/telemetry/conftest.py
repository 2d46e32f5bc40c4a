from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.workflows import Workflows
from pilothouse.server import create_api
from pilothouse.settings import Settings
from pilothouse.telemetry import exporting
from pilothouse.telemetry.service import Telemetry
from support.collector import Collector, collecting
from support.entrance import CALM
from support.kept import secrets_in, vault_over
from support.signed import signed


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans are sent at once, and nothing of the surroundings says where to."""
    monkeypatch.setattr(exporting, "EVERY", 0.02)
    for name in exporting.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as made:
        yield made


@pytest.fixture
async def open_observed(
    conninfo: str, artifacts: ObjectArtifacts, collector: Collector, tmp_path: Path
) -> AsyncIterator[Callable[..., Awaitable[httpx.AsyncClient]]]:
    """Serves applications with telemetry; the client has it: `client.telemetry`, and its `pilothouse`.

    The collector outlives it, so that nobody waits for one that is gone.
    """
    async with AsyncExitStack() as stack:

        async def make(
            *apps: App, endpoint: str | None = None, execute: bool = True, rate: float = 1_000, **said: object
        ) -> httpx.AsyncClient:
            workflows = [workflow for app in apps for workflow in app.workflows]
            names = [workflow.name for workflow in workflows]
            telemetry = Telemetry(endpoint=endpoint, traces_per_second=rate, workflows=names)
            stack.callback(telemetry.close)
            engine = Engine(conninfo, Workflows(workflows), artifacts, observer=telemetry.observer)
            stack.push_async_callback(engine.close)
            await engine.open()
            settings = Settings(_env_file=None, **CALM | said)
            secrets = secrets_in(tmp_path / "secrets")
            vault = vault_over(conninfo, tmp_path / "secrets")
            stack.push_async_callback(vault.close)
            pilothouse = Pilothouse(settings, apps, engine, artifacts, conninfo, secrets, vault, telemetry)
            api = create_api(pilothouse, execute=execute)
            await stack.enter_async_context(api.router.lifespan_context(api))
            transport = httpx.ASGITransport(api, raise_app_exceptions=False)
            client = httpx.AsyncClient(
                transport=transport,
                base_url="http://localhost",
                timeout=20,
                headers=await signed(secrets),
            )
            client.telemetry, client.pilothouse = telemetry, pilothouse
            return await stack.enter_async_context(client)

        yield make
