"""How a provider is called: what stands before it, and whether it may be asked again."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol, TypeVar

from pilothouse.llm.service import Route
from pilothouse.protocols.openai.upstream import UpstreamBusy
from pilothouse.resilience import Dependency, RateExceeded

T = TypeVar("T")


class Calling(Protocol):
    """Calls one dependency. Raises what the work raises, and errors of its own where that may not run.

    `tokens` is what a call takes at most; it is tried `again` only where it says so.
    """

    async def call(self, work: Callable[[], Awaitable[T]], tokens: int, *, again: bool) -> T:
        """What the work gives."""
        ...

    def stream(self, make: Callable[[], AsyncIterator[T]], tokens: int, *, again: bool) -> AsyncIterator[T]:
        """The pieces that an iterator gives, which is made when the first one is wanted."""
        ...


class Straight:
    """Calls once, and lets everything through: where nothing stands before a provider."""

    async def call(self, work: Callable[[], Awaitable[T]], tokens: int, *, again: bool) -> T:
        """What the work gives."""
        return await work()

    def stream(self, make: Callable[[], AsyncIterator[T]], tokens: int, *, again: bool) -> AsyncIterator[T]:
        """The pieces themselves."""
        return make()


class Guarded:
    """Calls behind a breaker, a bulkhead and rates. What is tried again is tried before its first byte.

    Raises `BreakerOpen` and `BulkheadFull`, and `UpstreamBusy` where the provider may not be asked so often.
    """

    __slots__ = ("_dependency",)

    def __init__(self, dependency: Dependency) -> None:
        """Stand before what `dependency` guards."""
        self._dependency = dependency

    async def call(self, work: Callable[[], Awaitable[T]], tokens: int, *, again: bool) -> T:
        """What the work gives."""
        try:
            return await self._dependency.call(work, idempotent=again, weight=tokens)
        except RateExceeded as error:
            raise _busy(error) from error

    async def stream(
        self, make: Callable[[], AsyncIterator[T]], tokens: int, *, again: bool
    ) -> AsyncIterator[T]:
        """The pieces. The call counts at their end: as a failure where they break off."""
        pieces = self._dependency.stream(make, idempotent=again, weight=tokens)
        try:
            async for piece in pieces:
                yield piece
        except RateExceeded as error:
            raise _busy(error) from error
        finally:
            await pieces.aclose()


Callings = Callable[[Route], Calling]
"""What stands before the provider of a route."""


def straight(_route: Route) -> Calling:
    """Nothing stands before any provider."""
    return Straight()


def guarded(dependency: Callable[[Route], Dependency]) -> Callings:
    """What stands before each route: its dependency."""
    return lambda route: Guarded(dependency(route))


def _busy(error: RateExceeded) -> UpstreamBusy:
    return UpstreamBusy(str(error), retry_after=error.retry_after)
