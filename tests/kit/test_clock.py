"""The machine's clock, and the server's."""

from __future__ import annotations

import datetime as dt
import time

from pilothouse.kit.clock import ServerClock, SystemClock, elapsed
from support.clocks import START, ManualClock


def test_it_tells_the_time_in_utc_and_never_goes_back() -> None:
    clock = SystemClock()
    assert abs(clock.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)
    assert clock.now().tzinfo is dt.UTC
    assert clock.monotonic() <= clock.monotonic()


def test_before_it_is_told_the_servers_clock_shows_the_machines() -> None:
    assert ServerClock(ManualClock()).now() == START
    assert abs(ServerClock().now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=5)


def test_once_told_it_shows_the_servers_time_whatever_the_machine_is_set_to() -> None:
    machine = ManualClock()
    clock = ServerClock(machine)
    asked = elapsed()
    clock.told(START + dt.timedelta(hours=5), asked, asked + 0.2)
    machine.advance(-86_400)
    passed = elapsed() - asked
    assert abs((clock.now() - START).total_seconds() - 5 * 3_600 - passed + 0.1) < 0.05
    assert clock.monotonic() <= elapsed()


def test_an_answer_that_agrees_moves_nothing_however_slow_it_is() -> None:
    clock = ServerClock()
    now = elapsed()
    clock.told(START, now - 0.01, now + 0.01)
    before = clock._ahead
    clock.told(START + dt.timedelta(seconds=3), now - 5, now + 5)
    assert clock._ahead == before


def test_a_clock_that_drifted_is_moved_no_further_than_it_must_be() -> None:
    clock = ServerClock()
    now = elapsed()
    clock.told(START, now, now)
    before = clock._ahead
    clock.told(START + dt.timedelta(seconds=10), now, now + 2)  # it is 8 to 10 seconds ahead by now
    assert abs(clock._ahead - before - 8) < 0.001
    clock.told(START, now - 3, now)  # and 0 to 3 seconds ahead again
    assert abs(clock._ahead - before - 3) < 0.001


def test_nobody_sets_what_has_elapsed() -> None:
    first, since = elapsed(), time.monotonic()
    time.sleep(0.01)
    assert abs((elapsed() - first) - (time.monotonic() - since)) < 0.05
