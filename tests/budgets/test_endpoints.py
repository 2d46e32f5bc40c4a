"""Budgets over HTTP: made, changed, shown with usage and forecast, and each tenant's own."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import psycopg
import pytest

from pilothouse.budgets.judging import Budgets
from support.spending import Write, budget, make_action

PATH = "/api/v1/budgets"
REFUNDS = {
    "name": "refunds", "scope": "workflow", "subject": "support", "unit": "money", "currency": "EUR",
    "period": "month", "time_zone": "Europe/Berlin", "soft": "40", "hard": "50.50",
    "beyond": "approval", "role": "manager",
}  # fmt: skip


async def test_a_budget_is_made_shown_changed_and_deleted(client: httpx.AsyncClient) -> None:
    made = await client.post(PATH, json=REFUNDS)
    assert made.status_code == 201, made.text
    assert made.json().items() >= REFUNDS.items()
    place = made.headers["location"]
    assert (await client.get(place)).json() == made.json()
    assert (await client.get(PATH)).json()["items"] == [made.json()]
    again = await client.post(PATH, json=REFUNDS)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    changed = (await client.put(place, json={"hard": "60"})).json()
    assert (changed["hard"], changed["soft"], changed["beyond"], changed["role"]) == (
        "60",
        None,
        "deny",
        None,
    )
    assert (await client.delete(place)).status_code == 204
    assert (await client.delete(place)).status_code == 404
    assert (await client.get(place)).status_code == 404


async def test_a_change_that_is_based_on_what_is_past_is_refused(client: httpx.AsyncClient) -> None:
    made = await client.post(PATH, json=REFUNDS)
    place, read = made.headers["location"], made.headers["etag"]
    assert (await client.get(place)).headers["etag"] == read == f'"{made.json()["changed_at"]}"'
    mine = await client.put(place, json={"hard": "60"}, headers={"if-match": read})
    assert (mine.status_code, mine.headers["etag"]) == (200, f'"{mine.json()["changed_at"]}"')
    theirs = await client.put(place, json={"hard": "70"}, headers={"if-match": read})
    assert (theirs.status_code, theirs.json()["code"]) == (412, "outdated")
    assert (await client.get(place)).json()["hard"] == "60"
    again = {"if-match": mine.headers["etag"]}
    assert (await client.put(place, json={"hard": "70"}, headers=again)).status_code == 200


@pytest.mark.parametrize(
    "said",
    [
        {"currency": None},
        {"unit": "tokens"},
        {"soft": "60"},
        {"soft": None, "hard": None},
        {"beyond": "deny"},
        {"role": None},
        {"scope": "tenant"},
        {"subject": ""},
        {"subject": "*"},
        {"scope": "run", "subject": "*"},
        {"scope": "key", "subject": "nightly"},
        {"time_zone": "Mars/Olympus"},
        {"hard": "-1"},
        {"period": "year"},
    ],
)
async def test_a_budget_that_makes_no_sense_is_refused(
    client: httpx.AsyncClient, said: dict[str, Any]
) -> None:
    answer = await client.post(PATH, json=REFUNDS | said)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


async def test_usage_alerts_and_forecast_tell_what_is_spent(
    client: httpx.AsyncClient, conninfo: str, budgets: Budgets, write: Write
) -> None:
    one = budget(conninfo, hard=10)
    for cost, settled in (("8", True), ("1", False)):
        action = make_action(cost)
        await write(await budgets.reserve(action))
        if settled:
            await write(await budgets.settle(action, succeeded=True))
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(
            """
            insert into budget_days (budget_id, day, tenant_id, period, spent)
            select %s, current_date - number, 'default', to_char(current_date - number, 'YYYY-MM'),
                   2 * extract(day from current_date - number)
              from generate_series(1, 40) as number
            """,
            (one,),
        )
    (used,) = (await client.get(f"{PATH}/{one}/usage")).json()["items"]
    assert (used["spent"], used["reserved"], used["remaining"], used["alerted"]) == ("8", "1", "1", 80)
    alerts = (await client.get(f"{PATH}/alerts")).json()["items"]
    assert [(alert["budget_id"], alert["level"]) for alert in alerts] == [(str(one), 80), (str(one), 50)]
    told = (await client.get(f"{PATH}/{one}/forecast")).json()
    assert (told["basis"], told["spent"], told["at_most"]) == ("weekdays", "8", "10")
    assert Decimal(told["expected"]) >= 8


async def test_only_months_have_a_forecast(client: httpx.AsyncClient, conninfo: str) -> None:
    one = budget(conninfo, period="day", soft=5, hard=None)
    answer = await client.get(f"{PATH}/{one}/forecast")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert (await client.get(f"{PATH}/{one}/usage")).json() == {"items": []}


async def test_a_tenants_budgets_are_its_own(client: httpx.AsyncClient, conninfo: str) -> None:
    one = budget(conninfo, tenant_id="acme")
    assert (await client.get(PATH)).json()["items"] == []
    for path in (f"{PATH}/{one}", f"{PATH}/{one}/usage", f"{PATH}/{one}/forecast"):
        assert (await client.get(path)).status_code == 404
