"""Actions of real runs under budgets: denied, released, settled, reclaimed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable
from decimal import Decimal
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse.budgets.chores import BudgetChore
from pilothouse.budgets.judging import Budgets
from pilothouse.runtime.connection import Lane
from pilothouse.runtime.engine import Engine
from pilothouse.runtime.engine import Order as Submitted
from pilothouse.runtime.worker import Worker
from support.spending import Order, Purse, Write, budget, make_action, shopping

Held = Callable[[UUID], tuple[Decimal, Decimal]]
NOW = dt.datetime.now(dt.UTC)


@pytest.fixture
async def shop(
    conninfo: str,
    budgets: Budgets,
    open_engine: Callable[..., Awaitable[Engine]],
    start_worker: Callable[..., Awaitable[Worker]],
) -> Callable[..., Awaitable[tuple[str, int]]]:
    """Executes a run; how it ended, and how often something was bought."""

    async def go(order: Order, *, blind: bool = False) -> tuple[str, int]:
        engine = await open_engine(shopping, governor=Purse(budgets, blind=blind))
        await start_worker(engine)
        run = await engine.submit(Submitted("shopping", order.model_dump_json().encode()))
        async for entry in engine.follow(run):
            last = entry
        return last.kind, int(last.payload[10:-1])

    return go


@pytest.fixture
async def chore(conninfo: str, new_lane: Callable[[str], Lane]) -> BudgetChore:
    """What workers see to about budgets."""
    return BudgetChore(new_lane(conninfo))


@pytest.mark.parametrize("blind", [False, True])
async def test_a_run_buys_as_long_as_there_is_money_and_goes_on(
    conninfo: str, shop: Callable[..., Awaitable[tuple[str, int]]], held: Held, blind: bool
) -> None:
    """Whether the look before or the append itself denies, the run is told, and may go on."""
    one = budget(conninfo, hard=3)
    assert await shop(Order(times=5), blind=blind) == ("run_completed", 3)
    assert held(one) == (3, 0)
    with psycopg.connect(conninfo) as connection:
        kinds = connection.execute(
            "select kind, count(*) from journal where kind in ('dispatch', 'outcome') group by 1 order by 1"
        ).fetchall()
        alerts = connection.execute("select level from budget_alerts order by 1").fetchall()
    assert kinds == [("dispatch", 3), ("outcome", 5)]
    assert alerts == [(50,), (80,), (100,)]


async def test_what_a_tool_that_failed_had_reserved_is_free_again(
    conninfo: str, shop: Callable[..., Awaitable[tuple[str, int]]], held: Held
) -> None:
    one = budget(conninfo, hard=1)
    assert await shop(Order(times=3, fails=True)) == ("run_completed", 0)
    assert held(one) == (0, 0)


async def ended(conninfo: str, run: UUID, status: str, *, minutes: int = 5) -> None:
    """Let a run have that status, and its reservations be so old."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            "insert into runs (id, tenant_id, workflow, version, pin, status)"
            " values (%s, 'default', 'w', 1, 'w@1', %s)",
            (run, status),
        )
        connection.execute("update reservations set made_at = %s - %s * interval '1 minute'", (NOW, minutes))


@pytest.mark.parametrize(
    ("status", "lost", "expected"),
    [
        ("cancelled", "charge", (4, 0)),
        ("cancelled", "release", (0, 0)),
        ("running", "release", (0, 4)),
        ("waiting", "release", (0, 4)),
        (None, "charge", (4, 0)),
    ],
)
async def test_a_reservation_whose_run_ended_or_is_gone_is_closed(
    conninfo: str,
    budgets: Budgets,
    write: Write,
    held: Held,
    chore: BudgetChore,
    *,
    status: str | None,
    lost: str,
    expected: tuple[int, int],
) -> None:
    one, run = budget(conninfo, hard=10, lost=lost), uuid4()
    action = make_action("4", run_id=run)
    await write(await budgets.reserve(action))
    await ended(conninfo, run if status else uuid4(), status or "completed")
    assert await chore.tend(NOW) == NOW + dt.timedelta(minutes=1)
    assert held(one) == expected


async def test_a_reservation_that_was_just_made_is_left_alone(
    conninfo: str, budgets: Budgets, write: Write, held: Held, chore: BudgetChore
) -> None:
    one, run = budget(conninfo, hard=10), uuid4()
    await write(await budgets.reserve(make_action("4", run_id=run)))
    await ended(conninfo, run, "completed", minutes=0)
    await chore.tend(NOW)
    assert held(one) == (0, 4)


async def test_reservations_of_a_budget_that_is_gone_are_removed(
    conninfo: str, budgets: Budgets, write: Write, chore: BudgetChore
) -> None:
    one, run = budget(conninfo, hard=10), uuid4()
    await write(await budgets.reserve(make_action("4", run_id=run)))
    await ended(conninfo, run, "failed")
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("delete from budgets where id = %s", (one,))
        await chore.tend(NOW)
        assert connection.execute("select count(*) from reservations").fetchone() == (0,)


async def test_days_are_noted_for_forecasts_and_what_is_long_over_is_removed(
    conninfo: str, budgets: Budgets, write: Write, chore: BudgetChore, new_lane: Callable[[str], Lane]
) -> None:
    one = budget(conninfo, hard=10)
    budget(conninfo, hard=10, period="hour")
    for cost in ("1", "2"):
        action = make_action(cost)
        await write(await budgets.reserve(action))
        await write(await budgets.settle(action, succeeded=True))
        await chore.tend(NOW)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        days = connection.execute("select budget_id, day, spent from budget_days").fetchall()
        assert days == [(one, NOW.date(), Decimal(3))]
        later = BudgetChore(new_lane(conninfo))
        await later.tend(NOW + dt.timedelta(days=399))
        kept = connection.execute("select count(*) from budget_periods").fetchone()
        await chore.tend(NOW + dt.timedelta(days=500))
        left = connection.execute("select count(*) from budget_periods").fetchone()
    assert (kept, left) == ((2,), (0,))
