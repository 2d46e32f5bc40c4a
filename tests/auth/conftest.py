"""One database and one server for the tests of a module: nothing that one test does concerns another."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from support import parcels
from support.entrance import House, Server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(
    postgres_server: object, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> AsyncIterator[House]:
    name = "auth_" + request.module.__name__.rpartition("test_")[2]
    conninfo = postgres_server.create_database(name, "migrated")
    async with House(conninfo, tmp_path_factory.mktemp(name), parcels.app) as made:
        yield made
    postgres_server.drop_database(name)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server(house: House) -> Server:
    return await house.open()
