"""Databases with runs in them, places for backups, and a server of the oldest version where there is one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pilothouse.artifacts.store import ObjectArtifacts
from pilothouse.backups.depots import Depot, FolderDepot
from pilothouse.backups.restoring import Destination
from pilothouse.backups.schemas import Kind, Manifest
from pilothouse.backups.service import Backups
from pilothouse.kit import postgres
from pilothouse.kit.clock import SystemClock
from pilothouse.migrations.upgrade import head, upgrade

NUMBERS = count(1)
OLDEST = "postgresql://postgres:postgres@127.0.0.1:5432/postgres"


@pytest.fixture
def depot(tmp_path: Path) -> FolderDepot:
    return FolderDepot(tmp_path / "depot")


@pytest.fixture
def take(depot: FolderDepot, artifacts: ObjectArtifacts) -> Callable[..., Any]:
    """Makes a backup: `manifest = await take(conninfo)`."""

    async def make(conninfo: str, into: Depot = depot, kind: Kind = Kind.DUMP) -> Manifest:
        backups = Backups(conninfo, artifacts, into, clock=SystemClock())
        async with backups.alone(kind) as lines:
            return await backups.take(lines, kind)

    return make


@pytest.fixture
def destination(tmp_path: Path) -> Callable[[str], Destination]:
    """Where to restore: artifacts go to the folder `restored` of the test."""
    return partial(
        Destination,
        open_store=lambda _: ObjectArtifacts.local(tmp_path / "restored"),
        migrate=upgrade,
        head=head(),
    )


@pytest.fixture
def vacant(postgres_server: postgres.Attachment) -> Callable[[], str]:
    """Names databases that do not exist yet. They go with the server: dropping one takes a checkpoint."""
    return lambda: postgres_server.dsn_for(f"restored_{next(NUMBERS)}")


@pytest.fixture
def oldest(tmp_path: Path) -> Iterator[str]:
    """An empty database on a server of the oldest version that is supported, where there is one."""
    url = os.environ.get("PILOTHOUSE_TEST_POSTGRES_URL", OLDEST)
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as connection:
            before = _databases(url)
            name = f"backups_{os.getpid()}"
            connection.execute(f"create database {name}")
    except psycopg.OperationalError:
        pytest.skip("restoring on an external server: none at PILOTHOUSE_TEST_POSTGRES_URL or 127.0.0.1:5432")
    yield make_conninfo(url, dbname=name)
    with psycopg.connect(url, autocommit=True) as connection:
        for left in _databases(url) - before:
            if name in left:
                connection.execute(f'drop database "{left}" with (force)')


def _databases(conninfo: str) -> set[str]:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        return {name for (name,) in connection.execute("select datname from pg_database")}
