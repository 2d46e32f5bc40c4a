"""Periods: hours, days and months of the wall clock, also where clocks are changed."""

from __future__ import annotations

import datetime as dt
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.budgets.periods import Period, Window, window

RUN = UUID(int=7)
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Asia/Beirut"),
    *("Pacific/Apia", "America/Santiago", "America/Havana", "Africa/Casablanca"),
)
EDGES = (dt.datetime(2005, 1, 1), dt.datetime(2036, 1, 1))  # noqa: DTZ001 - the strategy adds the zone
MOMENTS = st.datetimes(*EDGES, timezones=st.just(dt.UTC))
CLOCKED = st.sampled_from([Period.HOUR, Period.DAY, Period.MONTH])


def at(text: str, zone: str = "UTC", fold: int = 0) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold)


def lasts(found: Window) -> dt.timedelta:
    return found.ends_at - found.starts_at


@given(CLOCKED, st.sampled_from(ZONES), MOMENTS)
@settings(max_examples=150, deadline=None)
def test_periods_lie_end_to_end(period: Period, zone: str, moment: dt.datetime) -> None:
    found = window(period, zone, moment, RUN)
    assert found.starts_at <= moment < found.ends_at
    assert window(period, zone, found.starts_at, RUN) == found
    last = found.ends_at - dt.timedelta(microseconds=1)
    assert window(period, zone, last, RUN) == found
    following = window(period, zone, found.ends_at, RUN)
    assert following.starts_at == found.ends_at
    assert following.key > found.key


@given(CLOCKED, st.sampled_from(ZONES), MOMENTS)
@settings(max_examples=100, deadline=None)
def test_a_period_begins_as_the_wall_clock_says(period: Period, zone: str, moment: dt.datetime) -> None:
    found = window(period, zone, moment, RUN)
    begins, within = found.starts_at.astimezone(ZoneInfo(zone)), moment.astimezone(ZoneInfo(zone))
    if period is Period.HOUR:
        assert (begins.date(), begins.hour) == (within.date(), within.hour)
    elif period is Period.DAY:
        assert begins.date() == within.date()
    else:
        assert (begins.year, begins.month, begins.day) == (within.year, within.month, 1)


@pytest.mark.parametrize(
    ("moment", "hours"), [("2026-03-29T12:00", 23), ("2026-10-25T12:00", 25), ("2026-06-01T00:00", 24)]
)
def test_a_day_is_as_long_as_the_wall_clock_makes_it(moment: str, hours: int) -> None:
    found = window(Period.DAY, "Europe/Berlin", at(moment, "Europe/Berlin"), RUN)
    assert lasts(found) == dt.timedelta(hours=hours)


def test_the_hour_that_is_repeated_is_two_periods() -> None:
    first = window(Period.HOUR, "Europe/Berlin", at("2026-10-25T02:30", "Europe/Berlin"), RUN)
    second = window(Period.HOUR, "Europe/Berlin", at("2026-10-25T02:30", "Europe/Berlin", fold=1), RUN)
    assert (first.key, second.key) == ("2026-10-25T00:00Z", "2026-10-25T01:00Z")
    assert first.ends_at == second.starts_at


def test_a_month_begins_where_its_zone_says() -> None:
    moment = at("2026-10-31T23:30")
    assert window(Period.MONTH, "UTC", moment, RUN).key == "2026-10-01T00:00Z"
    berlin = window(Period.MONTH, "Europe/Berlin", moment, RUN)
    assert (berlin.key, berlin.ends_at) == ("2026-10-31T23:00Z", at("2026-11-30T23:00"))
    december = window(Period.MONTH, "UTC", at("2026-12-31T00:00"), RUN)
    assert december.ends_at == at("2027-01-01T00:00")


def test_what_a_run_spends_counts_by_itself() -> None:
    assert window(Period.RUN, "UTC", at("2026-01-01T00:00"), RUN) == Window(f"run:{RUN}")
