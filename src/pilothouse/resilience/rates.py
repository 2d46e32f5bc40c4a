"""Rate limiter of a provider: token buckets of calls a second and of weight (model tokens) a minute.

Who asks takes what is wanted at once, into debt where it is not there yet, and waits until the debt is paid:
so the order is that of asking, and whoever would wait too long is told so before anything is taken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.errors import RateExceeded
from pilothouse.resilience.terms import RateTerms

Sleep = Callable[[float], Awaitable[None]]


class Bucket:
    """Tokens that come back at `rate` a second, up to `most`; there may be fewer than none."""

    __slots__ = ("_at", "_tokens", "most", "rate")

    def __init__(self, rate: float, most: float, now: float) -> None:
        """Begin full."""
        self.rate, self.most = rate, most
        self._tokens, self._at = most, now

    def wait(self, wanted: float, now: float) -> float:
        """Seconds until `wanted` are there; 0 where they are."""
        return max(0.0, (min(wanted, self.most) - self.tokens(now)) / self.rate)

    def take(self, wanted: float, now: float) -> None:
        """Take them, whether or not they are there. A negative number gives some back."""
        self._tokens = min(self.most, self.tokens(now) - wanted)
        self._at = now

    def tokens(self, now: float) -> float:
        """How many there are now."""
        return min(self.most, self._tokens + (now - self._at) * self.rate)


class RateLimiter:
    """The rates of one provider in this process. Use it within one event loop."""

    def __init__(
        self,
        name: str,
        terms: RateTerms,
        *,
        clock: Clock | None = None,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        """Begin with all that may come at once."""
        self.name = name
        self.terms = terms
        self._clock = clock or SystemClock()
        self._sleep = sleep
        now = self._clock.monotonic()
        self._calls = None if terms.calls is None else Bucket(terms.calls, terms.burst, now)
        self._weight = None if terms.weight is None else Bucket(terms.weight / 60, terms.weight, now)
        self.refused = 0

    async def take(self, weight: float = 0.0, patience: float | None = None) -> None:
        """Wait until one more call of `weight` may be made.

        Raises `RateExceeded` where that takes longer than `patience` or the terms' own: nothing is taken.
        """
        now = self._clock.monotonic()
        wanted = [(bucket, 1.0) for bucket in (self._calls,) if bucket is not None]
        wanted += [(bucket, weight) for bucket in (self._weight,) if bucket is not None and weight]
        wait = max((bucket.wait(amount, now) for bucket, amount in wanted), default=0.0)
        longest = self.terms.patience if patience is None else min(patience, self.terms.patience)
        if wait > max(longest, 0):
            self.refused += 1
            raise RateExceeded(
                f"{self.name} may be asked again in {wait:.3g} s, which is too late for this call.",
                hint="Ask later, or raise the rates of this dependency.",
                retry_after=wait,
            )
        for bucket, amount in wanted:
            bucket.take(amount, now)
        if wait > 0:
            try:
                await self._sleep(wait)
            except BaseException:
                for bucket, amount in wanted:
                    bucket.take(-amount, self._clock.monotonic())
                raise

    def correct(self, estimated: float, actual: float) -> None:
        """Put right what a call has weighed, once that is known."""
        if self._weight is not None:
            self._weight.take(actual - estimated, self._clock.monotonic())
