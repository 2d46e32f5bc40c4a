"""Reservations: all or nothing, in order, one refusal alone; settled once, with what it really cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pilothouse import Money
from pilothouse.budgets.judging import Budgets
from pilothouse.errors import InvalidInput
from pilothouse.runtime.governing import Spent
from support.spending import Write, budget, make_action
from support.waiting import rows, until

Held = Callable[[UUID], tuple[Decimal, Decimal]]


async def test_what_is_reserved_becomes_spent_with_the_outcome(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one, action = budget(conninfo, hard=10), make_action("4")
    assert await write(await budgets.reserve(action)) == {}
    assert held(one) == (0, 4)
    assert await write(await budgets.settle(action, succeeded=True)) == {}
    assert held(one) == (4, 0)


async def test_a_settlement_that_is_written_again_changes_nothing(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one, action = budget(conninfo, hard=10), make_action("4")
    await write(await budgets.reserve(action))
    settlement = await budgets.settle(action, succeeded=True)
    for _ in range(2):
        await write(settlement)
    fork = make_action("4", step=action.step)  # another run: its dispatch stands in the parent's journal
    await write(await budgets.settle(fork, succeeded=True))
    assert held(one) == (4, 0)


async def test_a_dispatch_that_is_written_again_reserves_nothing_more(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one, action = budget(conninfo, hard=5), make_action("4")
    for _ in range(2):
        assert await write(await budgets.reserve(action)) == {}
    assert held(one) == (0, 4)


async def test_one_that_does_not_fit_fails_alone_and_says_why(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one = budget(conninfo, hard=10, name="small")
    actions = [make_action(cost) for cost in ("4", "7", "5")]
    statements = [await budgets.reserve(action) for action in actions]
    declined = await write(*statements)
    assert list(declined) == [1]
    assert str(declined[1]) == "The budget small has 6.00 EUR left, and 7.00 EUR is needed."
    assert declined[1].sources == (f"budget:{one}",)
    assert held(one) == (0, 0)  # nothing is written: who calls does so again without it
    assert await write(statements[0], statements[2]) == {}
    assert held(one) == (0, 9)


async def test_what_is_reserved_counts_like_what_is_spent(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one = budget(conninfo, hard=10)
    assert await write(await budgets.reserve(make_action("6"))) == {}
    assert list(await write(await budgets.reserve(make_action("5")))) == [0]
    assert await write(await budgets.reserve(make_action("4"))) == {}
    assert held(one) == (0, 10)


async def test_an_action_reserves_from_all_its_budgets_or_from_none(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    wide, narrow = budget(conninfo, hard=100), budget(conninfo, hard=1, unit="actions", currency=None)
    first, second = make_action("4"), make_action("4")
    declined = await write(await budgets.reserve(first), await budgets.reserve(second))
    assert list(declined) == [1]
    assert "has 0 actions left, and 1 action is needed" in str(declined[1])
    assert await write(await budgets.reserve(first)) == {}
    assert (held(wide), held(narrow)) == ((0, 4), (0, 1))


async def test_what_failed_has_cost_nothing_but_was_an_action(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    money, actions = budget(conninfo, hard=10), budget(conninfo, hard=10, unit="actions", currency=None)
    action = make_action("4")
    await write(await budgets.reserve(action))
    await write(await budgets.settle(action, succeeded=False))
    assert (held(money), held(actions)) == ((0, 0), (1, 0))


async def test_what_it_really_cost_is_what_is_spent(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    money, tokens = budget(conninfo, hard=10), budget(conninfo, hard=10, unit="tokens", currency=None)
    action = make_action("4")
    await write(await budgets.reserve(replace(action, tokens=8)))
    assert (held(money), held(tokens)) == ((0, 4), (0, 8))
    cost = Money(Decimal("2.5"), "EUR")
    await write(await budgets.settle(replace(action, spent=Spent(cost, 3)), succeeded=False))
    assert (held(money), held(tokens)) == ((Decimal("2.5"), 0), (3, 0))
    with pytest.raises(InvalidInput, match="in the currency"):
        await budgets.settle(replace(action, spent=Spent(Money(Decimal(1), "USD"))), succeeded=True)


async def test_an_approval_lets_an_action_go_beyond(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one = budget(conninfo, hard=3, beyond="approval", role="boss")
    action = make_action("4")
    assert list(await write(await budgets.reserve(action, granted={"clerk"}))) == [0]
    assert await write(await budgets.reserve(action, granted={"boss"})) == {}
    assert held(one) == (0, 4)
    assert list(await write(await budgets.reserve(make_action("1")))) == [0]


async def test_a_budget_that_is_gone_holds_nobody_up(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one, other, action = budget(conninfo, hard=10), budget(conninfo, hard=10), make_action("4")
    statements = await budgets.reserve(action)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from budgets where id = %s", (one,))
        assert await write(statements) == {}
        connection.execute("delete from budgets where id = %s", (other,))
    assert await write(await budgets.settle(action, succeeded=True)) == {}
    assert await budgets.settle(action, succeeded=True) == ()


@given(
    costs=st.lists(st.lists(st.integers(1, 6), min_size=1, max_size=3), min_size=2, max_size=6),
    hard=st.integers(0, 20),
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_nothing_is_ever_reserved_beyond_the_limit_and_all_that_fits_is(
    conninfo: str, budgets: Budgets, write: Write, held: Held, costs: list[list[int]], hard: int
) -> None:
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from budgets")
    one = budget(conninfo, hard=hard, name=f"p{uuid4()}")
    expected = 0
    for batch in costs:
        statements = [await budgets.reserve(make_action(str(cost))) for cost in batch]
        declined = await write(*statements)
        fitting = []
        for place, cost in enumerate(batch):
            if expected + cost <= hard:
                expected += cost
                fitting.append(place)
        assert set(declined) == set(range(len(batch))) - set(fitting)
        if declined:
            assert await write(*(statements[place] for place in fitting)) == {}
        assert held(one) == (0, expected)


async def test_what_settles_makes_room_for_what_is_reserved_beside_it(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    one, first, second = budget(conninfo, hard=10), make_action("8"), make_action("9")
    await write(await budgets.reserve(first))
    assert list(await write(await budgets.reserve(second))) == [0]
    failed = await budgets.settle(first, succeeded=False)
    assert await write(failed, await budgets.reserve(second)) == {}
    assert held(one) == (0, 9)


async def test_rows_are_locked_in_the_order_of_their_keys_whether_they_are_reserved_or_settled(
    conninfo: str, budgets: Budgets, write: Write, held: Held
) -> None:
    """Else two processes of which each settles what the other reserves would wait for each other."""
    low, high = (
        budget(conninfo, id=UUID(int=number), scope="workflow", subject=name)
        for number, name in ((1, "one"), (2, "two"))
    )
    of_low, of_high = make_action("1", workflow="one"), make_action("2", workflow="two")
    await write(await budgets.reserve(of_high))
    await write(await budgets.reserve(make_action("3", workflow="one")))
    appends = [await budgets.settle(of_high, succeeded=True), await budgets.reserve(of_low)]
    lock = "select from budget_periods where budget_id = %s for no key update"
    async with await psycopg.AsyncConnection.connect(conninfo) as other:
        await other.execute(lock, (low,))
        writing = asyncio.create_task(write(*appends))
        await until(lambda: rows(conninfo, "select 1 from pg_stat_activity where wait_event_type = 'Lock'"))
        rows(conninfo, f"{lock} nowait", high)
    assert await writing == {}
    assert (held(low), held(high)) == ((0, 4), (2, 0))
