"""Breakers that share their state: one for all processes, and each by itself without Redis."""

from __future__ import annotations

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Callable

import pytest
from structlog.testing import capture_logs

from pilothouse.resilience import Breaker, BreakerOpen, BreakerTerms, Permit, State
from pilothouse.resilience import shared as module
from pilothouse.resilience.shared import SharedBreaker, SharedStates
from support.clocks import ManualClock
from support.printed import free_port

Start = Callable[[int], subprocess.Popen[bytes]]
TERMS = BreakerTerms(window=10, minimum=4, in_a_row=0, open_for=60)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait longer than the product does: this machine may be busy."""
    monkeypatch.setattr(module, "PATIENCE", 5.0)


@pytest.fixture
async def port(start_redis: Start) -> int:
    chosen = free_port()
    start_redis(chosen)
    return chosen


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[int], SharedStates]]:
    made: list[SharedStates] = []

    def make(port: int) -> SharedStates:
        made.append(SharedStates(f"redis://127.0.0.1:{port}"))
        return made[-1]

    yield make
    for one in made:
        await one.close()


Connect = Callable[[int], SharedStates]


async def fail(breaker: Breaker, times: int = 1) -> None:
    for _ in range(times):
        (await breaker.permit()).failed(OSError())


async def settled(*states: SharedStates) -> None:
    for one in states:
        await one.settled()


async def test_failures_of_several_processes_open_it_for_all_of_them(port: int, connect: Connect) -> None:
    one, other = connect(port), connect(port)
    first, second = SharedBreaker("x", TERMS, states=one), SharedBreaker("x", TERMS, states=other)
    await fail(first, 2)
    await fail(second, 2)
    await settled(one, other)
    for breaker in (first, second):
        with pytest.raises(BreakerOpen, match="4 of the last 4") as refused:
            await breaker.permit()
        assert refused.value.retry_after is not None
        assert 59 < refused.value.retry_after <= 60
        assert breaker.state is State.OPEN
    await SharedBreaker("y", TERMS, states=one).permit()


async def test_probes_are_shared_too(port: int, connect: Connect) -> None:
    terms = TERMS.model_copy(update={"open_for": 0.05})
    one, other = connect(port), connect(port)
    first, second = SharedBreaker("x", terms, states=one), SharedBreaker("x", terms, states=other)
    await fail(first, 4)
    await settled(one)
    await asyncio.sleep(0.06)
    probes = [await first.permit(), await second.permit()]
    for breaker in (first, second):
        with pytest.raises(BreakerOpen):
            await breaker.permit()
    probes[0].released()
    await settled(one, other)
    probes[0] = await second.permit()
    for probe in probes:
        probe.succeeded()
    await settled(one, other)
    (await first.permit()).succeeded()
    assert first.state is State.CLOSED


@pytest.mark.parametrize(("outcomes", "state"), [("x...", State.CLOSED), (".x.x", State.OPEN)])
async def test_one_bad_probe_of_two_is_no_verdict(
    port: int, connect: Connect, outcomes: str, state: State
) -> None:
    states = connect(port)
    opening = SharedBreaker("x", TERMS.model_copy(update={"open_for": 0.02}), states=states)
    await fail(opening, 4)
    await states.settled()
    await asyncio.sleep(0.03)
    breaker = SharedBreaker("x", TERMS, states=states)
    for outcome in outcomes:
        permit = await breaker.permit()
        permit.failed(OSError()) if outcome == "x" else permit.succeeded()
        await states.settled()
    verdict = await states.admit("x", TERMS)
    assert verdict is not None
    assert verdict.state is state


@pytest.mark.parametrize("kind", ["count", "time"])
async def test_redis_judges_as_the_local_breaker_does(port: int, connect: Connect, kind: str) -> None:
    states, random_ = connect(port), random.Random(kind)
    for number in range(12):
        size = random_.randint(2, 8)
        terms = BreakerTerms(
            kind="time" if kind == "time" else "count",
            window=3_000 if kind == "time" else size,
            minimum=random_.randint(1, size),
            in_a_row=random_.randint(0, 4),
            probes=random_.randint(1, 3),
            slow_rate=0.6,
            open_for=3_600,
        )
        local = Breaker("x", terms, clock=ManualClock())
        other = SharedBreaker(f"x{number}", terms, states=states)
        for _ in range(40):
            failed, seconds = random_.random() < 0.35, random_.choice([0.0, 61.0])
            permits: list[Permit] = []
            refused = []
            for breaker in (local, other):
                try:
                    permits.append(await breaker.permit())
                except BreakerOpen:
                    refused.append(breaker)
            assert len(refused) in {0, 2}
            if refused:
                break
            for permit in permits:
                if failed:
                    permit.failed(OSError(), seconds=seconds)
                else:
                    permit.succeeded(seconds=seconds)
            await states.settled()


async def test_a_reset_holds_for_all(port: int, connect: Connect) -> None:
    one, other = connect(port), connect(port)
    first, second = SharedBreaker("x", TERMS, states=one), SharedBreaker("x", TERMS, states=other)
    await fail(first, 4)
    await settled(one)
    second.reset()
    await settled(other)
    (await first.permit()).succeeded()


async def test_what_is_set_by_hand_goes_before_what_is_shared(port: int, connect: Connect) -> None:
    breaker = SharedBreaker("x", TERMS, states=connect(port))
    breaker.force(State.METRICS_ONLY)
    await fail(breaker, 20)
    breaker.force(State.FORCED_OPEN)
    with pytest.raises(BreakerOpen):
        await breaker.permit()


async def test_without_redis_each_process_counts_by_itself_and_says_so_once(
    connect: Connect, start_redis: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOOK_EVERY", 0.02)
    port = free_port()
    server = start_redis(port)
    states = connect(port)
    breaker = SharedBreaker("x", TERMS, states=states)
    await fail(breaker)
    await settled(states)
    server.kill()
    server.wait()
    with capture_logs() as lines:
        await fail(breaker, 3)  # with the one that Redis was told of before
        with pytest.raises(BreakerOpen):
            await breaker.permit()
    assert [line["event"] for line in lines].count("breakers_redis_away") == 1
    assert (breaker.state, states.up) == (State.OPEN, False)
    start_redis(port)
    async with asyncio.timeout(5):
        while not states.up:
            await asyncio.sleep(0.005)
    (await breaker.permit()).succeeded()  # Redis has forgotten, and what it says holds
    assert breaker.state is State.CLOSED
