"""The look before: what is denied, asked about, warned of, and what counts towards which budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from pilothouse.budgets.judging import Budgets
from pilothouse.kit.clock import SystemClock
from pilothouse.runtime.governing import Verdict
from support.spending import Write, budget, make_action

KEY, RUN, PROJECT = uuid4(), uuid4(), uuid4()


async def test_without_budgets_everything_is_allowed(budgets: Budgets) -> None:
    action = make_action()
    assert (await budgets.judge(action)).allows
    assert await budgets.reserve(action) == []
    assert await budgets.settle(action, succeeded=True) == ()


async def test_what_fits_is_allowed_and_what_does_not_is_denied(conninfo: str, budgets: Budgets) -> None:
    one = budget(conninfo, hard=10, name="day")
    assert (await budgets.judge(make_action("10"))).allows
    denied = await budgets.judge(make_action("10.01"))
    assert (denied.verdict, denied.policies) == (Verdict.DENY, (f"budget:{one}",))
    assert denied.reasons == ("The budget day has 10.00 EUR left, and 10.01 EUR is needed.",)


async def test_a_budget_may_ask_for_an_approval_but_one_that_denies_goes_before(
    conninfo: str, budgets: Budgets
) -> None:
    budget(conninfo, hard=1, beyond="approval", role="boss", name="asks")
    budget(conninfo, hard=2, beyond="approval", role="boss", name="asks too", period="day")
    asked = await budgets.judge(make_action("5"))
    assert asked.verdict is Verdict.APPROVAL
    assert [requirement.role for requirement in asked.requirements] == ["boss"]
    assert len(asked.reasons) == 2
    assert (await budgets.judge(make_action("5"), granted={"boss"})).allows
    last = budget(conninfo, hard=3, name="denies")
    denied = await budgets.judge(make_action("5"), granted={"boss"})
    assert (denied.verdict, denied.policies) == (Verdict.DENY, (f"budget:{last}",))


async def test_beyond_the_soft_limit_it_is_allowed_with_a_warning(conninfo: str, budgets: Budgets) -> None:
    budget(conninfo, soft=3, hard=10, name="both")
    budget(conninfo, soft=2, hard=None, name="soft only", unit="tokens", currency=None)
    assert (await budgets.judge(make_action("3"))).warnings == ()
    told = await budgets.judge(replace(make_action("4"), tokens=5))
    assert told.allows
    assert set(told.warnings) == {
        "The budget both is at 4.00 EUR, beyond its soft limit of 3.00 EUR.",
        "The budget soft only is at 5 tokens, beyond its soft limit of 2 tokens.",
    }


COUNTED: list[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = [
    ({}, {}, {"tenant_id": "acme"}),
    ({"scope": "workflow", "subject": "shopping"}, {}, {"workflow": "other"}),
    ({"scope": "agent", "subject": "clerk"}, {"agent": "clerk"}, {"agent": None}),
    (
        {"scope": "engagement", "subject": str(PROJECT)},
        {"engagement_id": PROJECT},
        {"engagement_id": uuid4()},
    ),
    ({"scope": "run", "subject": str(RUN), "period": "run"}, {"run_id": RUN}, {"run_id": uuid4()}),
    ({"scope": "key", "subject": str(KEY)}, {"principal": f"key:{KEY}"}, {"principal": f"person:{KEY}"}),
    ({"currency": "USD"}, {"cost": None}, {}),
]


@pytest.mark.parametrize(("said", "counts", "not_counted"), COUNTED[:6])
async def test_an_action_counts_towards_the_budgets_of_what_it_belongs_to(
    conninfo: str, budgets: Budgets, said: dict[str, Any], counts: dict[str, Any], not_counted: dict[str, Any]
) -> None:
    budget(conninfo, hard=1, **said)
    assert (await budgets.judge(make_action("2", **counts))).verdict is Verdict.DENY
    assert (await budgets.judge(make_action("2", **counts | not_counted))).allows


async def test_no_exchange_rate_is_assumed(conninfo: str, budgets: Budgets) -> None:
    budget(conninfo, hard=0, currency="USD")
    assert (await budgets.judge(make_action("2"))).allows


async def test_each_run_has_a_budget_of_its_own(
    conninfo: str, budgets: Budgets, write: Write, held: Callable[[UUID], tuple[Decimal, Decimal]]
) -> None:
    one = budget(conninfo, hard=5, scope="run", subject="*", period="run")
    first, second = make_action("5"), make_action("5")
    assert await write(await budgets.reserve(first), await budgets.reserve(second)) == {}
    again = make_action("1", run_id=first.run_id, step="buy#1")
    assert (await budgets.judge(again)).verdict is Verdict.DENY
    assert held(one) == (0, 10)


async def test_a_denial_is_never_told_from_memory(conninfo: str, write: Write) -> None:
    budget(conninfo, hard=5)
    patient = Budgets(conninfo, SystemClock(), believed=3_600)
    action = make_action("5")
    await write(await patient.reserve(action))
    assert not (await patient.judge(make_action("5"))).allows
    await write(await patient.settle(action, succeeded=False))
    assert (await patient.judge(make_action("5"))).allows
    await patient.close()


async def test_what_was_declined_is_looked_at_anew(conninfo: str, write: Write) -> None:
    """The memory that let it through is not asked a second time."""
    budget(conninfo, hard=5)
    patient, other = (Budgets(conninfo, SystemClock(), believed=3_600) for _ in range(2))
    action = make_action("3")
    assert (await patient.judge(action)).allows
    await write(await other.reserve(make_action("3")))
    assert (await patient.judge(action)).allows  # as it was read
    assert list(await write(await patient.reserve(action))) == [0]
    assert not (await patient.judge(action)).allows
    await patient.close()
    await other.close()


async def test_alerts_are_made_once_for_each_level_and_a_denial_makes_the_last(
    conninfo: str, budgets: Budgets, write: Write
) -> None:
    one = budget(conninfo, hard=10)

    def levels() -> list[int]:
        with psycopg.connect(conninfo) as connection:
            found = connection.execute(
                "select level from budget_alerts where budget_id = %s order by id", (one,)
            )
            return [row[0] for row in found.fetchall()]

    for cost, expected in (("4", []), ("1", [50]), ("3.5", [50, 80])):
        action = make_action(cost)
        await write(await budgets.reserve(action))
        await write(await budgets.settle(action, succeeded=True))
        assert levels() == expected
    denied = make_action("5")
    for _ in range(2):
        decision = await budgets.judge(denied)
        assert await write(await budgets.denied(denied, decision)) == {}
        assert levels() == [50, 80, 100]
