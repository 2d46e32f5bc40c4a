"""Artifacts that stand in the database and in the store, and an API beside which nothing executes runs."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from uuid import UUID

import httpx
import psycopg
import pytest

from pilothouse import App
from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.kit.ids import Ids

RUN = "insert into runs (id, workflow, version, pin, status) values (%s, 'echo', 1, 'echo@1', 'completed')"
ARTIFACT = """
insert into artifacts (id, tenant_id, run_id, key, name, media_type, size, sha256)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""

Save = Callable[..., Awaitable[str]]


@pytest.fixture
async def idle(open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App) -> httpx.AsyncClient:
    """A client of an API beside which nothing executes runs."""
    return await open_api(sample_app, execute=False)


@pytest.fixture
def run_id(conninfo: str) -> UUID:
    run_id = Ids().new()
    with psycopg.connect(conninfo) as connection:
        connection.execute(RUN, (run_id,))
    return run_id


@pytest.fixture
def save(conninfo: str, artifacts: ObjectArtifacts, run_id: UUID) -> Save:
    """Saves an artifact, and returns its path in the API."""
    ids = Ids()

    async def make(
        content: bytes,
        name: str = "a.bin",
        media_type: str = "application/octet-stream",
        tenant: str = "default",
    ) -> str:
        sha256, artifact_id = hashlib.sha256(content).hexdigest(), ids.new()
        await artifacts.put("default", sha256, content)
        with psycopg.connect(conninfo) as connection:
            row = (artifact_id, tenant, run_id, str(artifact_id), name, media_type, len(content), sha256)
            connection.execute(ARTIFACT, row)
        return f"/api/v1/artifacts/{artifact_id}"

    return make
