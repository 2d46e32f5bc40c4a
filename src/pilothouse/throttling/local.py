"""Token buckets in this process's memory, the least recently used of which are forgotten."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

from pilothouse.kit.clock import Clock
from pilothouse.throttling.schemas import Claim, Rate, Verdict

MOST = 100_000
"""Buckets that are remembered, about 250 bytes each."""


class Bucket:
    """Tokens that come back at a steady rate, up to the burst."""

    __slots__ = ("at", "blocked_until", "tokens")

    def __init__(self, tokens: float, at: float) -> None:
        self.tokens, self.at, self.blocked_until = tokens, at, 0.0

    def refill(self, rate: Rate, now: float) -> None:
        """Add what has come back since the last time."""
        self.tokens = min(rate.burst, self.tokens + max(0.0, now - self.at) * rate.per_second)
        self.at = now

    def wait(self, rate: Rate, now: float) -> float:
        """Seconds until a request passes; 0 where one does now."""
        missing = max(0.0, (1 - self.tokens) / rate.per_second)
        return max(missing, self.blocked_until - now)

    def verdict(self, rate: Rate, wait: float) -> Verdict:
        """What is told of this bucket after a request."""
        left = 0 if wait > 0 else int(self.tokens)
        return Verdict(wait <= 0, rate, left, max(wait, (rate.burst - self.tokens) / rate.per_second), wait)


class LocalBuckets:
    """Counts in memory. Use it within one event loop.

    Tokens are fractions, so that a client at exactly the rate is never refused. Who is forgotten, for there
    are `most` others since, begins with a full bucket.
    """

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        """Remember at most `most` buckets."""
        self._clock = clock
        self._most = most
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, claims: Sequence[Claim]) -> Verdict:
        """Take one token of every claim's bucket, or of none. There is at least one claim."""
        now = self._clock.monotonic()
        found = [(claim.rate, self._bucket(claim, now)) for claim in claims]
        waits = [bucket.wait(rate, now) for rate, bucket in found]
        longest = max(waits)
        if longest > 0:
            rate, bucket = found[waits.index(longest)]
            if rate.block and bucket.blocked_until <= now:
                bucket.blocked_until = now + rate.block
                longest = max(longest, rate.block)
            return bucket.verdict(rate, longest)
        for _, bucket in found:
            bucket.tokens -= 1
        rate, bucket = min(found, key=lambda pair: pair[1].tokens / pair[0].burst)
        return bucket.verdict(rate, 0.0)

    def _bucket(self, claim: Claim, now: float) -> Bucket:
        bucket = self._buckets.get(claim.key)
        if bucket is None:
            bucket = self._buckets[claim.key] = Bucket(claim.rate.burst, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(claim.key)
            bucket.refill(claim.rate, now)
        return bucket
