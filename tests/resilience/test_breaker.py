"""The breaker's states: what opens it, how it finds out, what counts, and what is set by hand."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pilothouse.resilience import Breaker, BreakerOpen, BreakerTerms, Event, Faults, Permit, State, Told
from support.clocks import ManualClock

TERMS = BreakerTerms(window=10, minimum=4, failure_rate=0.5, in_a_row=0, open_for=60)
ODD = ValueError("odd")


class Bench:
    """A breaker with a clock of its own, and calls that end as they are told."""

    def __init__(self, terms: BreakerTerms = TERMS, faults: Faults | None = None) -> None:
        self.clock = ManualClock()
        self.breaker = Breaker("x", terms, faults=faults, clock=self.clock)
        self.events: list[Event] = []
        self.breaker.on_event(self.events.append)

    @property
    def state(self) -> State:
        return self.breaker.state

    def does(self, outcomes: str) -> None:
        """`.` goes well, `x` fails, `s` is slow, `c` is cancelled, `-` is refused."""
        for one in outcomes:
            if one == "-":
                with pytest.raises(BreakerOpen):
                    self.breaker.acquire()
                continue
            self.ends(self.breaker.acquire(), one)

    def ends(self, permit: Permit, outcome: str) -> None:
        if outcome == "s":
            self.clock.advance(60)
        if outcome == "x":
            permit.failed(OSError())
        elif outcome == "c":
            permit.failed(asyncio.CancelledError())
        else:
            permit.succeeded()


def test_it_opens_at_its_failure_rate_but_not_before_the_minimum() -> None:
    bench = Bench()
    bench.does("xxx")
    assert bench.state is State.CLOSED
    bench.does("x-")
    assert bench.state is State.OPEN
    assert bench.breaker.snapshot().reason == "4 of the last 4 calls have failed."
    below = Bench()
    below.does("...x" * 3)
    assert below.state is State.CLOSED


def test_five_failures_in_a_row_open_it_however_good_the_rest_was() -> None:
    bench = Bench(BreakerTerms())
    bench.does("." * 20 + "xxxx.xxxx")
    assert bench.state is State.CLOSED
    bench.does("x-")
    assert bench.breaker.snapshot().reason == "5 calls in a row have failed."


def test_slow_calls_open_it_although_they_succeed() -> None:
    bench = Bench(BreakerTerms(window=10, minimum=4, slow_rate=0.5, slow_after=60))
    bench.does("..s")
    assert bench.state is State.CLOSED
    bench.does("s")
    assert (bench.state, bench.breaker.snapshot().counts.slow) == (State.OPEN, 2)


def test_a_window_of_time_forgets_what_is_too_old() -> None:
    bench = Bench(BreakerTerms(kind="time", window=10, minimum=4, in_a_row=0))
    bench.does("xxx")
    bench.clock.advance(11)
    bench.does("x.x")
    assert bench.state is State.CLOSED
    bench.does("x")
    assert bench.state is State.OPEN


def test_the_refusal_says_when_to_ask_again_and_can_be_retried() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(20)
    with pytest.raises(BreakerOpen) as refused:
        bench.breaker.check()
    assert refused.value.retry_after == pytest.approx(40)
    assert refused.value.retryable
    assert bench.breaker.snapshot().counts.not_permitted == 1


def test_it_becomes_half_open_by_itself_and_lets_two_probes_through_and_no_third() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(59.9)
    assert bench.state is State.OPEN
    bench.clock.advance(0.2)
    assert bench.state is State.HALF_OPEN
    first, second = bench.breaker.acquire(), bench.breaker.acquire()
    bench.does("--")
    bench.ends(first, ".")
    bench.does("-")
    bench.ends(second, ".")
    assert bench.state is State.CLOSED
    assert bench.breaker.snapshot().window.calls == 0


def test_without_automatic_transition_the_next_call_is_the_probe() -> None:
    bench = Bench(TERMS.model_copy(update={"automatic": False}))
    bench.does("xxxx")
    bench.clock.advance(61)
    assert bench.state is State.OPEN
    bench.does(".")
    assert bench.state is State.HALF_OPEN


def test_two_bad_probes_open_it_again_and_one_of_two_is_no_verdict() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(61)
    bench.does("xx")
    assert (bench.state, bench.breaker.snapshot().counts.opened) == (State.OPEN, 2)
    bench.clock.advance(61)
    bench.does("x.")
    assert bench.state is State.HALF_OPEN
    bench.does("..")
    assert bench.state is State.CLOSED
    again = Bench()
    again.does("xxxx")
    again.clock.advance(61)
    again.does(".x.x")
    assert again.state is State.OPEN


def test_a_single_probe_decides_where_there_is_but_one() -> None:
    bench = Bench(TERMS.model_copy(update={"probes": 1}))
    bench.does("xxxx")
    bench.clock.advance(61)
    bench.does("x-")
    bench.clock.advance(61)
    bench.does(".")
    assert bench.state is State.CLOSED


def test_a_probe_that_does_not_come_back_opens_it_again() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(61)
    lost = bench.breaker.acquire()
    bench.clock.advance(61)
    assert bench.state is State.OPEN
    bench.ends(lost, ".")
    bench.clock.advance(61)
    bench.does("..")
    assert bench.state is State.CLOSED


def test_a_probe_that_is_cancelled_leaves_its_place_to_another() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(61)
    bench.does("ccc..")
    assert bench.state is State.CLOSED


def test_few_calls_do_not_open_what_waits_for_its_second_probe() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.clock.advance(600)
    bench.does(".")
    bench.clock.advance(3_600)
    assert bench.state is State.HALF_OPEN
    bench.does(".")
    assert bench.state is State.CLOSED


def test_calls_of_an_earlier_state_say_nothing_of_now() -> None:
    bench = Bench()
    late = [bench.breaker.acquire() for _ in range(6)]
    bench.does("xxxx")
    bench.clock.advance(61)
    assert bench.state is State.HALF_OPEN
    for permit in late:
        bench.ends(permit, "x")
    assert bench.state is State.HALF_OPEN
    bench.does("..")
    assert bench.state is State.CLOSED


def test_cancelled_calls_do_not_count() -> None:
    bench = Bench()
    bench.does("c" * 50)
    assert bench.breaker.snapshot().window.calls == 0


def test_ignored_errors_count_as_nothing_and_others_as_the_terms_say() -> None:
    faults = Faults(recorded=(OSError,), ignored=lambda error: error is ODD)
    bench = Bench(faults=faults)
    for _ in range(9):
        bench.breaker.acquire().failed(ODD)
    assert bench.breaker.snapshot().window.calls == 0
    for _ in range(9):
        bench.breaker.acquire().failed(ValueError("the service has answered"))
    assert bench.breaker.snapshot().window.failed == 0
    bench.does("x" * 5 + "-")
    assert bench.state is State.OPEN
    assert [event.told for event in bench.events[:9]] == [Told.IGNORED] * 9


def test_a_result_can_be_a_failure() -> None:
    bench = Bench(faults=Faults(result=lambda found: found == "busy"))
    for _ in range(4):
        bench.breaker.acquire().succeeded("busy")
    assert bench.state is State.OPEN


async def test_a_call_is_counted_once_and_its_error_raised_as_it_is() -> None:
    bench = Bench()

    async def broken() -> None:
        raise ODD

    for _ in range(4):
        with pytest.raises(ValueError, match="odd") as raised:
            await bench.breaker.call(broken)
        assert raised.value is ODD
    with pytest.raises(BreakerOpen):
        await bench.breaker.call(broken)
    assert bench.breaker.snapshot().counts.failed == 4


def test_a_block_is_guarded_as_a_call() -> None:
    bench = Bench()
    with bench.breaker.guarding():
        pass
    with pytest.raises(OSError, match="gone"), bench.breaker.guarding():
        raise OSError("gone")
    counts = bench.breaker.snapshot().counts
    assert (counts.succeeded, counts.failed) == (1, 1)


@pytest.mark.parametrize("state", [State.FORCED_OPEN, State.DISABLED, State.METRICS_ONLY])
def test_what_is_set_by_hand_stays_until_it_is_released(state: State) -> None:
    bench = Bench()
    bench.breaker.force(state, "INC-7")
    calls = "-" * 8 if state is State.FORCED_OPEN else "x" * 8
    bench.does(calls)
    bench.clock.advance(1_000)
    bench.does(calls)
    bench.breaker.reset()
    assert bench.state is state
    bench.breaker.release()
    assert bench.state is State.CLOSED
    bench.does("...")


def test_metrics_are_counted_where_only_they_are_wanted_and_not_where_it_is_disabled() -> None:
    watching, off = Bench(), Bench()
    watching.breaker.force(State.METRICS_ONLY)
    off.breaker.force(State.DISABLED)
    for bench in (watching, off):
        bench.does("x" * 8)
    assert watching.breaker.snapshot().window.failed == 8
    assert off.breaker.snapshot().window.calls == 0
    assert [event.told for event in off.events] == [Told.TRANSITION]
    with pytest.raises(ValueError, match="no state that is set by hand"):
        off.breaker.force(State.CLOSED)


def test_one_that_is_made_disabled_is_closed_by_nobody() -> None:
    bench = Bench(BreakerTerms(enabled=False))
    bench.does("x" * 30)
    bench.breaker.release()
    assert bench.state is State.DISABLED


def test_events_tell_of_everything_in_order() -> None:
    bench = Bench()
    bench.does(".sxx-")
    bench.clock.advance(61)
    bench.does("..")
    bench.breaker.reset()
    moves = [(event.before, event.after) for event in bench.events if event.told is Told.TRANSITION]
    assert moves == [
        (State.CLOSED, State.OPEN),
        (State.OPEN, State.HALF_OPEN),
        (State.HALF_OPEN, State.CLOSED),
    ]
    told = [event.told.value for event in bench.events]
    assert told[:4] == ["success", "success", "slow", "error"]
    assert told[-1] == "reset"
    assert "not_permitted" in told


def test_a_reset_forgets_all_and_closes() -> None:
    bench = Bench()
    bench.does("xxxx")
    bench.breaker.reset()
    assert bench.state is State.CLOSED
    bench.does("xxx")
    assert bench.state is State.CLOSED


async def test_with_a_loop_it_becomes_half_open_although_nobody_calls() -> None:
    seen: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    breaker = Breaker("x", BreakerTerms(minimum=1, in_a_row=1, open_for=0.02))
    breaker.on_event(lambda event: seen.set_result(None) if event.after is State.HALF_OPEN else None)
    breaker.acquire().failed(OSError())
    async with asyncio.timeout(5):
        await seen


def test_a_full_window_is_judged_although_the_minimum_is_greater() -> None:
    bench = Bench(BreakerTerms(window=4, minimum=10, in_a_row=0))
    bench.does("x.x")
    assert bench.state is State.CLOSED
    bench.does("x-")


def test_a_fresh_one_opens_after_five_failures_in_a_row() -> None:
    bench = Bench(BreakerTerms())
    bench.does("xxxxx-")
