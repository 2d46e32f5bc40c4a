"""Group commit: while one flush is under way, the next batch collects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from pilothouse.errors import DatabaseUnavailable

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Hands items to `flush` in batches of at most `limit`, one flush at a time.

    `flush` returns one result or exception for each item. Where it raises, each half of the batch is flushed
    by itself, and so on, so that a bad item fails alone: one among 256 costs 16 more flushes. But where the
    database went away nobody knows whether the batch was committed, so that all of it fails.
    """

    def __init__(
        self, flush: Callable[[Sequence[T]], Awaitable[Sequence[R | BaseException]]], limit: int = 256
    ) -> None:
        """Make a batcher within the running event loop."""
        self._flush = flush
        self._limit = limit
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._task: asyncio.Task[None] | None = None

    def put(self, item: T) -> asyncio.Future[R]:
        """Flush `item` with the next batch; the future has its result."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        if self._task is None:
            self._task = asyncio.create_task(self._drain())
        return future

    async def close(self) -> None:
        """Wait until everything that was put is flushed."""
        if self._task is not None:
            await asyncio.wait([self._task])

    async def _drain(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
                results = await self._flush_all([item for item, _ in batch])
                for (_, future), result in zip(batch, results, strict=True):
                    if future.done():
                        continue
                    if isinstance(result, BaseException):
                        future.set_exception(result)
                    else:
                        future.set_result(result)
        finally:
            self._task = None

    async def _flush_all(self, items: Sequence[T]) -> Sequence[R | BaseException]:
        try:
            return await self._flush(items)
        except DatabaseUnavailable as error:
            return [error] * len(items)
        except Exception as error:  # noqa: BLE001 - handed to whoever put the item
            if len(items) == 1:
                return [error]
            middle = len(items) // 2
            return [*await self._flush_all(items[:middle]), *await self._flush_all(items[middle:])]
