"""What was looked up is believed shortly, for a bounded number of credentials, and never past a change."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from pilothouse.auth.believing import Believed
from pilothouse.errors import Unauthenticated


class Held:
    def __init__(self) -> None:
        self.time = 100.0

    def __call__(self) -> float:
        return self.time


class Answers:
    """Counts how often it is asked; each answer is a number of its own."""

    def __init__(self) -> None:
        self.asked = 0
        self.gate: asyncio.Event | None = None
        self.fails = False

    async def __call__(self) -> int:
        self.asked += 1
        mine = self.asked
        if self.gate is not None:
            await self.gate.wait()
        if self.fails:
            raise Unauthenticated
        return mine


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def answers() -> Answers:
    return Answers()


def known(held: Held, **said: float) -> Believed[int]:
    return Believed(monotonic=held, **said)


async def test_it_is_believed_for_less_than_a_second_and_then_asked_anew(
    held: Held, answers: Answers
) -> None:
    believed = known(held)
    for moment, wanted in ((0.0, 1), (0.89, 1), (0.9, 2), (1.79, 2), (1.81, 3)):
        held.time = 100 + moment
        assert await believed.of("a", answers) == wanted


async def test_time_counts_from_the_begin_of_a_look(held: Held, answers: Answers) -> None:
    believed = known(held)
    answers.gate = asyncio.Event()
    first = asyncio.create_task(believed.of("a", answers))
    await asyncio.sleep(0)
    held.time += 0.8
    answers.gate.set()
    assert await first == 1
    held.time += 0.2
    assert await believed.of("a", answers) == 2


async def test_those_who_come_meanwhile_wait_for_the_same_look(held: Held, answers: Answers) -> None:
    believed = known(held)
    answers.gate = asyncio.Event()
    several = [asyncio.create_task(believed.of("a", answers)) for _ in range(5)]
    await asyncio.sleep(0)
    several[0].cancel()  # whose client is gone: the others still hear
    answers.gate.set()
    assert await asyncio.gather(*several[1:]) == [1] * 4
    assert answers.asked == 1


async def test_whoever_comes_too_late_to_a_slow_look_begins_another(held: Held, answers: Answers) -> None:
    believed = known(held)
    answers.gate = asyncio.Event()
    slow = asyncio.create_task(believed.of("a", answers))
    await asyncio.sleep(0)
    held.time += 0.9
    second = asyncio.create_task(believed.of("a", answers))
    await asyncio.sleep(0)
    answers.gate.set()
    assert await asyncio.gather(slow, second) == [1, 2]
    assert await believed.of("a", answers) == 2


async def test_a_refusal_is_not_remembered(held: Held, answers: Answers) -> None:
    believed = known(held)
    answers.fails = True
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            await believed.of("a", answers)
    answers.fails = False
    assert await believed.of("a", answers) == 3
    held.time += 1
    answers.fails = True
    with pytest.raises(Unauthenticated):
        await believed.of("a", answers)


async def test_who_forgets_does_not_learn_of_what_was_before(held: Held, answers: Answers) -> None:
    believed = known(held)
    answers.gate = asyncio.Event()
    before = asyncio.create_task(believed.of("a", answers))
    await asyncio.sleep(0)
    believed.forget()
    answers.gate.set()
    assert await before == 1
    assert await believed.of("a", answers) == 2


@pytest.mark.parametrize("fails", [False, True])
async def test_no_more_are_remembered_than_may_be(held: Held, answers: Answers, fails: bool) -> None:
    believed = known(held, most=100)
    answers.fails = fails
    for number in range(1_000):
        try:
            await believed.of(f"credential {number}", answers)
        except Unauthenticated:
            assert fails
    assert len(believed._known) == (0 if fails else 100)
    assert not believed._looking
    answers.fails = False
    assert await believed.of("credential 0", answers) == 1_001
    if not fails:
        assert await believed.of("credential 999", answers) == 1_000  # the oldest are forgotten first


async def test_credentials_are_kept_as_digests_only(held: Held, answers: Answers) -> None:
    believed = known(held)
    look: Callable[[], Awaitable[int]] = answers
    await believed.of("ph_live_secret", look)
    assert "ph_live_secret" not in repr(vars(believed))
