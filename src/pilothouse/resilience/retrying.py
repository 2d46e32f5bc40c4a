"""Retries by tenacity: full jitter under a bound that grows, what the dependency asks for, and a budget.

Full jitter is as in "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015). The budget is gRFC A6's
retry throttling with each retry withdrawn as in Finagle's RetryBudget: a retry takes one token, a call that
succeeds puts a part of one back. In an outage nothing succeeds, so that retries end with the tokens.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

import structlog
from tenacity import AsyncRetrying, RetryCallState

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.deadlines import remaining
from pilothouse.resilience.faults import is_retryable, retry_after_of
from pilothouse.resilience.rates import Sleep
from pilothouse.resilience.terms import RetryTerms

T = TypeVar("T")
log = structlog.get_logger(__name__)


class RetryBudget:
    """Tokens for retries of one dependency in this process."""

    def __init__(self, most: float = 10.0, earned: float = 0.1) -> None:
        """Begin with `most`; a success puts `earned` back."""
        self.most, self.earned = most, earned
        self.tokens = most

    def success(self) -> None:
        """A call has succeeded."""
        self.tokens = min(self.most, self.tokens + self.earned)

    def withdraw(self) -> bool:
        """Take a token for a retry; whether there was one."""
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Retry:
    """Tries a call again where that can help, there is time for it, and the budget allows it."""

    def __init__(
        self,
        name: str,
        terms: RetryTerms | None = None,
        *,
        budget: RetryBudget | None = None,
        retryable: Callable[[BaseException], bool] = is_retryable,
        clock: Clock | None = None,
        sleep: Sleep = asyncio.sleep,
        random_of: Callable[[], float] = random.random,
    ) -> None:
        """`random_of` gives numbers from 0 to under 1; `retryable` says of which errors a retry may help."""
        self.name = name
        self.terms = terms or RetryTerms()
        self.budget = budget or RetryBudget(self.terms.budget, self.terms.earned)
        self.retries = self.unaffordable = 0
        self._retryable = retryable
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._random = random_of

    async def call(
        self, work: Callable[[], Awaitable[T]], *, allowed: Callable[[], bool] = lambda: True
    ) -> T:
        """The result of `work`, tried again while `allowed` says so; raises what the last attempt raises."""
        first: Exception | None = None
        try:
            result = await work()
        except Exception as error:
            if self.terms.attempts == 1 or not self._retryable(error) or not allowed():
                raise
            first = error
        else:
            self.budget.success()
            return result

        async def attempt() -> T:
            """The first attempt has been made: tenacity, which takes 50 us, sees failures only."""
            nonlocal first
            if first is not None:
                failed, first = first, None
                raise failed
            return await work()

        retrying = AsyncRetrying(
            retry=lambda state: self._helps(state) and allowed(),
            wait=self._wait,
            stop=self._stop,
            sleep=self._sleep,
            reraise=True,
        )
        result = cast("T", await retrying(attempt))
        self.budget.success()
        return result

    def _helps(self, state: RetryCallState) -> bool:
        error = _error(state)
        return error is not None and isinstance(error, Exception) and self._retryable(error)

    def _wait(self, state: RetryCallState) -> float:
        """Seconds to the next attempt."""
        error, terms = _error(state), self.terms
        bound = min(terms.longest, terms.first * 2.0 ** min(state.attempt_number - 1, 32))
        asked = None if error is None else retry_after_of(error, self._clock.now())
        return max(self._random() * bound, asked or 0.0)

    def _stop(self, state: RetryCallState) -> bool:
        """Whether this was the last attempt. A retry that would begin after the deadline is none."""
        if state.attempt_number >= self.terms.attempts:
            return True
        left = remaining()
        if left is not None and state.upcoming_sleep >= left:
            return True
        if not self.budget.withdraw():
            self.unaffordable += 1
            return True
        self.retries += 1
        error = _error(state)
        log.debug(
            "retried",
            dependency=self.name,
            attempt=state.attempt_number,
            wait=round(state.upcoming_sleep, 3),
            kind=type(error).__name__,
        )
        return False


def _error(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome is not None else None
