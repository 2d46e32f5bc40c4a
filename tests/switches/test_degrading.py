"""Degrading: down after failures in a row, up again after good probes, with the clock held still."""

from __future__ import annotations

import datetime as dt

from hypothesis import given, settings
from hypothesis import strategies as st

from pilothouse.switches.degrading import Degrading, Rules, Standing

RULES = Rules(failures=3, probes=2, backoff=10, longest=35)
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
RUNGS = 3


def at(seconds: float) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def degraded(level: int = 1) -> Degrading:
    machine = Degrading(RULES)
    for _ in range(level * RULES.failures):
        machine.tried(START, machine.standing.level, failed=True, rungs=RUNGS)
    assert machine.standing.level == level
    return machine


def test_failures_in_a_row_lower_it_and_a_success_between_them_does_not() -> None:
    machine = Degrading(RULES)
    for failed in (True, True, False, True, True):
        assert not machine.tried(START, 0, failed=failed, rungs=RUNGS)
    assert machine.first(START) == 0
    assert machine.tried(START, 0, failed=True, rungs=RUNGS)
    assert (machine.first(START), machine.standing.reason) == (1, "It failed 3 times in a row.")


def test_it_never_goes_below_the_last_rung() -> None:
    machine = degraded(2)
    for _ in range(10):
        assert not machine.tried(START, 2, failed=True, rungs=RUNGS)
    assert machine.standing.level == 2


def test_one_call_probes_when_the_time_has_come_and_the_others_do_not() -> None:
    machine = degraded()
    assert machine.first(at(9.9)) == 1
    assert [machine.first(at(10)) for _ in range(3)] == [0, 1, 1]


def test_good_probes_restore_it() -> None:
    machine = degraded()
    assert machine.first(at(10)) == 0
    assert not machine.tried(at(11), 0, failed=False, rungs=RUNGS)
    assert machine.first(at(11)) == 0  # the next probe is at once
    assert machine.tried(at(12), 0, failed=False, rungs=RUNGS)
    assert (machine.standing.level, machine.standing.probe_at) == (0, None)
    assert machine.standing.reason == "It works again."


def test_a_bad_probe_doubles_the_time_to_the_next_up_to_the_longest() -> None:
    machine, now, waits = degraded(), 10.0, []
    for _ in range(4):
        assert machine.first(at(now)) == 0
        assert machine.tried(at(now), 0, failed=True, rungs=RUNGS)
        assert machine.first(at(now)) == 1
        waits.append((machine.standing.probe_at - at(now)).total_seconds())
        now += waits[-1]
    assert waits == [20, 35, 35, 35]


def test_two_rungs_down_it_comes_back_one_at_a_time() -> None:
    machine = degraded(2)
    for _ in range(2):
        assert machine.first(at(10)) == 1
        machine.tried(at(10), 1, failed=False, rungs=RUNGS)
    assert machine.standing.level == 1
    assert machine.first(at(19)) == 1
    assert machine.first(at(20)) == 0


def test_what_another_process_says_is_taken_where_it_is_newer() -> None:
    machine = degraded()
    machine.adopt(Standing(level=0, changed_at=at(-1)))
    assert machine.standing.level == 1
    machine.adopt(Standing(level=0, changed_at=at(1)))
    assert machine.standing.level == 0


def test_other_rungs_say_nothing() -> None:
    machine = degraded(2)
    assert not machine.tried(at(1), 0, failed=True, rungs=RUNGS)
    assert machine.standing.level == 2


STEPS = st.lists(st.tuples(st.floats(0, 50), st.booleans()), max_size=80)


@given(STEPS, st.integers(1, 4))
@settings(max_examples=100, deadline=None)
def test_it_stands_on_a_rung_of_its_ladder_and_moves_one_at_a_time(
    steps: list[tuple[float, bool]], rungs: int
) -> None:
    machine, now = Degrading(RULES), 0.0
    for passed, failed in steps:
        now += passed
        before = machine.standing.level
        first = machine.first(at(now))
        assert first in {before, before - 1}
        assert first >= 0
        machine.tried(at(now), first, failed=failed, rungs=rungs)
        assert 0 <= machine.standing.level < rungs
        assert abs(machine.standing.level - before) <= 1
        assert (machine.standing.level == 0) == (machine.standing.probe_at is None)


@given(STEPS)
@settings(max_examples=50, deadline=None)
def test_once_everything_works_it_comes_back(steps: list[tuple[float, bool]]) -> None:
    machine, now = Degrading(RULES), 0.0
    for passed, failed in steps:
        now += passed
        machine.tried(at(now), machine.first(at(now)), failed=failed, rungs=RUNGS)
    for _ in range(2 * RULES.probes + 2):
        now += RULES.longest
        machine.tried(at(now), machine.first(at(now)), failed=False, rungs=RUNGS)
    assert machine.standing.level == 0
