"""Deadlines that are handed down: whatever is called within one has what remains of it, and never more.

The deadline is a context variable: tasks made within it have it, too. One inside another only shortens it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.errors import DeadlineExceeded


@dataclass(frozen=True)
class Deadline:
    """A moment by the clock's `monotonic`, in seconds."""

    at: float
    clock: Clock

    def remaining(self) -> float:
        """Seconds until then; negative where it has passed."""
        return self.at - self.clock.monotonic()


_CURRENT: ContextVar[Deadline | None] = ContextVar("pilothouse_deadline", default=None)


def current_deadline() -> Deadline | None:
    """The deadline that holds here, if there is one."""
    return _CURRENT.get()


def remaining() -> float | None:
    """The seconds that are left here; None where nothing bounds them."""
    found = _CURRENT.get()
    return None if found is None else found.remaining()


def shortened(seconds: float | None, clock: Clock, outer: Deadline | None = None) -> Deadline | None:
    """The deadline in `seconds` or the `outer` one, whichever comes first; None where there is neither."""
    if seconds is None:
        return outer
    at = clock.monotonic() + seconds
    if outer is not None:
        at = min(at, clock.monotonic() + outer.remaining())
    return Deadline(at, clock)


@contextmanager
def holding(deadline: Deadline | None) -> Iterator[None]:
    """Hand a deadline down to what is called within, without ending that."""
    token = _CURRENT.set(deadline)
    try:
        yield
    finally:
        _CURRENT.reset(token)


@asynccontextmanager
async def within(seconds: float, clock: Clock | None = None) -> AsyncIterator[Deadline]:
    """Do what is inside in `seconds`, or in what an outer deadline leaves; raises `DeadlineExceeded`."""
    deadline = shortened(seconds, clock or SystemClock(), _CURRENT.get())
    if deadline is None:  # it cannot be: seconds are given
        raise DeadlineExceeded
    with holding(deadline):
        async with ending(deadline):
            yield deadline


@asynccontextmanager
async def ending(deadline: Deadline | None, what: str = "The work") -> AsyncIterator[None]:
    """End what is inside when the deadline comes; raises `DeadlineExceeded`."""
    if deadline is None:
        yield
        return
    left = deadline.remaining()
    if left <= 0:
        raise DeadlineExceeded(f"{what} was not begun: its time is over.")
    bound = asyncio.timeout(left)
    try:
        async with bound:
            yield
    except TimeoutError as error:
        if bound.expired():
            raise DeadlineExceeded(f"{what} was not done within the {left:.3g} s that it had.") from error
        raise
