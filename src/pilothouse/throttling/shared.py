"""Sliding windows in Redis, which all processes share; one that is away is left alone until it answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Any

import structlog
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter, SlidingWindowCounterRateLimiter
from redis.asyncio import BlockingConnectionPool
from redis.exceptions import RedisError

from limits import RateLimitItem, RateLimitItemPerSecond
from pilothouse.kit.clock import Clock
from pilothouse.throttling.schemas import Claim, Rate, Verdict

log = structlog.get_logger(__name__)

PATIENCE = 0.1
"""Seconds that a request waits for Redis, before it counts as away."""
LOOK_EVERY = 1.0
"""Seconds between two looks at whether it is back."""
NAMESPACE = "pilothouse"

Away = (RedisError, OSError, TimeoutError)


class SharedWindows:
    """Counts in Redis, by limits' sliding window. Use it within one event loop, and `close` it.

    A rate of 100 a minute with a burst of 150 is a window of 150 in 90 s: the same in the long run, and the
    same at once. While Redis is away only a task of its own asks for it, so that no request waits.
    """

    def __init__(self, url: str, clock: Clock) -> None:
        """Nothing is opened before the first request."""
        self._clock = clock
        scheme, _, rest = url.partition("://")
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=64,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
        )
        options: dict[str, Any] = {"connection_pool": self._pool}  # limits hands it on to redis
        self._storage = RedisStorage(
            f"async+{scheme}://{rest}", implementation="redispy", key_prefix=NAMESPACE, **options
        )
        self._windows = SlidingWindowCounterRateLimiter(self._storage)
        self._blocks = FixedWindowRateLimiter(self._storage)
        self._items: dict[Rate, RateLimitItem] = {}
        self._looking: asyncio.Task[None] | None = None
        self.losses = 0

    @property
    def up(self) -> bool:
        """Whether Redis is asked."""
        return self._looking is None

    async def take(self, claims: Sequence[Claim]) -> Verdict | None:
        """Count a request against every claim; None where Redis is away. There is at least one claim."""
        if not self.up:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                verdicts = await asyncio.gather(*map(self._hit, claims))
        except Away as error:
            self._lost(error)
            return None
        return min(verdicts, key=lambda said: (said.allowed, -said.retry_after, said.remaining))

    async def close(self) -> None:
        """Close the connections."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        await self._pool.disconnect()

    async def _hit(self, claim: Claim) -> Verdict:
        rate, item = claim.rate, self._item(claim.rate)
        block = RateLimitItemPerSecond(1, rate.block, "block") if rate.block else None
        if block is not None and not await self._blocks.test(block, claim.key):
            until = (await self._blocks.get_window_stats(block, claim.key)).reset_time
            return self._verdict(rate, allowed=False, left=0, until=until)
        allowed = await self._windows.hit(item, claim.key)
        stats = await self._windows.get_window_stats(item, claim.key)
        if not allowed and block is not None:
            await self._blocks.hit(block, claim.key)
            return Verdict(False, rate, 0, rate.block, rate.block)
        return self._verdict(rate, allowed=allowed, left=stats.remaining, until=stats.reset_time)

    def _verdict(self, rate: Rate, *, allowed: bool, left: int, until: float) -> Verdict:
        wait = max(0.0, until - self._clock.now().timestamp())
        return Verdict(allowed, rate, left if allowed else 0, wait, 0.0 if allowed else max(1.0, wait))

    def _item(self, rate: Rate) -> RateLimitItem:
        item = self._items.get(rate)
        if item is None:
            seconds = math.ceil(rate.window * rate.burst / rate.amount)
            item = self._items[rate] = RateLimitItemPerSecond(rate.burst, seconds, rate.name)
        return item

    def _lost(self, error: BaseException) -> None:
        if self._looking is None:
            self.losses += 1
            log.warning("limits_redis_away", reason=type(error).__name__)
            self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        """Ask until Redis answers; whatever the library raises means that it does not."""
        back = False
        while not back:
            await asyncio.sleep(LOOK_EVERY)
            try:
                async with asyncio.timeout(LOOK_EVERY):
                    back = await self._storage.check()
            except Away:
                continue
        self._looking = None
        log.info("limits_redis_back")
