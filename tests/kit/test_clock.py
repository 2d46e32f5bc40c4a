"""The machine's clock."""

from __future__ import annotations

import datetime as dt

from pilothouse.kit.clock import SystemClock


def test_it_tells_the_time_in_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)
    assert clock.now().tzinfo is dt.UTC
    assert clock.monotonic() <= clock.monotonic()
