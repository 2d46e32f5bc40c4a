"""Group commit: what is put together is flushed together, and a bad item fails alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from pilothouse.errors import DatabaseUnavailable
from pilothouse.runtime.batch import Batcher


class Flushes:
    """Doubles numbers; refuses negative ones with the whole batch."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.away = False
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self, items: Sequence[int]) -> Sequence[int | BaseException]:
        self.batches.append(list(items))
        await self.go.wait()
        if self.away:
            raise DatabaseUnavailable
        if any(item < 0 for item in items):
            raise ValueError(f"negative in {items}")
        return [KeyError(item) if item == 13 else item * 2 for item in items]


@pytest.fixture
async def flushes() -> Flushes:
    return Flushes()


async def test_what_arrives_during_a_flush_shares_the_next_one(flushes: Flushes) -> None:
    batcher = Batcher(flushes)
    flushes.go.clear()
    first = batcher.put(1)
    await asyncio.sleep(0)
    others = [batcher.put(number) for number in (2, 3, 4)]
    flushes.go.set()
    assert await asyncio.gather(first, *others) == [2, 4, 6, 8]
    assert flushes.batches == [[1], [2, 3, 4]]


async def test_a_batch_has_a_greatest_size_and_keeps_the_order(flushes: Flushes) -> None:
    batcher = Batcher(flushes, limit=2)
    assert await asyncio.gather(*map(batcher.put, range(5))) == [0, 2, 4, 6, 8]
    assert flushes.batches == [[0, 1], [2, 3], [4]]


async def test_a_bad_item_fails_alone_and_the_others_succeed(flushes: Flushes) -> None:
    batcher = Batcher(flushes)
    results = await asyncio.gather(*map(batcher.put, (1, -2, 3)), return_exceptions=True)
    assert (results[0], results[2]) == (2, 6)
    assert isinstance(results[1], ValueError)
    assert flushes.batches == [[1, -2, 3], [1], [-2, 3], [-2], [3]]


@pytest.mark.parametrize(("bad", "most"), [([200], 17), ([0, 255], 33), (list(range(0, 256, 32)), 8 * 12)])
async def test_few_bad_items_among_many_are_found_by_halves(
    flushes: Flushes, bad: list[int], most: int
) -> None:
    batcher = Batcher(flushes)
    numbers = [-1 if number in bad else number + 20 for number in range(256)]
    results = await asyncio.gather(*map(batcher.put, numbers), return_exceptions=True)
    assert [at for at, result in enumerate(results) if isinstance(result, ValueError)] == bad
    assert all(result == 2 * numbers[at] for at, result in enumerate(results) if at not in bad)
    assert len(flushes.batches) <= most


async def test_an_item_may_be_refused_by_its_result(flushes: Flushes) -> None:
    batcher = Batcher(flushes)
    results = await asyncio.gather(batcher.put(12), batcher.put(13), return_exceptions=True)
    assert results[0] == 24
    assert isinstance(results[1], KeyError)


async def test_a_batch_whose_database_went_away_is_not_tried_again_because_it_may_be_committed(
    flushes: Flushes,
) -> None:
    batcher = Batcher(flushes)
    flushes.away = True
    results = await asyncio.gather(*map(batcher.put, (1, 2)), return_exceptions=True)
    assert [type(result) for result in results] == [DatabaseUnavailable] * 2
    assert flushes.batches == [[1, 2]]
    flushes.away = False
    assert await batcher.put(3) == 6


async def test_who_stops_waiting_does_not_disturb_the_others(flushes: Flushes) -> None:
    batcher = Batcher(flushes)
    flushes.go.clear()
    gone, stays = batcher.put(1), batcher.put(2)
    await asyncio.sleep(0)
    gone.cancel()
    flushes.go.set()
    assert await stays == 4


async def test_closing_waits_for_what_was_put(flushes: Flushes) -> None:
    batcher = Batcher(flushes)
    await batcher.close()
    future = batcher.put(5)
    await batcher.close()
    assert future.result() == 10
