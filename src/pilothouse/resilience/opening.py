"""Makes the dependencies of a process, as the settings say."""

from __future__ import annotations

from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from pydantic import ValidationError

from pilothouse.errors import SettingsInvalid
from pilothouse.kit.clock import SystemClock
from pilothouse.resilience.breaker import Breaker
from pilothouse.resilience.registry import Registry
from pilothouse.resilience.states import Faults
from pilothouse.resilience.terms import Terms
from pilothouse.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pilothouse.kit.session import Database
    from pilothouse.resilience.board import BreakerBoard
    from pilothouse.runtime.listener import Listener


def terms_in(settings: Settings) -> dict[str, Terms]:
    """What the setting `resilience` says, by name or pattern. Raises `SettingsInvalid`."""
    found: dict[str, Terms] = {}
    for name, said in settings.resilience.items():
        try:
            found[name] = Terms.model_validate(said)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            told = first["msg"].removeprefix("Value error, ")
            raise SettingsInvalid(
                f"resilience.{name}{'.' if where else ''}{where}: {told}.",
                hint="docs/guides/resilience.md names what can be set.",
            ) from error
    return found


def open_registry(settings: Settings, stack: AsyncExitStack | None = None) -> Registry:
    """The dependencies of a process; what is opened for shared breakers is closed with `stack`.

    Nothing is connected before a shared breaker is asked for. Raises `SettingsInvalid`.
    """
    terms, clock = terms_in(settings), SystemClock()
    url = settings.redis_url
    if url is None or stack is None or not any(said.shared for said in terms.values()):
        return Registry(terms, clock=clock)
    from pilothouse.resilience.shared import SharedBreaker, SharedStates  # which brings a client of Redis

    states = SharedStates(url.get_secret_value())
    stack.push_async_callback(states.close)

    def made(name: str, said: Terms, faults: Faults) -> Breaker:
        if not said.shared:
            return Breaker(name, said.breaker, faults=faults, clock=clock)
        return SharedBreaker(name, said.breaker, states=states, faults=faults, clock=clock)

    return Registry(terms, clock=clock, make_breaker=made)


@asynccontextmanager
async def in_step(registry: Registry, database: Database, listener: Listener) -> AsyncIterator[BreakerBoard]:
    """While the block lasts, the dependencies go by what operators set, and are told of."""
    from pilothouse.resilience.board import BreakerBoard

    board = BreakerBoard(database, registry)
    await board.open(listener)
    try:
        yield board
    finally:
        await board.close()
