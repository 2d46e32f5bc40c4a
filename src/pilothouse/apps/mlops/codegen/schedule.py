"""Schedules: days between runs as a cron line of Unix, and that line as EventBridge writes it."""

from __future__ import annotations

_DAYS = {"0": "SUN", "1": "MON", "2": "TUE", "3": "WED", "4": "THU", "5": "FRI", "6": "SAT", "*": "*"}


def unix_cron(days: float) -> str:
    """A cron line (UTC) for something due every `days`.

    Cron knows no arbitrary interval: under a day it is hours that divide 24, over it the next more frequent
    of daily, weekly, every two weeks (1st and 15th), monthly and quarterly. Raises `ValueError` for no time.
    """
    if days <= 0:
        raise ValueError(f"A schedule cannot repeat every {days} days.")
    if days < 1:
        hours = max(hour for hour in (1, 2, 3, 4, 6, 8, 12) if hour <= max(1, days * 24))
        return f"0 */{hours} * * *" if hours > 1 else "0 * * * *"
    lines = (
        (90, "0 3 1 1,4,7,10 *"),
        (28, "0 3 1 * *"),
        (14, "0 3 1,15 * *"),
        (7, "0 3 * * 1"),
        (1, "0 3 * * *"),
    )
    return next(line for limit, line in lines if days >= limit)


def eventbridge(cron: str) -> str:
    """A Unix cron line as an EventBridge schedule, which wants a year and exactly one `?` among the days.

    Syntax: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
    """
    minute, hour, day, month, weekday = cron.split()
    if day == "*":
        return f"cron({minute} {hour} ? {month} {_DAYS[weekday]} *)"
    return f"cron({minute} {hour} {day} {month} ? *)"
