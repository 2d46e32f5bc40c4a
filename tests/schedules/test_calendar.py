from __future__ import annotations

import datetime as dt
from itertools import islice, takewhile
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.errors import InvalidInput
from pilothouse.schedules.calendar import Rhythm, checked_cron, checked_zone, next_cron

START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
BERLIN, NEW_YORK, LORD_HOWE = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"
ZONES = [
    *(BERLIN, NEW_YORK, LORD_HOWE, "UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/St_Johns"),
    *("America/Havana", "Asia/Beirut", "Africa/Cairo", "Africa/Casablanca", "America/Sao_Paulo"),
    *("Pacific/Chatham", "Pacific/Apia", "America/Santiago", "Asia/Tehran", "Europe/Dublin", "Asia/Gaza"),
    *("Antarctica/Troll", "Asia/Pyongyang", "America/Caracas", "Europe/London", "Australia/Adelaide"),
]


def by(cron: str, zone: str = "UTC", **more: dt.datetime) -> Rhythm:
    return Rhythm(cron, None, zone, START, **more)


def local(rhythm: Rhythm, since: dt.datetime, count: int = 4) -> list[str]:
    """The next fires behind `since`, as the clocks of the rhythm's zone show them."""
    place = ZoneInfo(rhythm.zone)
    fires = islice(rhythm.following(since), count)
    return [fire.astimezone(place).strftime("%m-%d %H:%M%z") for fire in fires]


@pytest.mark.parametrize(
    ("cron", "zone", "since", "expected"),
    [
        # a time that the clock leaves out: right behind the gap, once
        ("30 2 * * *", BERLIN, (2026, 3, 28, 12), ["03-29 03:00+0200", "03-30 02:30+0200"]),
        ("0,30 2 * * *", BERLIN, (2026, 3, 28, 12), ["03-29 03:00+0200", "03-30 02:00+0200"]),
        ("30 2 * * *", NEW_YORK, (2026, 3, 7, 12), ["03-08 03:00-0400", "03-09 02:30-0400"]),
        ("15 2 * * *", LORD_HOWE, (2026, 10, 3, 12), ["10-04 02:30+1100", "10-05 02:15+1100"]),
        # a time that it shows twice: the first time only
        ("30 2 * * *", BERLIN, (2026, 10, 24, 12), ["10-25 02:30+0200", "10-26 02:30+0100"]),
        ("30 1 * * *", NEW_YORK, (2026, 10, 31, 12), ["11-01 01:30-0400", "11-02 01:30-0500"]),
        ("45 1 * * *", LORD_HOWE, (2026, 4, 4, 12), ["04-05 01:45+1100", "04-06 01:45+1030"]),
        # wildcards go by what the clock shows
        ("*/30 2 * * *", BERLIN, (2026, 3, 28, 12), ["03-30 02:00+0200", "03-30 02:30+0200"]),
        (
            "*/30 * * * *",
            BERLIN,
            (2026, 10, 25, 1, 40),
            [*("10-25 02:00+0200", "10-25 02:30+0200", "10-25 02:00+0100", "10-25 02:30+0100")],
        ),
        (
            "*/10 5 * * *",
            LORD_HOWE,
            (2026, 10, 4, 0, 5),
            ["10-04 05:00+1100", "10-04 05:10+1100", "10-04 05:20+1100"],
        ),
        # a day that a country left out altogether
        ("0 9 * * *", "Pacific/Apia", (2011, 12, 29, 12), ["12-31 00:00+1400", "12-31 09:00+1400"]),
        # the calendar
        ("0 0 31 * *", "UTC", (2026, 1, 31, 12), ["03-31 00:00+0000", "05-31 00:00+0000"]),
        ("0 12 L * *", "UTC", (2028, 1, 31, 13), ["02-29 12:00+0000", "03-31 12:00+0000"]),
        ("0 0 13 * FRI", "UTC", (2026, 2, 12, 12), ["02-13 00:00+0000", "02-20 00:00+0000"]),
        ("@weekly", "UTC", (2026, 11, 21), ["11-22 00:00+0000", "11-29 00:00+0000"]),
    ],
)
def test_fires_are_those_of_debians_cron(
    cron: str, zone: str, since: tuple[int, ...], expected: list[str]
) -> None:
    rhythm = Rhythm(checked_cron(cron), None, zone, dt.datetime(2000, 1, 1, tzinfo=dt.UTC))
    assert local(rhythm, dt.datetime(*since, tzinfo=ZoneInfo(zone)), len(expected)) == expected


def test_the_29th_of_february_comes_every_four_years_but_for_2100() -> None:
    fires = islice(by("0 0 29 2 *").following(dt.datetime(2090, 1, 1, tzinfo=dt.UTC)), 3)
    assert [fire.year for fire in fires] == [2092, 2096, 2104]


@pytest.mark.parametrize("year", [2038, 2039, 2100, 2400])
def test_daylight_saving_is_known_long_after_2037(year: int) -> None:
    summer, winter = (dt.datetime(year, month, 14, 23, tzinfo=dt.UTC) for month in (7, 1))
    rhythm = by("0 7 * * *", BERLIN)
    assert [rhythm.after(summer).hour, rhythm.after(winter).hour] == [5, 6]


def test_nothing_fires_behind_the_last_year_of_the_calendar() -> None:
    assert by("@yearly").after(dt.datetime(2900, 12, 31, tzinfo=dt.UTC)) is None
    assert Rhythm(None, 86_400, "UTC", START).after(dt.datetime(9999, 12, 31, tzinfo=dt.UTC)) is None


def test_an_interval_counts_from_its_anchor_and_not_from_the_last_fire() -> None:
    rhythm = Rhythm(None, 90, "UTC", START)
    assert rhythm.after(START - dt.timedelta(days=1)) == START
    assert rhythm.after(START) == START + dt.timedelta(seconds=90)
    assert rhythm.after(START + dt.timedelta(seconds=100.5)) == START + dt.timedelta(seconds=180)


def test_it_fires_from_its_start_to_its_end_both_included() -> None:
    end = START + dt.timedelta(minutes=2)
    rhythm = by("* * * * *", end=end)
    assert list(rhythm.following(START - dt.timedelta(days=9))) == [START, START + MINUTE, end]


@pytest.mark.parametrize("most", [1, 7, 100])
@pytest.mark.parametrize("rhythm", [by("*/7 * * * *"), by("0 0 1 * *"), Rhythm(None, 1_000, "UTC", START)])
def test_the_last_fires_of_a_stretch_are_found_from_its_end(rhythm: Rhythm, most: int) -> None:
    first, last = START + dt.timedelta(days=1), START + dt.timedelta(days=40, seconds=0.5)
    every = list(takewhile(lambda fire: fire <= last, rhythm.following(first - MINUTE / 60)))
    assert rhythm.between(first, last, most) == every[-most:]


def test_a_stretch_without_fires_is_empty() -> None:
    assert by("0 0 29 2 *").between(START + dt.timedelta(days=100), START + dt.timedelta(days=300), 5) == []


def test_years_by_the_second_are_no_more_work_than_what_is_wanted_of_them() -> None:
    rhythm, last = Rhythm(None, 1, "UTC", START), START + dt.timedelta(days=36_500)
    assert rhythm.between(START, last, 3) == [last - MINUTE / 30, last - MINUTE / 60, last]


@pytest.mark.parametrize(
    ("rhythm", "words"),
    [
        (by("30 7 * * MON-FRI", BERLIN), "At 07:30 on Monday through Friday (Europe/Berlin)"),
        (by("@hourly"), "At the start of every hour (UTC)"),
        (Rhythm(None, 1, "UTC", START), "every second"),
        (Rhythm(None, 90, "UTC", START), "every 90 seconds"),
        (Rhythm(None, 7_200, "UTC", START), "every 2 hours"),
        (Rhythm(None, 86_400, "UTC", START), "every day"),
    ],
)
def test_a_rhythm_is_told_in_words(rhythm: Rhythm, words: str) -> None:
    assert str(rhythm) == words


@pytest.mark.parametrize(
    ("cron", "reason"),
    [
        ("", "five fields"),
        ("* * * *", "five fields"),
        ("* * * * * *", "five fields"),
        ("@reboot", "five fields"),
        ("61 * * * *", "its minute is wrong"),
        ("0 0 31 2 *", "its day-of-month is wrong"),
        ("0 0 * * 9", "its day-of-week is wrong"),
        ("* * */20 * 1L", "no moment in the next 50 years"),
        ("*" * 300, "more than 200 characters"),
    ],
)
def test_what_is_no_cron_expression_is_refused_with_the_reason(cron: str, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        checked_cron(cron)


@pytest.mark.parametrize(
    "zone", ["", "Berlin", "europe/berlin", "Europe", "../etc/passwd", "localtime", "a\0b"]
)
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        checked_zone(zone)


@given(st.text(alphabet="*/,-#LW0123456789MONJ @²x", max_size=30) | st.text(max_size=30))
@settings(max_examples=400, deadline=None, derandomize=True, database=None)
def test_any_text_is_a_cron_expression_or_refused(text: str) -> None:
    try:
        written = checked_cron(text)
    except InvalidInput:
        return
    assert next_cron(written, BERLIN, START) is not None


def wall(moment: dt.datetime, place: ZoneInfo) -> dt.datetime:
    return moment.astimezone(place).replace(tzinfo=None)


def first_jump(place: ZoneInfo, since: dt.datetime) -> dt.datetime:
    """A moment within a day before the zone's clock jumps for the first time; `since` where it never does."""
    for day in range(400):
        moment = since + dt.timedelta(days=day)
        offsets = {(moment + dt.timedelta(days=ahead)).astimezone(place).utcoffset() for ahead in (0, 1)}
        if len(offsets) == 2:
            return moment
    return since


def numbers(low: int, high: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(low, high), min_size=1, max_size=4, unique=True).map(sorted)


def fields(low: int, high: int) -> st.SearchStrategy[tuple[str, frozenset[int]]]:
    """A field as it is written, with the numbers that it means."""
    every = range(low, high + 1)
    return st.one_of(
        st.just(("*", frozenset(every))),
        st.integers(2, 30).map(lambda step: (f"*/{step}", frozenset(every[::step]))),
        numbers(low, high).map(lambda given: (",".join(map(str, given)), frozenset(given))),
    )


def assert_rule(
    minutes: tuple[str, frozenset[int]], hours: tuple[str, frozenset[int]], zone: str, year: int, ahead: int
) -> None:
    """Minute by minute against a model that knows nothing of cron: sets of numbers and `zoneinfo`."""
    place = ZoneInfo(zone)
    since = first_jump(place, dt.datetime(year, 1, 1, tzinfo=dt.UTC)) - ahead * MINUTE
    cron = f"{minutes[0]} {hours[0]} * * *"
    shown = minutes[0].startswith("*") or hours[0].startswith("*")

    def named(moment: dt.datetime) -> bool:
        return moment.minute in minutes[1] and moment.hour in hours[1]

    expected: list[dt.datetime] = []
    before = wall(since, place)
    for passed in range(1, 60 * 30):
        moment = since + passed * MINUTE
        now = wall(moment, place)
        skipped = (before + step * MINUTE for step in range(1, int((now - before) / MINUTE)))
        fires = named(now) if shown else (named(now) and not now.fold) or any(map(named, skipped))
        if fires:
            expected.append(moment)
        before = now.replace(fold=0)
    found = islice(Rhythm(cron, None, zone, dt.datetime(1999, 1, 1, tzinfo=dt.UTC)).following(since), 9_999)
    until = since + 60 * 30 * MINUTE
    assert list(takewhile(lambda fire: fire < until, found)) == expected, cron


around_jumps = given(
    minutes=fields(0, 59),
    hours=st.one_of(fields(0, 23), numbers(0, 6).map(lambda n: (",".join(map(str, n)), frozenset(n)))),
    zone=st.sampled_from([*ZONES, *[LORD_HOWE] * 5]),  # the only one that jumps by half an hour
    year=st.integers(2000, 2099),
    ahead=st.integers(0, 1_000),
)


@around_jumps
@settings(max_examples=120, deadline=None, derandomize=True, database=None)
def test_around_every_jump_of_every_clock_the_rule_holds(**example: Any) -> None:
    assert_rule(**example)


@pytest.mark.long
@around_jumps
@settings(max_examples=2_000, deadline=None, derandomize=True, database=None)
def test_so_it_does_for_many_more(**example: Any) -> None:
    assert_rule(**example)


def test_a_job_that_the_clock_never_shows_again_is_never() -> None:
    assert [next_cron(cron, BERLIN, START) for cron in ("0 0 */20 * 1L", "* * */20 * 1L")] == [None, None]
