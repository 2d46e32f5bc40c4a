"""Running cases: in order whatever comes first, so many at once, and no further than may be spent."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from pilothouse.evaluations.checks import Check, check_named
from pilothouse.evaluations.errors import CheckInvalid
from pilothouse.evaluations.running import Ask, Entrant, How, Purse, run_all
from pilothouse.evaluations.schemas import OVER, Case, Reply, Sheet, Trial


async def run_cases(
    cases: Sequence[Case], ask: Ask, checks: Sequence[Check], how: How | None = None, **more: Any
) -> Sheet:
    """The one sheet of one entrant."""
    return (await run_all(cases, [Entrant("3", "m", ask)], checks, how or How(), **more))[0]


CASES = [Case(id=str(number), expected=number % 2) for number in range(6)]


async def test_trials_are_in_the_order_of_their_cases_and_bounded_in_number() -> None:
    under_way, most, told = 0, 0, list[Trial]()

    async def ask(case: Case) -> Reply:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(8 - int(case.id)):  # later cases are answered first
            await asyncio.sleep(0)
        under_way -= 1
        return Reply(1, cost=Decimal(1))

    checks = [check_named("equals", {})]
    how = How(repeats=2, at_once=3)
    sheet = await run_cases(CASES, ask, checks, how, told=lambda _, trial: told.append(trial))
    assert most == 3
    assert [(trial.case, trial.repeat) for trial in sheet.trials] == [
        (case.id, repeat) for case in CASES for repeat in (1, 2)
    ]
    assert [trial.passed for trial in sheet.trials] == [bool(case.expected) for case in CASES for _ in (1, 2)]
    assert sorted(trial.case for trial in told) == sorted(trial.case for trial in sheet.trials)


async def test_nothing_more_is_asked_once_all_is_spent_that_may_be() -> None:
    asked = list[str]()

    async def ask(case: Case) -> Reply:
        asked.append(case.id)
        return Reply("", cost=Decimal("0.4"))

    sheet = await run_cases(CASES, ask, [], How(at_once=1, purse=Purse(Decimal(1))))
    assert asked == ["0", "1", "2"]
    assert [trial.reply.failure for trial in sheet.trials[3:]] == [OVER] * 3


async def test_what_failed_is_not_checked_and_not_passed() -> None:
    async def ask(_: Case) -> Reply:
        return Reply(None, "provider_failed")

    sheet = await run_cases(CASES[:1], ask, [check_named("equals", {})])
    assert (sheet.trials[0].passed, sheet.trials[0].marks) == (False, ())


async def test_a_check_that_cannot_be_used_ends_the_whole() -> None:
    started, ended = list[str](), list[str]()

    async def ask(case: Case) -> Reply:
        started.append(case.id)
        if case.id != "0":
            try:
                await asyncio.sleep(60)
            finally:
                ended.append(case.id)
        return Reply("")

    cases = [Case(id=str(number), expected="(") for number in range(3)]
    with pytest.raises(CheckInvalid):
        await run_cases(cases, ask, [check_named("matches", {})])
    assert sorted(ended) == ["1", "2"]
