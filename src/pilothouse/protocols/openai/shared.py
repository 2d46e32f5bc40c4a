"""Kept answers in Redis, which all processes share; one that is away has nothing."""

from __future__ import annotations

import datetime as dt

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.exceptions import RedisError

from pilothouse.kit.clock import Clock
from pilothouse.kit.scope import Scope
from pilothouse.protocols.openai.repository import Holding

log = structlog.get_logger(__name__)

PATIENCE = 0.1
"""Seconds that a request waits for Redis."""
_STAMP = 8


class RedisStore:
    """Keeps answers in Redis, each behind the second in which it was made. `close` it."""

    def __init__(self, url: str, clock: Clock) -> None:
        """Nothing is opened before the first request."""
        waits = {"socket_timeout": PATIENCE, "socket_connect_timeout": PATIENCE, "timeout": PATIENCE}
        self._pool = BlockingConnectionPool.from_url(url, max_connections=32, **waits)
        self._redis = Redis(connection_pool=self._pool)
        self._clock = clock

    async def get(self, scope: Scope, key: bytes, max_age: dt.timedelta) -> bytes | None:
        """An answer that is no older; None where Redis is away."""
        try:
            found: bytes | None = await self._redis.get(_name(scope, key))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache_redis_away", reason=type(error).__name__)
            return None
        if found is None:
            return None
        age = self._clock.now().timestamp() - int.from_bytes(found[:_STAMP], "big")
        return found[_STAMP:] if age <= max_age.total_seconds() else None

    async def keep(self, scope: Scope, key: bytes, model: str, answer: bytes, lasts: dt.timedelta) -> None:
        """Keep an answer for so long; not where Redis is away."""
        stamp = int(self._clock.now().timestamp()).to_bytes(_STAMP, "big")
        try:
            await self._redis.set(_name(scope, key), stamp + answer, ex=lasts)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("cache_redis_away", reason=type(error).__name__)

    async def holding(self, scope: Scope) -> Holding:
        """What is kept of a tenant. Raises what the client of Redis says."""
        names = [name async for name in self._redis.scan_iter(_name(scope, None), count=1_000)]
        sizes = [await self._redis.strlen(name) for name in names]
        return Holding(len(names), sum(sizes), None)

    async def clear(self, scope: Scope) -> int:
        """Let go of everything that is kept of a tenant. Raises what the client of Redis says."""
        gone = 0
        async for name in self._redis.scan_iter(_name(scope, None), count=1_000):
            gone += await self._redis.delete(name)
        return gone

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        await self._pool.disconnect()


def _name(scope: Scope, key: bytes | None) -> str:
    return f"pilothouse:answers:{scope.tenant_id}:{'*' if key is None else key.hex()}"
