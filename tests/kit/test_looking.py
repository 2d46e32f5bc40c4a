"""Looking again: soon when asked to, every so often besides, and no more once it is stopped."""

from __future__ import annotations

import asyncio

from pilothouse.kit.looking import Looking


class Looks:
    """Counts looks, and lets a test wait for one."""

    def __init__(self) -> None:
        self.count = 0
        self.came = asyncio.Event()

    async def look(self) -> None:
        self.count += 1
        self.came.set()
        await asyncio.sleep(0)

    async def next(self) -> None:
        self.came.clear()
        async with asyncio.timeout(5):
            await self.came.wait()


async def test_it_looks_when_it_is_asked_to_and_not_before() -> None:
    looks = Looks()
    looking = Looking(looks.look, 600)
    looking.start()
    for number in range(1, 3):
        looking.ask()
        looking.ask()  # both are one look
        await looks.next()
        for _ in range(10):  # in which others would have been made
            await asyncio.sleep(0)
        assert looks.count == number
    await looking.stop()


async def test_it_looks_every_so_often_although_nobody_asks_until_it_is_stopped() -> None:
    looks = Looks()
    looking = Looking(looks.look, 0.001)
    looking.start()
    for _ in range(3):
        await looks.next()
    await looking.stop()
    stopped_at = looks.count
    assert stopped_at >= 3
    await asyncio.sleep(0.02)
    assert looks.count == stopped_at


async def test_one_that_was_never_started_can_be_stopped() -> None:
    await Looking(Looks().look, 1).stop()
