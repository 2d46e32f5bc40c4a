"""Time that stands still until a test moves it."""

from __future__ import annotations

import datetime as dt

START = dt.datetime(2030, 1, 31, 12, 0, tzinfo=dt.UTC)


class ManualClock:
    def __init__(self, start: dt.datetime = START) -> None:
        self.time = start

    def now(self) -> dt.datetime:
        return self.time

    def monotonic(self) -> float:
        return (self.time - START).total_seconds()

    def advance(self, seconds: float) -> None:
        self.time += dt.timedelta(seconds=seconds)
