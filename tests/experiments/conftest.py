"""What tests of experiments share: the service, processes that assign arms, and what workers tend."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from pilothouse.experiments.live import Experiments
from pilothouse.experiments.repository import ExperimentRepository
from pilothouse.experiments.schemas import NewExperiment
from pilothouse.experiments.service import ExperimentBook
from pilothouse.experiments.tending import ExperimentChore
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.kit.scope import Scope, local_scope
from pilothouse.kit.session import Database
from pilothouse.runtime.connection import Lane

TRIAGE: dict[str, Any] = {
    "name": "triage-4",
    "about": "support/triage",
    "arms": [{"name": "control"}, {"name": "candidate", "version": "4", "weight": "50"}],
}
"""An experiment between the version of now and another one."""


@pytest.fixture
async def database(conninfo: str) -> AsyncIterator[Database]:
    made = Database(conninfo, connections=2)
    yield made
    await made.close()


@pytest.fixture
def book(database: Database) -> Callable[..., Awaitable[Any]]:
    """Asks the service in a transaction: `await book("start", experiment.id, by=scope)`."""

    async def ask(verb: str, *given: Any, by: Scope | None = None, **said: Any) -> Any:
        scope = by or local_scope()
        async with database.session(scope) as session:
            made = ExperimentBook(
                ExperimentRepository(session, scope), scope, SystemClock(), Ids(), said.pop("promote", None)
            )
            return await getattr(made, verb)(*given, **said)

    return ask


@pytest.fixture
def begun(book: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """Makes and starts an experiment: `experiment = await begun(key="user")`."""

    async def make(by: Scope | None = None, **said: Any) -> Any:
        made = await book("create", NewExperiment.model_validate(TRIAGE | said), by=by)
        return await book("start", made.id, by=by)

    return make


@pytest.fixture
async def open_process(conninfo: str) -> AsyncIterator[Callable[..., Awaitable[Experiments]]]:
    """Opens what a process goes by: `experiments = await open_process(listener, every=60)`."""
    opened: list[tuple[Experiments, Lane]] = []

    async def make(listener: Any = None, **said: Any) -> Experiments:
        lane = Lane(conninfo, purpose="experiments")
        made = Experiments(lane, **{"written": 60.0} | said)
        await made.open(listener)
        opened.append((made, lane))
        return made

    yield make
    for one, lane in opened:
        await one.close()
        await lane.close()


@pytest.fixture
def tend(database: Database) -> Callable[..., Awaitable[Any]]:
    """Has a worker look at the running experiments."""
    chore = ExperimentChore(database, SystemClock(), Ids())

    async def look(now: dt.datetime | None = None) -> Any:
        return await chore.tend(now or dt.datetime.now(dt.UTC))

    return look
