"""Leases: quick, never beyond the limit, shared fairly, given back, and settled whatever happens."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
import pytest

from pilothouse import Money
from pilothouse.budgets.errors import BudgetExhausted
from pilothouse.budgets.judging import Budgets
from pilothouse.budgets.leasing import Held, Leases, Spender
from pilothouse.budgets.repository import Ledger
from pilothouse.errors import DatabaseUnavailable
from pilothouse.kit.clock import SystemClock
from pilothouse.kit.ids import Ids
from pilothouse.runtime.connection import Lane
from support.clocks import ManualClock
from support.spending import Write, budget, make_action
from support.waiting import rows
from support.workers import TESTS

Look = Callable[[UUID], tuple[Decimal, Decimal]]
Make = Callable[[], Leases]
NewLane = Callable[[str], Lane]
WHO = Spender("default", "key:k")
ZERO = dt.timedelta(0)


def usd(amount: str | Decimal | int) -> Money:
    return Money(Decimal(amount), "USD")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def make(conninfo: str, clock: ManualClock, new_lane: NewLane) -> AsyncIterator[Make]:
    """Makes the leases of one process more; they are renewed when the test says so."""
    made: list[Leases] = []

    def new() -> Leases:
        made.append(Leases(new_lane(conninfo), clock, Ids(), every=3_600))
        return made[-1]

    yield new
    for leases in made:
        await leases.close()


async def hold(leases: Leases, cost: str | int = 1, tokens: int = 0, who: Spender = WHO) -> Held:
    return leases.held(who, usd(cost), tokens) or await leases.take(who, usd(cost), tokens)


def dollars(conninfo: str, hard: Any = 100, **said: Any) -> UUID:
    return budget(conninfo, **{"currency": "USD", "hard": hard} | said)


async def lapse(conninfo: str) -> int:
    """Have all leases lapse that were not renewed just now."""
    lane = Lane(conninfo)
    try:
        return await Ledger(lane).lapse(ZERO, 100)
    finally:
        await lane.close()


async def test_a_call_holds_what_it_may_cost_and_what_it_took_is_spent(
    conninfo: str, make: Make, held: Look
) -> None:
    money, tokens = dollars(conninfo), budget(conninfo, unit="tokens", currency=None)
    actions, other = budget(conninfo, unit="actions", currency=None), budget(conninfo, currency="EUR")
    leases = make()
    assert leases.held(WHO, usd(1), 10) is None
    call = await leases.take(WHO, usd(1), 10)
    assert held(money)[1] >= 1
    call.settle(usd("0.25"), 4)
    call.settle(usd(50), 50)  # only the first counts
    await leases.renew()
    assert [held(each)[0] for each in (money, tokens, actions, other)] == [Decimal("0.25"), 4, 1, 0]
    failed = await hold(leases, 1, 10)
    failed.settle(usd(0), 0)
    await leases.close()
    assert [held(each) for each in (money, tokens, actions)] == [(Decimal("0.25"), 0), (4, 0), (2, 0)]


async def test_calls_draw_on_what_is_leased_without_asking(conninfo: str, make: Make) -> None:
    dollars(conninfo, 1_000)
    leases = make()
    await leases.take(WHO, usd(1), 0)
    assert leases.held(WHO, usd(1), 0) is not None
    assert leases.held(WHO, usd(999), 0) is None


async def test_only_the_budgets_of_the_spender_count(conninfo: str, make: Make, held: Look) -> None:
    key = "0197d2a0-0000-7000-8000-000000000001"
    own, foreign = dollars(conninfo, scope="key", subject=key), dollars(conninfo, tenant_id="acme")
    agent, flow = (
        dollars(conninfo, scope="agent", subject="a"),
        dollars(conninfo, scope="workflow", subject="w"),
    )
    each_run = dollars(conninfo, scope="run", subject="*", period="run")
    leases = make()
    (await hold(leases, 2, who=Spender("default", f"key:{key}", agent="a"))).settle(usd(2), 0)
    (await hold(leases, 3, who=Spender("default", "person:x", workflow="w"))).settle(usd(3), 0)
    await leases.close()
    assert [held(one)[0] for one in (own, agent, flow, foreign, each_run)] == [2, 2, 3, 0, 0]


async def test_a_tenant_without_budgets_is_not_asked_about_again(conninfo: str, make: Make) -> None:
    leases = make()
    await leases.take(WHO, usd(1), 0)
    assert leases.held(WHO, usd(10**9), 0) is not None
    assert rows(conninfo, "select 1 from budget_leases") == []


async def test_beyond_the_limit_the_budget_is_named_and_its_alert_is_made(
    conninfo: str, make: Make, held: Look
) -> None:
    one = dollars(conninfo, 10, name="small")
    wide = dollars(conninfo, 1_000)
    leases = make()
    await hold(leases, 8)
    with pytest.raises(
        BudgetExhausted, match=r"small has 2\.00 USD left, and 3\.00 USD is needed"
    ) as refused:
        await hold(leases, 3)
    assert (refused.value.status, refused.value.code, refused.value.budget_id) == (
        429,
        "budget_exhausted",
        one,
    )
    assert "next period begins at 2030-02-01" in str(refused.value.hint)
    assert rows(conninfo, "select level from budget_alerts where budget_id = %s", one) == [(100,)]
    await hold(leases, 2)
    await leases.close()
    assert (sum(held(one)), sum(held(wide))) == (10, 10)


async def test_one_that_asks_for_approvals_denies_here_and_says_why(conninfo: str, make: Make) -> None:
    dollars(conninfo, 1, beyond="approval", role="boss")
    with pytest.raises(BudgetExhausted) as refused:
        await hold(make(), 2)
    assert "cannot wait for the approval" in str(refused.value.hint)


async def test_soft_limits_warn_and_levels_alert(conninfo: str, make: Make, held: Look) -> None:
    one = dollars(conninfo, 100, soft=40, name="soft")
    leases = make()
    first = await hold(leases, 30)
    assert first.warnings == ()
    second = await hold(leases, 60)
    assert second.warnings == ("The budget soft is at 90.00 USD, beyond its soft limit of 40.00 USD.",)
    first.settle(usd(30), 0)
    second.settle(usd(55), 0)
    await leases.renew()
    assert rows(conninfo, "select level from budget_alerts where budget_id = %s order by 1", one) == [
        (50,),
        (80,),
    ]
    only_soft = dollars(conninfo, hard=None, soft=1)
    await leases.renew()
    (await hold(leases, 10)).settle(usd(10), 0)
    await leases.close()
    assert held(only_soft) == (10, 0)


async def test_what_took_more_than_was_held_is_counted_as_it_was(
    conninfo: str, make: Make, held: Look
) -> None:
    one = dollars(conninfo, 10)
    leases = make()
    (await hold(leases, 9)).settle(usd(12), 0)
    with pytest.raises(BudgetExhausted):
        await hold(leases, 1)
    await leases.close()
    assert held(one) == (12, 0)


async def test_unused_leases_go_back_after_some_idle_seconds(
    conninfo: str, make: Make, held: Look, clock: ManualClock
) -> None:
    one = dollars(conninfo, 1_000)
    leases = make()
    for _ in range(10):
        (await hold(leases, 1)).settle(usd(1), 0)
    await leases.renew()
    assert held(one)[1] > 0
    for _ in range(3):
        clock.advance(2)
        await leases.renew()
    assert held(one) == (10, 0)


async def test_two_processes_use_up_the_whole_limit(
    conninfo: str, make: Make, held: Look, clock: ManualClock
) -> None:
    one = dollars(conninfo, 100)
    processes, bought = (make(), make()), [0, 0]
    for _ in range(40):
        clock.advance(0.5)
        for number, leases in enumerate(processes):
            for _ in range(5):
                try:
                    (await hold(leases, "0.7")).settle(usd("0.5"), 0)
                    bought[number] += 1
                except BudgetExhausted:
                    continue
            await leases.renew()
    for leases in processes:
        await leases.close()
    assert held(one)[0] == sum(bought) * Decimal("0.5")
    assert Decimal("99.3") < held(one)[0] <= 100  # less is left than a call may cost
    assert min(bought) > 70


@pytest.mark.parametrize("seed", range(3))
async def test_nothing_is_spent_beyond_the_limit_by_processes_that_crash(
    conninfo: str, clock: ManualClock, held: Look, new_lane: NewLane, seed: int
) -> None:
    """Each call takes at most what it held; processes die without a word and others begin."""
    chance = random.Random(seed)
    hard = chance.randint(20, 200)
    one = dollars(conninfo, hard, lost=chance.choice(["charge", "release"]))
    live = [Leases(new_lane(conninfo), clock, Ids(), every=3_600) for _ in range(3)]
    dead: list[Leases] = []
    open_calls: dict[int, list[tuple[Held, Decimal]]] = {id(leases): [] for leases in live}

    async def call(leases: Leases) -> None:
        cost = Decimal(chance.randint(1, 300)) / 100
        try:
            open_calls[id(leases)].append((await hold(leases, str(cost)), cost))
        except BudgetExhausted:
            pass

    for _ in range(25):
        clock.advance(chance.random())
        await asyncio.gather(*(call(chance.choice(live)) for _ in range(8)))
        for leases in live:
            waiting = open_calls[id(leases)]
            for call_held, cost in waiting[:6]:
                call_held.settle(usd(cost * chance.randint(0, 100) / 100), 0)
            del waiting[:6]
            if chance.random() < 0.6:
                await leases.renew()
        if chance.random() < 0.2:
            died = live.pop(0)
            dead.append(died)
            live.append(Leases(new_lane(conninfo), clock, Ids(), every=3_600))
            open_calls[id(live[-1])] = []
        spent, reserved = held(one)
        assert 0 <= spent + reserved <= hard
        assert reserved == (rows(conninfo, "select coalesce(sum(amount), 0) from budget_leases")[0][0])
    for leases in live:
        for call_held, cost in open_calls[id(leases)]:
            call_held.settle(usd(cost), 0)
        await leases.close()
    await lapse(conninfo)
    spent, reserved = held(one)
    assert (0 < spent <= hard, reserved) == (True, 0)
    for leases in dead:
        # as if its process had ended: nothing is written any more
        leases._task.cancel() if leases._task is not None else None


@pytest.mark.parametrize("lost", ["charge", "release"])
def test_the_lease_of_a_process_that_was_killed_is_charged_or_released(
    conninfo: str, held: Look, lost: str
) -> None:
    one = dollars(conninfo, 10, lost=lost)
    program = [sys.executable, "-m", "support.leaving_leased", conninfo, "7"]
    process = subprocess.Popen(program, cwd=TESTS, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close() if process.stdout is not None else None
    leased = Decimal("7.75")  # what it held, and a fourth of the rest
    assert held(one) == (0, leased)
    assert asyncio.run(lapse(conninfo)) == 1
    assert held(one) == (leased if lost == "charge" else 0, 0)


@pytest.mark.parametrize("lost", ["charge", "release"])
async def test_a_process_that_was_thought_dead_counts_nothing_twice(
    conninfo: str, make: Make, held: Look, lost: str
) -> None:
    one = dollars(conninfo, 100, lost=lost)
    leases = make()
    call = await hold(leases, 4)
    reserved = held(one)[1]
    assert await lapse(conninfo) == 1
    await leases.renew()  # it learns that its lease has lapsed
    call.settle(usd(3), 0)
    await leases.close()
    assert held(one) == (reserved if lost == "charge" else 3, 0)


async def test_an_answer_that_was_lost_counts_nothing_twice(
    conninfo: str, make: Make, held: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = dollars(conninfo, 100)
    leases = make()
    (await hold(leases, 4)).settle(usd(3), 0)
    ask = Ledger.lease

    async def lost(self: Ledger, *asked: Any) -> Any:
        await ask(self, *asked)
        raise DatabaseUnavailable

    monkeypatch.setattr(Ledger, "lease", lost)
    with pytest.raises(DatabaseUnavailable):
        await leases.renew()
    assert held(one)[0] == 3
    monkeypatch.undo()
    (await hold(leases, 4)).settle(usd(4), 0)
    await leases.close()
    assert held(one) == (7, 0)


async def test_changes_of_budgets_hold_from_the_next_renewal_on(
    conninfo: str, make: Make, held: Look, clock: ManualClock
) -> None:
    one = dollars(conninfo, 10)
    leases = make()

    async def set_to(hard: int) -> None:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("update budgets set hard = %s where id = %s", (hard, one))
        clock.advance(0.5)
        await leases.renew()

    (await hold(leases, 9)).settle(usd(9), 0)
    with pytest.raises(BudgetExhausted):
        await hold(leases, 5)
    await set_to(40)
    (await hold(leases, 5)).settle(usd(5), 0)
    await set_to(12)
    assert leases.held(WHO, usd("0.01"), 0) is None
    with pytest.raises(BudgetExhausted):
        await hold(leases, "0.01")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from budgets")
    clock.advance(0.5)
    await leases.renew()
    await hold(leases, 1_000)
    later = dollars(conninfo, 3)
    clock.advance(0.5)
    await leases.renew()
    with pytest.raises(BudgetExhausted):
        await hold(leases, 4)
    assert held(later)[0] == 0


async def test_calls_around_the_end_of_a_month_count_where_they_were_held(
    conninfo: str, make: Make, clock: ManualClock
) -> None:
    one = dollars(conninfo, 10)
    clock.advance(11.99 * 3_600)  # shortly before the first of February
    leases = make()
    before = await hold(leases, 9)
    clock.advance(60)
    await leases.renew()
    (await hold(leases, 8)).settle(usd(8), 0)
    before.settle(usd(9), 0)
    await leases.close()
    told = "select period, spent, reserved from budget_periods where budget_id = %s order by period"
    assert rows(conninfo, told, one) == [("2030-01-01T00:00Z", 9, 0), ("2030-02-01T00:00Z", 8, 0)]


async def test_runs_and_leases_share_a_limit(
    conninfo: str, clock: ManualClock, make: Make, budgets: Budgets, write: Write, held: Look
) -> None:
    one = dollars(conninfo, 10)
    clock.time = SystemClock().now()
    assert await write(await budgets.reserve(replace(make_action(), cost=usd(6)))) == {}
    leases = make()
    await hold(leases, 3)
    with pytest.raises(BudgetExhausted):
        await hold(leases, 2)
    assert held(one)[1] <= 10


async def test_what_could_not_be_renewed_for_long_is_not_drawn_on(
    conninfo: str, make: Make, clock: ManualClock
) -> None:
    dollars(conninfo, 1_000)
    leases = make()
    await hold(leases, 1)
    assert leases.held(WHO, usd("0.1"), 0) is not None
    clock.advance(11)
    assert leases.held(WHO, usd("0.1"), 0) is None


@pytest.mark.timed
async def test_holding_takes_less_than_20_microseconds_with_three_budgets(
    conninfo: str, new_lane: NewLane
) -> None:
    for unit, currency in (("money", "USD"), ("tokens", None), ("actions", None)):
        budget(conninfo, unit=unit, currency=currency, hard=10**9)
    leases = Leases(new_lane(conninfo), SystemClock(), Ids(), every=3_600)
    fast: list[float] = []
    for _ in range(20):
        await leases.take(WHO, usd(50_000), 5_000_000)
        for _ in range(20):
            (await hold(leases, 50_000, 500_000)).settle(usd(0), 0)
        began, done = time.perf_counter(), 0
        while (found := leases.held(WHO, usd("0.01"), 100)) is not None and done < 2_000:
            found.settle(usd("0.01"), 90)
            done += 1
        fast.append((time.perf_counter() - began) / max(done, 1))
    await leases.close()
    assert min(fast) < 20e-6
