"""Forecasts: what months are expected to end at, from weekdays, days or the rate so far."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.budgets.forecasting import daily, outlook

END = dt.datetime(2026, 12, 1, tzinfo=dt.UTC)


def at(day: int, hour: int = 12) -> dt.datetime:
    return dt.datetime(2026, 11, day, hour, tzinfo=dt.UTC)


def days_before(day: dt.date, count: int) -> list[dt.date]:
    return [day - dt.timedelta(days=number) for number in range(1, count + 1)]


def test_with_nothing_known_of_days_the_rate_goes_on() -> None:
    found = outlook({}, Decimal(50), Decimal(1_000), at(6, 0), END)
    assert (found.basis, found.expected) == ("rate", Decimal(300))
    assert found.low == found.expected == found.high
    assert found.exhausted_on is None


def test_a_few_days_give_the_usual_day_whatever_one_of_them_was() -> None:
    costs = {day: Decimal(10) for day in days_before(at(11).date(), 9)}
    costs[at(3).date()] = Decimal(5_000)
    found = outlook(costs, Decimal(100), Decimal(120), at(11), END)
    assert (found.basis, found.expected) == ("days", Decimal(300))
    assert found.exhausted_on == at(12).date()


def test_weekdays_are_told_apart_once_each_has_been_seen_three_times() -> None:
    today = at(16, 0).date()  # a Monday
    costs = {day: Decimal(0 if day.weekday() >= 5 else 20) for day in days_before(today, 28)}
    found = outlook(costs, Decimal(200), Decimal(10_000), at(16, 0), END)
    workdays = sum(dt.date(2026, 11, day).weekday() < 5 for day in range(16, 31))
    assert (found.basis, found.expected) == ("weekdays", Decimal(200 + 20 * workdays))
    assert found.low == found.high == found.expected


def test_what_today_has_cost_already_is_not_expected_again() -> None:
    costs = {day: Decimal(10) for day in days_before(at(30).date(), 9)} | {at(30).date(): Decimal(7)}
    assert outlook(costs, Decimal(300), Decimal(1_000), at(30), END).expected == Decimal(303)
    dear = costs | {at(30).date(): Decimal(99)}
    assert outlook(dear, Decimal(300), Decimal(1_000), at(30), END).expected == Decimal(300)


def test_a_limit_that_is_reached_already_is_reached_today() -> None:
    assert outlook({}, Decimal(50), Decimal(50), at(6), END).exhausted_on == at(6).date()


def test_days_are_told_from_what_a_month_had_cost_by_their_end() -> None:
    noted = [
        ("oct", dt.date(2026, 10, 30), Decimal(90)),
        ("oct", dt.date(2026, 10, 31), Decimal(100)),
        ("nov", dt.date(2026, 11, 2), Decimal(5)),
        ("nov", dt.date(2026, 11, 5), Decimal(9)),
    ]
    costs = daily(noted)
    assert costs[dt.date(2026, 10, 31)] == 10
    assert [costs[dt.date(2026, 11, day)] for day in range(1, 6)] == [0, 5, 0, 0, 4]
    assert costs[dt.date(2026, 10, 1)] == 0


@given(
    st.lists(st.integers(0, 1_000), max_size=40),
    st.integers(1, 30),
    st.integers(0, 23),
    st.integers(0, 10_000),
)
@settings(max_examples=100, deadline=None)
def test_a_forecast_is_never_below_what_is_spent(costs: list[int], day: int, hour: int, spent: int) -> None:
    known = dict(zip(days_before(at(day).date(), len(costs)), map(Decimal, costs), strict=True))
    found = outlook(known, Decimal(spent), Decimal(500), at(day, hour), END)
    assert Decimal(spent) <= found.low <= found.expected <= found.high
    if spent >= 500:
        assert found.exhausted_on == at(day).date()
