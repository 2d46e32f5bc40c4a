"""Periods: the stretch of time, or the run, in which what is spent counts together.

Hours, days and months are those of the wall clock in a time zone, so that a day is 23 or 25 hours long where
clocks are changed, and the hour that is repeated then is two periods.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from uuid import UUID
from zoneinfo import ZoneInfo

_STEP = dt.timedelta(minutes=15)
"""No zone's offset from UTC has changed by less than this since 1972 (IANA time zone database)."""


class Period(StrEnum):
    """How long what is spent counts together."""

    RUN = "run"
    HOUR = "hour"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True)
class Window:
    """One period: its key, and from when until before when it lasts (a run: as long as it takes)."""

    key: str
    starts_at: dt.datetime | None = None
    ends_at: dt.datetime | None = None


def window(period: Period, zone: str, at: dt.datetime, run_id: UUID) -> Window:
    """The period in which something counts that a run does `at` a moment."""
    if period is Period.RUN:
        return Window(f"run:{run_id}")
    return _clocked(period, zone, at.astimezone(dt.UTC).replace(second=0, microsecond=0))


@lru_cache(maxsize=4_096)
def _clocked(period: Period, zone: str, at: dt.datetime) -> Window:
    place = ZoneInfo(zone)
    starts_at, ends_at = (_hour if period is Period.HOUR else _dated)(period, place, at)
    return Window(f"{starts_at:%Y-%m-%dT%H:%MZ}", starts_at, ends_at)


def _hour(_: Period, zone: ZoneInfo, at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """The stretch around `at` in which the wall clock shows one hour, once."""
    shown = _wall_hour(zone, at)
    starts_at, ends_at = at - dt.timedelta(minutes=at.minute % 15), at
    while _wall_hour(zone, starts_at - _STEP) == shown:
        starts_at -= _STEP
    ends_at = starts_at + _STEP
    while _wall_hour(zone, ends_at) == shown:
        ends_at += _STEP
    return starts_at, ends_at


def _wall_hour(zone: ZoneInfo, at: dt.datetime) -> tuple[dt.date, int, dt.timedelta | None]:
    local = at.astimezone(zone)
    return local.date(), local.hour, local.utcoffset()


def _dated(period: Period, zone: ZoneInfo, at: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    day = at.astimezone(zone).date()
    first = day if period is Period.DAY else day.replace(day=1)
    later = first + dt.timedelta(days=1 if period is Period.DAY else 32)
    following = later if period is Period.DAY else later.replace(day=1)
    return _midnight(zone, first), _midnight(zone, following)


def _midnight(zone: ZoneInfo, day: dt.date) -> dt.datetime:
    """The first moment of a date. Where clocks skip midnight, that is the moment at which they do."""
    return dt.datetime.combine(day, dt.time(), zone).astimezone(dt.UTC)
