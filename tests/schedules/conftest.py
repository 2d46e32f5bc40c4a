from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest

from pilothouse import App
from pilothouse.app import Pilothouse
from pilothouse.runtime.engine import Engine
from pilothouse.schedules.firing import Firing
from pilothouse.server import create_api
from support import parcels
from support.signed import signed


@pytest.fixture
async def fire(
    open_engine: Callable[..., Awaitable[Engine]],
) -> AsyncIterator[Callable[..., Awaitable[Firing]]]:
    """Makes chores, each over an engine of its own: `await fire()`, or `await fire(workflow, ...)`."""
    made: list[Firing] = []

    async def make(*workflows: object, **options: object) -> Firing:
        made.append(Firing(await open_engine(*(workflows or parcels.app.workflows), **options)))
        return made[-1]

    yield make
    for firing in made:
        await firing.close()


@pytest.fixture
async def firing(fire: Callable[..., Awaitable[Firing]]) -> Firing:
    return await fire()


@pytest.fixture
async def firing_client(
    open_pilothouse: Callable[..., Awaitable[Pilothouse]], sample_app: App
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the sample application whose worker fires schedules and executes their runs."""
    pilothouse = await open_pilothouse(sample_app)
    chore = Firing(pilothouse.engine)
    pilothouse.engine.chores.append(chore)
    api = create_api(pilothouse)
    async with (
        api.router.lifespan_context(api),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(api),
            base_url="http://localhost",
            timeout=20,
            headers=await signed(pilothouse.secrets),
        ) as client,
    ):
        yield client
    await chore.close()
