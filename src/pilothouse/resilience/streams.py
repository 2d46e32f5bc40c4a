"""Streams behind a breaker: one counts at its end, and nobody is shown a beginning twice."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, nullcontext
from dataclasses import dataclass
from inspect import isawaitable
from typing import Final, Generic, TypeVar

from pilothouse.resilience.breaker import Breaker, Permit
from pilothouse.resilience.deadlines import Deadline, ending

T = TypeVar("T")
Streaming = Callable[[], AsyncIterator[T] | Awaitable[AsyncIterator[T]]]
"""What begins a stream."""


class _End:
    """Stands for the end of a stream."""


_END: Final = _End()


@dataclass(frozen=True)
class Opened(Generic[T]):
    """A stream whose first item has come; `seconds` is how long that took."""

    name: str
    permit: Permit
    source: AsyncIterator[T]
    first: T | _End
    seconds: float
    deadline: Deadline | None
    held: AsyncExitStack

    async def items(self) -> AsyncGenerator[T, None]:
        """All items. A reader who leaves early has learned nothing about the service."""
        try:
            item = self.first
            while not isinstance(item, _End):
                yield item
                async with ending(self.deadline, f"A stream of {self.name}"):
                    item = await anext(self.source, _END)
        except BaseException as error:
            self.permit.failed(error, seconds=self.seconds)
            raise
        else:
            self.permit.succeeded(seconds=self.seconds)
        finally:
            await self.held.aclose()


async def opened(
    work: Streaming[T],
    breaker: Breaker,
    place: AbstractAsyncContextManager[None],
    deadline: Deadline | None,
    reached: Callable[[], None] = lambda: None,
) -> Opened[T]:
    """Begin a stream within a `place`, and wait for its first item.

    Raises what the breaker, the deadline or the service says; everything is given back then. `reached` is
    called once the service is asked.
    """
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(place)
        since, permit = breaker.clock.monotonic(), await breaker.permit()
        reached()
        try:
            async with ending(deadline, f"A stream of {breaker.name}"):
                begun = work()
                source = await begun if isawaitable(begun) else begun
                close = getattr(source, "aclose", None)
                if close is not None:
                    stack.push_async_callback(close)
                first: T | _End = await anext(source, _END)
        except BaseException as error:
            permit.failed(error)
            raise
        seconds = breaker.clock.monotonic() - since
        return Opened(breaker.name, permit, source, first, seconds, deadline, stack.pop_all())
    raise AssertionError  # the block returns or raises


async def guarded(breaker: Breaker, work: Streaming[T]) -> AsyncGenerator[T, None]:
    """A stream behind a breaker alone: what `Dependency.stream` does, without the rest of it."""
    begun = await opened(work, breaker, nullcontext(), None)
    items = begun.items()
    try:
        async for item in items:
            yield item
    finally:
        await items.aclose()
