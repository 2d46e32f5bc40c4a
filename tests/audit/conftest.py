from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pilothouse.audit.recording import AuditLog
from pilothouse.audit.schemas import Kind
from pilothouse.audit.sequencing import Sequencer
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope
from pilothouse.kit.session import Database
from pilothouse.secrets.service import Secrets
from support.kept import secrets_in

SCOPE = Scope("default", "person:00000000-0000-7000-8000-000000000001", frozenset({"admin"}))


@dataclass
class Desk:
    """Everything around one database's audit log."""

    database: Database
    secrets: Secrets
    folder: Path
    ids: Ids = field(default_factory=Ids)

    def sequencer(self) -> Sequencer:
        return Sequencer(self.database, self.secrets, SystemClock(), self.ids)

    async def write(self, count: int = 1, tenant: str = "default", **said: Any) -> list[Any]:
        """Entries, one transaction for all."""
        scope = Scope(tenant, "local", frozenset())
        record = AuditLog(SystemClock(), self.ids)
        given = {"kind": Kind.ACCESS, "actor": "local", "subject": "something"} | said
        async with self.database.session(scope) as session:
            return [await record.record(session, tenant, **given) for _ in range(count)]


@pytest.fixture
async def open_desk(conninfo: str, tmp_path: Path) -> AsyncIterator[Callable[[], Awaitable[Desk]]]:
    """Opens desks, each as a process of its own would be, over one database with one folder of secrets."""
    made: list[Desk] = []

    async def make() -> Desk:
        made.append(Desk(Database(conninfo, connections=12), secrets_in(tmp_path / "secrets"), tmp_path))
        return made[-1]

    yield make
    for desk in made:
        await desk.database.close()


@pytest.fixture
async def desk(open_desk: Callable[[], Awaitable[Desk]]) -> Desk:
    return await open_desk()


NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
