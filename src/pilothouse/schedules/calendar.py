"""When a schedule fires: pure functions over cron expressions, intervals and time zones.

Cron expressions are read, and matched on the wall clock, by cronsim, which follows Debian's cron. What
happens where the wall clock jumps is decided here, by the rule of that cron's manual page (cron(8), NOTES): a
job at a time that is left out runs right behind the gap, one at a time that comes twice runs the first time
only, and one whose minutes or hours begin with `*` simply goes by what the clock shows.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from pilothouse.errors import InvalidInput

MAX_CRON = 200
"""Characters of a cron expression."""

MAX_INTERVAL = 366 * 86_400
"""Seconds between two fires, at most."""

LAST_YEAR = 2900
"""Nothing fires behind it, so that no arithmetic on dates can overflow."""

_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_FIELDS = "Give five fields: minute, hour, day of the month, month, day of the week (30 7 * * MON-FRI)."
_LEAST, _SECOND, _DAY = dt.timedelta.resolution, dt.timedelta(seconds=1), dt.timedelta(days=1)
_ANY = dt.datetime(2024, 1, 1)  # noqa: DTZ001 - a wall clock has no zone of its own


@dataclass(frozen=True)
class Rhythm:
    """When a schedule fires: by `cron` on the clocks of `zone`, or every `interval` seconds from `anchor`.

    Exactly one of both is given. `anchor`, a whole second, is the first moment at which it may fire; behind
    `end` (None: never) it fires no more.
    """

    cron: str | None
    interval: int | None
    zone: str
    anchor: dt.datetime
    end: dt.datetime | None = None

    def after(self, moment: dt.datetime) -> dt.datetime | None:
        """The first fire later than `moment`, in UTC; None where there is none any more."""
        moment = max(moment, self.anchor - _SECOND).astimezone(dt.UTC)
        if moment.year > LAST_YEAR:
            return None
        found = self._after(moment)
        past = found is None or found.year > LAST_YEAR or (self.end is not None and found > self.end)
        return None if past else found

    def _after(self, moment: dt.datetime) -> dt.datetime | None:
        if self.interval is None:
            return next_cron(self.cron or "", self.zone, moment)
        interval = dt.timedelta(seconds=self.interval)
        passed = (moment - self.anchor) // interval
        return self.anchor.astimezone(dt.UTC) + (passed + 1) * interval

    def following(self, moment: dt.datetime) -> Iterator[dt.datetime]:
        """Every fire later than `moment`, in order."""
        found = self.after(moment)
        while found is not None:
            yield found
            found = self.after(found)

    def between(self, first: dt.datetime, last: dt.datetime, most: int) -> list[dt.datetime]:
        """The last `most` fires from `first` to `last`, both included, in order.

        It looks back from `last` over a stretch that doubles until it holds enough, so that years of a
        schedule by the second cost no more than `most` needs.
        """
        stretch = dt.timedelta(minutes=1) if self.interval is None else self.interval * most * _SECOND
        while True:
            since = first if stretch >= last - first else last - stretch
            found = list(takewhile(lambda fire: fire <= last, self.following(since - _LEAST)))
            if len(found) >= most or since == first:
                return found[-most:]
            stretch *= 2

    def __str__(self) -> str:
        """The rhythm in words."""
        if self.interval is not None:
            return f"every {_duration(self.interval)}"
        return f"{CronSim(_expanded(self.cron or ''), _ANY).explain()} ({self.zone})"


def checked_zone(name: str) -> str:
    """`name`, if the IANA time zone database has it; raises `InvalidInput` otherwise."""
    if name not in _zones():
        raise InvalidInput(
            f"{name[:60]!r} is no time zone of the IANA database.", hint="Write it as Europe/Berlin or UTC."
        )
    return name


def checked_cron(expression: str) -> str:
    """A cron expression with single spaces; raises `InvalidInput` where it is none or never comes true."""
    written = " ".join(expression.split())
    if len(written) > MAX_CRON:
        raise InvalidInput(f"The cron expression has more than {MAX_CRON} characters.")
    expanded = _expanded(written)
    if len(expanded.split()) != 5:
        raise InvalidInput(f"{written!r} is no cron expression.", hint=_FIELDS)
    try:
        comes = next(CronSim(expanded, _ANY), None)
    except CronSimError as error:
        said = str(error).removeprefix("Bad ")
        raise InvalidInput(f"{written!r} is no cron expression: its {said} is wrong.", hint=_FIELDS) from None
    if comes is None:
        raise InvalidInput(f"{written!r} names no moment in the next 50 years.", hint=_FIELDS)
    return written


def next_cron(expression: str, zone: str, moment: dt.datetime) -> dt.datetime | None:
    """The first moment after `moment` at which a cron job runs in a time zone, in UTC.

    None where there is none in the next 50 years.
    """
    expanded, place = _expanded(expression), ZoneInfo(zone)
    minutes, hours, *_ = expanded.split()
    if minutes.startswith("*") or hours.startswith("*"):
        return _next_shown(expanded, place, moment)
    for wall in CronSim(expanded, _wall(moment, place)):
        found = _instant(wall, place)
        if found > moment:
            return found
    return None


def _next_shown(expanded: str, place: ZoneInfo, moment: dt.datetime) -> dt.datetime | None:
    """The first moment after `moment` at which the clock shows what the expression names.

    It goes from one jump of the clock to the next; between two of them the clock is even.
    """
    since = moment.astimezone(dt.UTC).replace(microsecond=0) + _SECOND
    while True:
        shown = _wall(since, place)
        wall = next(CronSim(expanded, shown - _SECOND), None)
        if wall is None:
            return None
        found = since + (wall - shown)
        jump = _first_jump(place, since, found)
        if jump is None:
            return found
        since = jump


def _instant(wall: dt.datetime, place: ZoneInfo) -> dt.datetime:
    """When the clock shows `wall` for the first time; the end of the gap where it never does."""
    found = wall.replace(tzinfo=place).astimezone(dt.UTC)
    gap = _wall(found, place) - wall
    if not gap:
        return found
    return _first_jump(place, found - gap - _SECOND, found) or found


def _first_jump(place: ZoneInfo, since: dt.datetime, until: dt.datetime) -> dt.datetime | None:
    """The first moment behind `since`, at most `until`, from which the zone's offset is another one.

    Jumps are found to the second; two that undo each other within a day are not seen.
    """
    low = since
    while low < until:
        high = min(low + _DAY, until)
        if _offset(low, place) == _offset(high, place):
            low = high
            continue
        before = _offset(low, place)
        while high - low > _SECOND:
            middle = low + (high - low) // _SECOND // 2 * _SECOND
            low, high = (middle, high) if _offset(middle, place) == before else (low, middle)
        return high
    return None


def _offset(moment: dt.datetime, place: ZoneInfo) -> dt.timedelta | None:
    return moment.astimezone(place).utcoffset()


def _wall(moment: dt.datetime, place: ZoneInfo) -> dt.datetime:
    return moment.astimezone(place).replace(tzinfo=None, fold=0)


def _expanded(expression: str) -> str:
    return _NICKNAMES.get(expression.lower(), expression)


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def _duration(seconds: int) -> str:
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            count = seconds // unit
            return name if count == 1 else f"{count} {name}s"
    return "second" if seconds == 1 else f"{seconds} seconds"
