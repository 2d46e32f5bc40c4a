"""A server that serves several tenants, and what tends to them as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.session import Database
from pilothouse.tenants.opening import tenant_work
from pilothouse.tenants.working import TenantWork
from pilothouse.vault.service import Vault
from support.callers import believed, with_tenants


@pytest.fixture
async def served(
    monkeypatch: pytest.MonkeyPatch,
    open_api: Callable[..., Awaitable[httpx.AsyncClient]],
    sample_app: App,
) -> SimpleNamespace:
    """A server with the tenants acme and globex: `served.home`, `served.acme`, `served.globex` ask it."""
    believed(monkeypatch)
    return await with_tenants(await open_api(sample_app))


@pytest.fixture
async def work(
    conninfo: str,
    artifacts: ObjectArtifacts,
    vault: Vault,
    open_pilothouse: Callable[..., Awaitable[Pilothouse]],
    sample_app: App,
) -> AsyncIterator[TenantWork]:
    """What a worker does about tenants as a whole."""
    pilothouse = await open_pilothouse(sample_app)
    database = Database(conninfo, connections=1)
    yield tenant_work(database, pilothouse.engine, artifacts, vault)
    await database.close()


@pytest.fixture
def done() -> Callable[..., Awaitable[dict[str, Any]]]:
    """Asks for a job and does it: `job = await done(home, work, "/api/v1/tenants/acme/export")`."""

    async def do(home: httpx.AsyncClient, work: TenantWork, path: str, **said: Any) -> dict[str, Any]:
        asked = await home.post(path, **said)
        assert asked.status_code == 202, asked.text
        while await work.work():
            continue
        shown = await home.get(f"{path.rpartition('/')[0]}/jobs/{asked.json()['id']}")
        return dict(shown.json())

    return do
