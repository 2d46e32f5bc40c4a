from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pilothouse import App
from pilothouse.protocols.http.shedding import (
    EVERY,
    HOLD,
    Crowd,
    Level,
    Pressure,
    Sampling,
    Shedding,
    Signals,
    Thresholds,
    TooMuch,
    level_of,
    memory_used,
    part_of,
    shed_at,
    thresholds_of,
)
from pilothouse.settings import Settings


@pytest.mark.parametrize(
    ("operation", "level"),
    [
        ("list_runs", Level.DISPENSABLE),
        ("cancel_runs", Level.DISPENSABLE),
        ("submit_run", Level.SUBMITS),
        ("show_run", Level.EVERYTHING),
        ("answer_question", Level.EVERYTHING),
        ("", Level.EVERYTHING),
        ("live", None),
        ("ready", None),
        ("detail", None),
        ("sign_in", None),
    ],
)
def test_the_dispensable_goes_first_and_health_and_signing_in_never(
    operation: str, level: Level | None
) -> None:
    assert shed_at(operation) == level


@pytest.mark.parametrize(
    ("seen", "level", "why"),
    [
        (Signals(), Level.NOTHING, ""),
        (Signals(memory=0.81), Level.DISPENSABLE, "memory"),
        (Signals(lag=0.6, memory=0.81), Level.SUBMITS, "lag"),
        (Signals(exhausted=5), Level.EVERYTHING, "exhausted"),
        (Signals(queue=1e9), Level.SUBMITS, "queue"),
    ],
)
def test_the_worst_signal_decides(seen: Signals, level: Level, why: str) -> None:
    assert level_of(seen, Thresholds()) == (level, why)


def test_the_settings_say_where_each_first_level_begins_and_the_others_follow() -> None:
    assert thresholds_of(Settings(_env_file=None)) == Thresholds(
        memory=pytest.approx(Thresholds().memory)  # type: ignore[arg-type]  # equal but for rounding
    )
    said = {"shed_lag": 0.1, "shed_exhausted": 3, "shed_queue_age": 60}
    moved = thresholds_of(Settings(_env_file=None, **said))
    assert (moved.lag, moved.exhausted, moved.queue[:2]) == ((0.1, 0.25, 0.5), (3, 6, 12), (60, 120))


def test_the_level_rises_at_once_and_falls_by_steps_once_it_is_calm() -> None:
    pressure = Pressure(Thresholds())
    pressure.saw(Signals(lag=2), 0)
    assert pressure.level == 3
    pressure.saw(Signals(lag=0.9), 1)  # below the threshold, though not by enough
    pressure.saw(Signals(lag=0.9), 10)
    assert pressure.level == 3
    pressure.saw(Signals(), 20)
    assert pressure.level == 3
    pressure.saw(Signals(), 20 + HOLD)
    assert pressure.level == 2
    pressure.saw(Signals(), 20 + 2 * HOLD)
    pressure.saw(Signals(), 20 + 3 * HOLD)
    assert pressure.level == 0


@given(st.lists(st.floats(0.17, 0.24), min_size=1, max_size=100))
def test_a_signal_that_trembles_about_a_threshold_does_not_flap(lags: list[float]) -> None:
    pressure, changes = Pressure(Thresholds()), 0
    for number, lag in enumerate(lags):
        before = pressure.level
        pressure.saw(Signals(lag=lag), number * EVERY)
        changes += pressure.level != before
    assert changes <= 1


def test_memory_is_that_of_the_group_or_of_the_host(tmp_path: Path) -> None:
    assert memory_used(tmp_path) == 0
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/meminfo").write_text("MemTotal: 1000 kB\nMemAvailable: 700 kB\n")
    assert memory_used(tmp_path) == pytest.approx(0.3)
    group = tmp_path / "sys/fs/cgroup"
    (group / "memory").mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("900\n")
    assert memory_used(tmp_path) == pytest.approx(0.3)
    (group / "memory.max").write_text("1000\n")
    (group / "memory.stat").write_text("anon 400\ninactive_file 300\n")
    assert memory_used(tmp_path) == pytest.approx(0.6)
    (group / "memory/memory.limit_in_bytes").write_text("1000")
    (group / "memory/memory.usage_in_bytes").write_text("950")
    (group / "memory/memory.stat").write_text("total_inactive_file 50\n")
    assert memory_used(tmp_path) == pytest.approx(0.9)
    assert 0 < memory_used() <= 1


async def test_a_blocked_loop_and_an_exhausted_pool_are_seen() -> None:
    pressure, missed = Pressure(Thresholds()), 2.5

    async def age() -> float:
        return 12.0

    sampling = Sampling(pressure, exhausted=lambda: missed, queue_age=age, memory=lambda: 0.1)
    sampling.start()
    async with asyncio.timeout(5):
        while pressure.level < Level.SUBMITS:
            await asyncio.sleep(0.05)
    assert (pressure.why, pressure.seen.queue) == ("exhausted", 12.0)
    missed = 0.0
    for _ in range(3):
        time.sleep(0.6)  # noqa: ASYNC251 - the loop is to be blocked
        await asyncio.sleep(0.01)
    assert pressure.seen.lag > 0.2
    await sampling.stop()


async def test_one_pause_of_the_loop_sheds_nothing() -> None:
    pressure = Pressure(Thresholds())
    sampling = Sampling(pressure, exhausted=lambda: 0.0, memory=lambda: 0.1)
    sampling.start()
    await asyncio.sleep(EVERY * 1.5)
    time.sleep(1.2)  # noqa: ASYNC251 - the loop is to be blocked
    await asyncio.sleep(EVERY * 1.5)
    await sampling.stop()
    assert (pressure.level, pressure.seen.lag < 0.2) == (Level.NOTHING, True)


async def test_the_state_is_told(
    open_api: Callable[..., Awaitable[httpx.AsyncClient]], sample_app: App
) -> None:
    client = await open_api(sample_app)
    parts = {part["name"]: part for part in (await client.get("/health/detail")).json()["parts"]}
    assert parts["load"]["figures"]["level"] >= 0
    assert parts["limits"]["status"] == "well"


def scope_of(operation: str) -> dict[str, Any]:
    return {"type": "http", "operation": operation}


async def test_what_the_level_sheds_is_refused_and_says_when_to_come_again() -> None:
    pressure, crowd, served = Pressure(Thresholds()), Crowd(10), []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        served.append(scope["operation"])

    shedding = Shedding(app, pressure, lambda scope: scope["operation"], crowd)
    pressure.saw(Signals(lag=0.6), 0)
    for operation in ("show_run", "live"):
        await shedding(scope_of(operation), None, None)  # type: ignore[arg-type]  # neither is used
    for operation in ("list_runs", "submit_run"):
        with pytest.raises(TooMuch) as error:
            await shedding(scope_of(operation), None, None)  # type: ignore[arg-type]  # neither is used
        assert error.value.headers == {"retry-after": "5"}
    assert served == ["show_run", "live"]
    assert (crowd.shed, crowd.under_way) == (2, 0)
    assert part_of(pressure, crowd).status == "degraded"


async def test_a_request_whose_body_drips_in_takes_nobodys_place() -> None:
    pressure, crowd = Pressure(Thresholds()), Crowd(1)
    whole = asyncio.Event()

    async def app(_scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass
        await send({"type": "http.response.start"})

    async def dripping() -> Any:
        if whole.is_set():
            return {"type": "http.request", "more_body": False}
        await whole.wait()
        return {"type": "http.request", "more_body": True}

    async def at_once() -> Any:
        return {"type": "http.request", "more_body": False}

    async def send(_message: Any) -> None:
        return None

    shedding = Shedding(app, pressure, lambda scope: scope["operation"], crowd)
    sending = {**scope_of("submit_run"), "headers": [(b"content-length", b"9")]}
    slow = [asyncio.create_task(shedding(sending, dripping, send)) for _ in range(3)]
    await asyncio.sleep(0)
    await shedding(scope_of("show_run"), at_once, send)
    await shedding(sending, at_once, send)
    assert (crowd.under_way, crowd.shed) == (0, 0)
    crowd.under_way = 1  # somebody else is being served
    whole.set()
    refused = await asyncio.gather(*slow, return_exceptions=True)
    assert [type(error) for error in refused] == [TooMuch] * 3
    assert crowd.under_way == 1


async def goodput(offered: float, seconds: float, cost: float) -> tuple[float, float, float]:
    """Requests a second served within 1 s, shed ones, and the seconds that nine in ten of the served took.

    The server does one thing at a time, `cost` seconds each; the generator does not wait for answers.
    """
    worker, crowd, pressure = asyncio.Lock(), Crowd(20), Pressure(Thresholds())

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        async with worker:
            await asyncio.sleep(cost)
        await send({"type": "http.response.start"})

    shedding = Shedding(app, pressure, lambda _scope: "show_run", crowd)
    times, shed = [], 0

    async def ask() -> None:
        nonlocal shed
        began = time.perf_counter()

        async def send(_message: Any) -> None:
            times.append(time.perf_counter() - began)

        try:
            await shedding(scope_of("show_run"), None, send)  # type: ignore[arg-type]  # neither is used
        except TooMuch:
            shed += 1

    began, tasks = time.perf_counter(), []
    while (now := time.perf_counter() - began) < seconds:
        while len(tasks) < now * offered:
            tasks.append(asyncio.create_task(ask()))
        await asyncio.sleep(0.002)
    within = sum(took < 1 for took in times)
    done = list(times)
    await asyncio.gather(*tasks)
    return within / seconds, shed / seconds, sorted(done)[int(len(done) * 0.9)]


async def test_at_three_times_the_load_what_is_served_stays_near_capacity() -> None:
    capacity, _, _ = await goodput(offered=200, seconds=1.0, cost=0.01)
    good, shed, slow = await goodput(offered=capacity * 3, seconds=1.5, cost=0.01)
    told = f"capacity {capacity:.0f}/s; at 3x {good:.0f}/s served, {shed:.0f}/s shed, p90 {slow:.2f} s"
    assert good >= 0.8 * capacity, told
    assert slow < 0.6
