"""What will be spent by the end of a month, from what days have cost so far.

A day is expected to cost the median of the last eight days of its weekday where each weekday has been seen
three times, else the median of all days seen where there are five, and else what a day has cost so far.
Medians, so that one dear day does not move the forecast; zero is a cost like any other.
"""

from __future__ import annotations

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

WEEKS = 8
"""Days of one weekday that are looked at."""

_OF_A_WEEKDAY, _OF_ALL = 3, 5
_HALF = 0.6745
"""Half of a normal distribution lies within so many standard deviations of its middle."""
_FROM_MAD = 1.4826
"""The standard deviation of a normal distribution, by its median absolute deviation."""

Cost = Callable[[dt.date], float]


@dataclass(frozen=True)
class Outlook:
    """What is expected by the end, the range that holds half of the cases, and when a limit is reached."""

    expected: Decimal
    low: Decimal
    high: Decimal
    basis: str
    exhausted_on: dt.date | None


def daily(cumulative: Sequence[tuple[str, dt.date, Decimal]]) -> dict[dt.date, Decimal]:
    """What each day has cost, from what a month had cost by its end: period, day and amount, in order.

    Days in between on which nothing was noted have cost nothing.
    """
    costs: dict[dt.date, Decimal] = {}
    before: tuple[str, dt.date, Decimal] | None = None
    for period, day, amount in cumulative:
        same = before is not None and before[0] == period
        start = before[1] if before is not None and same else day.replace(day=1) - dt.timedelta(days=1)
        for gap in range(1, (day - start).days):
            costs[start + dt.timedelta(days=gap)] = Decimal(0)
        costs[day] = max(amount - (before[2] if before is not None and same else Decimal(0)), Decimal(0))
        before = (period, day, amount)
    return costs


def outlook(
    costs: Mapping[dt.date, Decimal], spent: Decimal, at_most: Decimal, now: dt.datetime, ends_at: dt.datetime
) -> Outlook:
    """The outlook at `now` in a month that ends before `ends_at`, both in the budget's time zone.

    `costs` are those of days, this one's among them or not; `spent` is what the month has cost.
    """
    today = now.date()
    past = {day: float(cost) for day, cost in costs.items() if day < today}
    basis, cost = _usual(past, spent, now)
    last = (ends_at - dt.timedelta(microseconds=1)).date()
    days = [today + dt.timedelta(days=number) for number in range(1, (last - today).days + 1)]
    rest = max(cost(today) - float(costs.get(today, 0)), 0.0) if basis != "rate" else cost(today) * _left(now)
    ahead = [rest, *(cost(day) for day in days)]
    spread = _HALF * _deviation(past, cost) * len(ahead) ** 0.5
    total = float(spent) + sum(ahead)
    exhausted, running = None, float(spent)
    for day, expected in zip([today, *days], ahead, strict=True):
        running += expected
        if exhausted is None and running >= float(at_most) - 1e-9:
            exhausted = day
    return Outlook(
        expected=_rounded(total),
        low=max(_rounded(total - spread), spent),
        high=_rounded(total + spread),
        basis=basis,
        exhausted_on=exhausted,
    )


def _usual(past: Mapping[dt.date, float], spent: Decimal, now: dt.datetime) -> tuple[str, Cost]:
    """What a day is expected to cost, and what that rests on."""
    by_weekday: dict[int, list[float]] = defaultdict(list)
    for day in sorted(past, reverse=True):
        if len(by_weekday[day.weekday()]) < WEEKS:
            by_weekday[day.weekday()].append(past[day])
    if len(by_weekday) == 7 and min(map(len, by_weekday.values())) >= _OF_A_WEEKDAY:
        usual = {weekday: statistics.median(costs) for weekday, costs in by_weekday.items()}
        return "weekdays", lambda day: usual[day.weekday()]
    if len(past) >= _OF_ALL:
        median = statistics.median(past.values())
        return "days", lambda _: median
    gone = now.day - 1 + 1 - _left(now)
    rate = float(spent) / max(gone, 1 / 24)
    return "rate", lambda _: rate


def _left(now: dt.datetime) -> float:
    """The share of a day that is still to come."""
    return 1 - (now.hour * 3_600 + now.minute * 60 + now.second) / 86_400


def _deviation(past: Mapping[dt.date, float], cost: Cost) -> float:
    """How far days lie from what was expected of them; 0 where too few are known."""
    if len(past) < _OF_ALL:
        return 0.0
    return _FROM_MAD * statistics.median(abs(found - cost(day)) for day, found in past.items())


def _rounded(amount: float) -> Decimal:
    return Decimal(repr(amount)).quantize(Decimal("0.000001"))
