"""What tests of switches share: switchboards, and switches thrown as the command line does."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.switches.board import Switchboard
from pilothouse.switches.repository import SwitchRepository
from pilothouse.switches.service import SwitchBook


@pytest.fixture
async def throw(conninfo: str) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Asks the service of switches in a transaction: `await throw("kill", NewKill(...), by=scope)`."""
    database = Database(conninfo, connections=2)

    async def ask(verb: str, *given: Any, by: Scope | None = None, **said: Any) -> Any:
        scope = by or local_scope()
        async with database.session(scope) as session:
            repository = SwitchRepository(session, scope, everybody=scope.tenant_id == "default")
            return await getattr(SwitchBook(repository, scope, SystemClock(), Ids()), verb)(*given, **said)

    yield ask
    await database.close()


@pytest.fixture
async def open_board(conninfo: str) -> AsyncIterator[Callable[..., Awaitable[Switchboard]]]:
    """Opens switchboards: `await open_board(listener, every=60)`."""
    opened: list[Switchboard] = []

    async def make(listener: Any = None, **said: Any) -> Switchboard:
        board = Switchboard(conninfo, SystemClock(), **said)
        await board.open(listener)
        opened.append(board)
        return board

    yield make
    for board in opened:
        await board.close()
