"""A dependency as a whole: deadline, retries with their budget, bulkhead, rates, breaker; in threads, too."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

import pytest

from pilothouse.errors import InvalidInput
from pilothouse.resilience import (
    BreakerOpen,
    BreakerTerms,
    BulkheadFull,
    BulkheadTerms,
    DeadlineExceeded,
    Dependency,
    RateExceeded,
    RateTerms,
    Registry,
    RetryTerms,
    State,
    Terms,
    remaining,
    within,
)
from support.clocks import ManualClock


class Answered(Exception):
    def __init__(self, status: int, **headers: str) -> None:
        super().__init__(f"answered {status}")
        self.status_code = status
        self.headers = {name.replace("_", "-"): said for name, said in headers.items()}


class Service:
    """Answers as it is told, and notes when it was asked and how long was waited."""

    def __init__(self, *answers: Any, terms: Terms | None = None) -> None:
        self.clock = ManualClock()
        self.waits: list[float] = []
        self.asked = 0
        self.answers = list(answers)
        self.made = Dependency(
            "model/x", terms or Terms(), clock=self.clock, sleep=self.sleep, random_of=lambda: 0.5
        )

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.clock.advance(seconds)

    async def work(self) -> Any:
        self.asked += 1
        answer = self.answers.pop(0) if self.answers else "fine"
        if isinstance(answer, BaseException):
            raise answer
        return answer


async def test_what_can_help_is_tried_again_with_full_jitter() -> None:
    service = Service(Answered(503), OSError("cut"))
    assert await service.made.call(service.work) == "fine"
    assert service.waits == [0.5, 1.0]  # half of 1 s and of 2 s
    many = Service(*[OSError("cut")] * 9, terms=Terms(retry=RetryTerms(attempts=9), deadline=None))
    with pytest.raises(OSError, match="cut"):
        await many.made.call(many.work)
    with pytest.raises(BreakerOpen):
        await many.made.call(many.work)
    assert many.asked == 5  # then the breaker is open, and nothing more is tried


@pytest.mark.parametrize("error", [Answered(400), Answered(404), InvalidInput(), ValueError("a bug")])
async def test_what_a_retry_cannot_help_is_raised_at_once(error: Exception) -> None:
    service = Service(error)
    with pytest.raises(type(error)):
        await service.made.call(service.work)
    assert service.asked == 1


async def test_bad_requests_do_not_open_the_breaker() -> None:
    service = Service(*[Answered(422)] * 30)
    for _ in range(30):
        with pytest.raises(Answered):
            await service.made.call(service.work)
    assert service.made.breaker.state is State.CLOSED


async def test_what_is_not_idempotent_is_tried_once() -> None:
    service = Service(Answered(503))
    with pytest.raises(Answered):
        await service.made.call(service.work, idempotent=False)
    assert service.asked == 1


@pytest.mark.parametrize("said", ["7", "Thu, 31 Jan 2030 12:00:07 GMT"])
async def test_retry_after_is_honoured_in_seconds_and_as_a_date(said: str) -> None:
    service = Service(Answered(429, retry_after=said))
    assert await service.made.call(service.work) == "fine"
    assert service.waits == [7.0]


async def test_nothing_is_waited_for_that_the_deadline_does_not_leave_time_for() -> None:
    service = Service(Answered(429, retry_after="31"))
    with pytest.raises(Answered):
        await service.made.call(service.work)
    assert (service.asked, service.waits) == (1, [])
    shorter = Service(Answered(503))
    with pytest.raises(Answered):
        await shorter.made.call(shorter.work, deadline=0.4)
    assert shorter.asked == 1


async def test_the_budget_ends_retries_and_successes_earn_new_ones() -> None:
    breaker = BreakerTerms(enabled=False)
    terms = Terms(breaker=breaker, retry=RetryTerms(budget=3, earned=0.5), deadline=None)
    service = Service(*[OSError("cut")] * 13, terms=terms)
    for _ in range(10):
        with pytest.raises(OSError, match="cut"):
            await service.made.call(service.work)
    assert service.asked == 13  # three retries in all, whatever fails
    for _ in range(2):
        await service.made.call(service.work)
    service.answers = [OSError("cut")]
    assert await service.made.call(service.work) == "fine"
    assert service.made.retry is not None
    assert (service.made.retry.retries, service.made.retry.unaffordable) == (4, 10 - 1)


async def test_a_probe_is_not_tried_again() -> None:
    service = Service(*[OSError("cut")] * 20)
    for _ in range(2):
        with pytest.raises(OSError, match="cut"):
            await service.made.call(service.work)
    asked = service.asked
    service.clock.advance(61)
    with pytest.raises(OSError, match="cut"):
        await service.made.call(service.work)
    assert service.asked == asked + 1


async def test_an_open_breaker_is_asked_before_anything_is_waited_for() -> None:
    terms = Terms(bulkhead=BulkheadTerms(at_once=1, patience=60), rates=RateTerms(calls=0.001, patience=60))
    service = Service(terms=terms)
    assert service.made.bulkhead is not None
    await service.made.bulkhead.take()
    service.made.breaker.trip()
    with pytest.raises(BreakerOpen):
        await service.made.call(service.work)
    assert service.asked == 0


async def test_a_call_that_takes_too_long_is_a_failure_and_one_that_is_cancelled_is_none() -> None:
    slow = Dependency("x", Terms(deadline=0.01, retry=None))
    with pytest.raises(DeadlineExceeded):
        await slow.call(lambda: asyncio.sleep(60))
    assert slow.breaker.snapshot().window.failed == 1
    left = Dependency("x")
    task = asyncio.create_task(left.call(lambda: asyncio.sleep(60)))
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert left.breaker.snapshot().window.calls == 0
    assert left.bulkhead is not None
    assert left.bulkhead.taken == 0


async def test_a_call_whose_time_was_over_before_it_began_is_no_failure() -> None:
    terms = Terms(rates=RateTerms(calls=1), retry=None)
    service = Service(terms=terms)
    service.made.rates = None

    async def late() -> str:
        return "fine"

    async with within(60, service.clock):
        service.clock.advance(61)
        with pytest.raises(DeadlineExceeded, match="was not asked"):
            await service.made.call(late)
    assert service.made.breaker.snapshot().counts.failed == 0


async def test_deadlines_are_handed_down_and_only_become_shorter() -> None:
    made, seen = Dependency("x", Terms(deadline=20)), list[float]()

    async def look() -> None:
        left = remaining()
        assert left is not None
        seen.append(left)

    await made.call(look)
    await made.call(look, deadline=50)
    async with within(10):
        await made.call(look)
        async with within(500):
            await asyncio.create_task(look())
    assert [round(left) for left in seen] == [20, 20, 10, 10]
    assert remaining() is None


async def test_the_block_of_a_deadline_ends_with_it_and_other_timeouts_stay_theirs() -> None:
    with pytest.raises(DeadlineExceeded):
        async with within(0.01):
            await asyncio.sleep(60)
    with pytest.raises(TimeoutError) as own:
        async with within(60), asyncio.timeout(0.01):
            await asyncio.sleep(60)
    assert not isinstance(own.value, DeadlineExceeded)


async def test_a_bulkhead_lets_so_many_in_and_others_wait_in_their_order() -> None:
    made = Dependency("x", Terms(bulkhead=BulkheadTerms(at_once=2, queue=3)))
    gate, order = asyncio.Event(), list[int]()

    async def work(number: int) -> None:
        order.append(number)
        await gate.wait()

    tasks = []
    for number in range(5):
        tasks.append(asyncio.create_task(made.call(lambda number=number: work(number))))
        await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert order == [0, 1]
    with pytest.raises(BulkheadFull):
        await made.call(lambda: work(5))
    assert made.bulkhead is not None
    assert made.bulkhead.waiting == 3
    tasks[2].cancel()
    await asyncio.sleep(0)
    gate.set()
    await asyncio.wait(tasks)
    assert order == [0, 1, 3, 4]
    assert (made.bulkhead.taken, made.bulkhead.waiting) == (0, 0)
    assert made.breaker.snapshot().counts.failed == 0


async def test_a_place_in_a_bulkhead_is_waited_for_so_long_and_no_longer() -> None:
    made = Dependency("x", Terms(bulkhead=BulkheadTerms(at_once=1, patience=0.01)))
    assert made.bulkhead is not None
    await made.bulkhead.take()
    with pytest.raises(BulkheadFull, match="none was left"):
        await made.call(lambda: asyncio.sleep(0))
    made.bulkhead.leave()
    await made.call(lambda: asyncio.sleep(0))


async def test_a_thread_that_outlives_its_call_keeps_its_place() -> None:
    made = Dependency("x", Terms(deadline=0.05, retry=None, bulkhead=BulkheadTerms(at_once=1, queue=0)))
    gate = threading.Event()
    with pytest.raises(DeadlineExceeded):
        await made.in_thread(lambda: gate.wait(10))
    with pytest.raises(BulkheadFull):
        await made.in_thread(lambda: True)
    gate.set()
    assert made.bulkhead is not None
    while made.bulkhead.taken:
        await asyncio.sleep(0.001)
    assert await made.in_thread(lambda: remaining() is not None)


async def test_rates_are_waited_for_up_to_the_deadline_and_refused_beyond() -> None:
    terms = Terms(rates=RateTerms(calls=2, burst=2, weight=600, patience=10), retry=None)
    service = Service(terms=terms)
    for _ in range(4):
        await service.made.call(service.work)
    assert service.waits == [0.5, 0.5]
    with pytest.raises(RateExceeded) as refused:
        await service.made.call(service.work, deadline=0.1)
    assert refused.value.retry_after == pytest.approx(0.5)
    service.clock.advance(60)
    service.waits.clear()
    await service.made.call(service.work, weight=600)
    await service.made.call(service.work, weight=50)
    assert service.waits == [pytest.approx(5.0)]
    assert service.made.rates is not None
    service.made.rates.correct(50, 5)
    service.clock.advance(0.5)
    await service.made.call(service.work, weight=50)
    assert len(service.waits) == 1


@pytest.mark.timed
async def test_a_breaker_costs_less_than_ten_microseconds() -> None:
    made = Registry().dependency("x").breaker

    async def work() -> None:
        return None

    best = 1.0
    for _ in range(5):
        began = time.thread_time()
        for _ in range(5_000):
            await made.call(work)
        best = min(best, (time.thread_time() - began) / 5_000)
    assert best < 10e-6


@pytest.mark.timed
async def test_an_open_breaker_fails_within_five_milliseconds() -> None:
    made = Dependency("x")
    made.breaker.trip()
    began = time.perf_counter()
    for _ in range(100):
        with pytest.raises(BreakerOpen):
            await made.call(lambda: asyncio.sleep(60))
    assert (time.perf_counter() - began) / 100 < 0.005
