"""Streams count at their end, are tried again before their first item only, and may be left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from pilothouse.resilience import (
    Breaker,
    BreakerOpen,
    BulkheadTerms,
    DeadlineExceeded,
    Dependency,
    RetryTerms,
    State,
    Terms,
    guarded,
)

QUICK = Terms(retry=RetryTerms(first=0.001))


class Stream:
    """Yields numbers and errors; each time it is begun it takes the next list."""

    def __init__(self, *turns: list[int | Exception]) -> None:
        self.turns = list(turns)
        self.begun = self.closed = 0

    async def work(self) -> AsyncIterator[int]:
        self.begun += 1
        try:
            for item in self.turns.pop(0):
                if isinstance(item, Exception):
                    raise item
                yield item
        finally:
            self.closed += 1


async def test_a_stream_succeeds_at_its_end() -> None:
    made, stream = Dependency("x", QUICK), Stream([1, 2, 3])
    seen = []
    async for item in made.stream(stream.work):
        seen.append(item)
        assert made.breaker.snapshot().counts.succeeded == 0
    assert seen == [1, 2, 3]
    assert made.breaker.snapshot().counts.succeeded == 1
    assert made.bulkhead is not None
    assert (made.bulkhead.taken, made.attempts, stream.closed) == (0, 1, 1)


async def test_one_that_breaks_before_its_first_item_is_begun_again() -> None:
    made, stream = Dependency("x", QUICK), Stream([OSError()], [1])
    assert [item async for item in made.stream(stream.work)] == [1]
    counts = made.breaker.snapshot().counts
    assert (stream.begun, counts.failed, counts.succeeded) == (2, 1, 1)


async def test_one_that_breaks_in_the_middle_is_a_failure_and_is_not_begun_again() -> None:
    made, stream, seen = Dependency("x", QUICK), Stream([1, OSError("cut")], [1]), list[int]()

    async def read() -> None:
        async for item in made.stream(stream.work):
            seen.append(item)

    with pytest.raises(OSError, match="cut"):
        await read()
    assert (seen, stream.begun, made.breaker.snapshot().counts.failed) == ([1], 1, 1)


async def test_one_that_is_left_says_nothing_and_gives_everything_back() -> None:
    made = Dependency("x", Terms(bulkhead=BulkheadTerms(at_once=1)))
    for _ in range(10):
        stream = Stream([1, 2, 3])
        async with aclosing(made.stream(stream.work)) as items:
            assert await anext(items) == 1
        assert stream.closed == 1
    counts = made.breaker.snapshot().counts
    assert (counts.succeeded, counts.failed) == (0, 0)
    assert made.bulkhead is not None
    assert made.bulkhead.taken == 0


async def test_a_reader_that_is_cancelled_says_nothing() -> None:
    made, reached = Dependency("x"), asyncio.Event()

    async def work() -> AsyncIterator[int]:
        yield 1
        reached.set()
        await asyncio.sleep(60)

    async def read() -> None:
        async for _ in made.stream(work):
            pass

    task = asyncio.create_task(read())
    await reached.wait()
    task.cancel()
    await asyncio.wait([task])
    assert made.breaker.snapshot().counts.failed == 0


async def test_a_stream_that_stalls_ends_with_its_deadline_as_a_failure() -> None:
    made = Dependency("x", Terms(deadline=0.05))

    async def work() -> AsyncIterator[int]:
        yield 1
        await asyncio.sleep(60)

    with pytest.raises(DeadlineExceeded):
        async for _ in made.stream(work):
            pass
    assert made.breaker.snapshot().counts.failed == 1


async def test_an_empty_stream_and_one_that_is_awaited_for_are_streams() -> None:
    made = Dependency("x")

    async def begun() -> AsyncIterator[int]:
        return Stream([7]).work()

    assert [item async for item in made.stream(Stream([]).work)] == []
    assert [item async for item in made.stream(begun)] == [7]
    assert made.breaker.snapshot().counts.succeeded == 2


async def test_a_breaker_alone_guards_streams_and_a_broken_one_opens_it() -> None:
    breaker = Breaker("x")
    for _ in range(5):
        with pytest.raises(OSError, match="cut"):
            async for _ in guarded(breaker, Stream([1, OSError("cut")]).work):
                pass
    assert breaker.state is State.OPEN
    with pytest.raises(BreakerOpen):
        async for _ in guarded(breaker, Stream([1]).work):
            pass
