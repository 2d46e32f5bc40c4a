"""A dependency: everything that stands between us and a service, in a fixed order.

From the outside: deadline, retry, bulkhead, rates, breaker, call. The deadline bounds all of it. Retries
stand outside of the rest, so that a call that waits for its next attempt holds no place, and each attempt is
counted by the rates as the provider counts it. The breaker stands next to the call: it sees what the service
does and nothing of what waits here, and it is asked at the last moment. It is also looked at before anything
is waited for, so that a call fails at once where it is open. See docs/decisions/0042.
"""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TypeVar

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.breaker import Breaker
from pilothouse.resilience.bulkhead import Bulkhead
from pilothouse.resilience.deadlines import (
    Deadline,
    current_deadline,
    ending,
    holding,
    remaining,
    shortened,
)
from pilothouse.resilience.errors import DeadlineExceeded
from pilothouse.resilience.faults import is_retryable
from pilothouse.resilience.rates import RateLimiter, Sleep
from pilothouse.resilience.retrying import Retry
from pilothouse.resilience.states import ANSWERED, Faults, State
from pilothouse.resilience.streams import Opened, opened
from pilothouse.resilience.terms import Terms

T = TypeVar("T")


class Dependency:
    """One service that we call. Use it within one event loop; `in_thread` is for what blocks."""

    def __init__(
        self,
        name: str,
        terms: Terms | None = None,
        *,
        breaker: Breaker | None = None,
        within: Dependency | None = None,
        faults: Faults = ANSWERED,
        retryable: Callable[[BaseException], bool] = is_retryable,
        clock: Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        random_of: Callable[[], float] = random.random,
    ) -> None:
        """Guard calls of what is called `name`, by the `terms` or the defaults.

        What is a part of another service stands `within` that one: where it has no bulkhead or no rates of
        its own it shares those, and it is not asked while the breaker of that one is set open by hand.
        """
        self.name = name
        self.terms = terms = terms or Terms()
        self.clock = clock or SystemClock()
        self.breaker = breaker or Breaker(name, terms.breaker, faults=faults, clock=self.clock)
        self._around = within
        self.bulkhead: Bulkhead | None = None if within is None else within.bulkhead
        if terms.bulkhead is not None:
            self.bulkhead = Bulkhead(name, terms.bulkhead)
        self.rates: RateLimiter | None = None if within is None else within.rates
        if terms.rates is not None:
            self.rates = RateLimiter(name, terms.rates, clock=self.clock, sleep=sleep)
        self.retry = None
        if terms.retry is not None:
            self.retry = Retry(
                name, terms.retry, retryable=retryable, clock=self.clock, sleep=sleep, random_of=random_of
            )
        self.attempts = 0

    async def call(
        self,
        work: Callable[[], Awaitable[T]],
        *,
        deadline: float | None = None,
        idempotent: bool = True,
        weight: float = 0.0,
    ) -> T:
        """The result of `work`, which is tried again only where it is `idempotent`.

        `deadline` (seconds) shortens that of the terms. `weight` is what the call counts by the rates.
        Raises `BreakerOpen`, `BulkheadFull`, `RateExceeded`, `DeadlineExceeded`, and what `work` raises.
        """

        async def attempt() -> T:
            async with self._place(weight):
                return await self.breaker.call(lambda: self._bounded(work))

        with holding(self._deadline(deadline)):
            return await self._tried(attempt, idempotent=idempotent)

    async def in_thread(
        self,
        work: Callable[[], T],
        *,
        deadline: float | None = None,
        idempotent: bool = True,
        weight: float = 0.0,
    ) -> T:
        """As `call`, for what blocks (boto3, smtplib): it is done in a thread.

        A thread cannot be stopped: where the deadline comes first, its place is taken until it has ended.
        """

        async def threaded() -> T:
            context = contextvars.copy_context()
            future = asyncio.get_running_loop().run_in_executor(None, lambda: context.run(work))
            try:
                return await asyncio.shield(future)
            except asyncio.CancelledError:
                if self.bulkhead is not None and not future.done():
                    self.bulkhead.stay(future)
                raise

        return await self.call(threaded, deadline=deadline, idempotent=idempotent, weight=weight)

    def stream(
        self,
        work: Callable[[], AsyncIterator[T] | Awaitable[AsyncIterator[T]]],
        *,
        deadline: float | None = None,
        idempotent: bool = True,
        weight: float = 0.0,
    ) -> AsyncGenerator[T, None]:
        """What `work` yields, as it comes; close it (`aclosing`) where it is not read to its end.

        It counts at its end: as a failure where it breaks in the middle, and as nothing where whoever reads
        it leaves. It is tried again only before its first item: what was shown is never restarted.
        """
        return self._streamed(work, deadline, weight, idempotent=idempotent)

    def healthy(self) -> bool:
        """Whether calls are let through."""
        return self.breaker.snapshot().healthy

    async def _streamed(
        self,
        work: Callable[[], AsyncIterator[T] | Awaitable[AsyncIterator[T]]],
        seconds: float | None,
        weight: float,
        *,
        idempotent: bool,
    ) -> AsyncGenerator[T, None]:
        deadline = self._deadline(seconds)

        async def attempt() -> Opened[T]:
            return await opened(work, self.breaker, self._place(weight), deadline, self._reached)

        with holding(deadline):
            begun = await self._tried(attempt, idempotent=idempotent)
        async with aclosing(begun.items()) as items:
            async for item in items:
                yield item

    async def _tried(self, attempt: Callable[[], Awaitable[T]], *, idempotent: bool) -> T:
        if self.retry is None or not idempotent:
            return await attempt()
        return await self.retry.call(attempt, allowed=self._is_closed)

    def _is_closed(self) -> bool:
        """A probe is a probe: while the breaker is not closed nothing is tried again."""
        return self.breaker.state not in {State.OPEN, State.HALF_OPEN, State.FORCED_OPEN}

    @asynccontextmanager
    async def _place(self, weight: float) -> AsyncIterator[None]:
        """A place in the bulkhead and room in the rates, for one attempt."""
        self._check()
        if self.bulkhead is not None:
            await self.bulkhead.take(remaining())
        try:
            if self.rates is not None:
                self._check()
                await self.rates.take(weight, remaining())
            left = remaining()
            if left is not None and left <= 0:  # which is no failure of the service
                raise DeadlineExceeded(f"{self.name} was not asked: the time for it is over.")
            yield
        finally:
            if self.bulkhead is not None:
                self.bulkhead.leave()

    def _check(self) -> None:
        """Raise `BreakerOpen` where nothing is let through."""
        if self._around is not None:
            self._around.breaker.check()
        self.breaker.check()

    async def _bounded(self, work: Callable[[], Awaitable[T]]) -> T:
        """Within the breaker, so that it sees a call that takes too long as one that has failed."""
        self._reached()
        deadline = current_deadline()
        if deadline is None:
            return await work()
        async with ending(deadline, f"A call of {self.name}"):
            return await work()

    def _reached(self) -> None:
        self.attempts += 1

    def _deadline(self, seconds: float | None) -> Deadline | None:
        longest = self.terms.deadline
        both = [bound for bound in (seconds, longest) if bound is not None]
        return shortened(min(both) if both else None, self.clock, current_deadline())
