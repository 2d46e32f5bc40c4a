"""Circuit breaker: stops calling what keeps failing, and finds out when it works again.

Semantics follow resilience4j's CircuitBreaker: a window of calls or of time, a failure rate and a rate of
slow calls, a bounded number of probes while half-open, states that are set by hand, and events. Two things
differ, see docs/decisions/0042: failures in a row open it as well, and of several probes one that has failed
is no verdict: more are let through, until two have failed or enough have not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pilothouse.kit.clock import Clock, SystemClock
from pilothouse.resilience.errors import BreakerOpen
from pilothouse.resilience.states import (
    BY_HAND,
    OF_CALLS,
    Counts,
    Event,
    Faults,
    Listen,
    Snapshot,
    State,
    Told,
)
from pilothouse.resilience.terms import BreakerTerms
from pilothouse.resilience.windows import FAILED, SLOW, CountWindow, Totals, window_of

T = TypeVar("T")

SOON = 1.0
"""Seconds after which to ask again where all probes are out."""
EXACT = 1e-9
"""What a product of a rate and a number of calls may be off, as 0.07 * 100 is."""


class Permit:
    """One call that was let through. It is settled once, by the first of the three that is called."""

    __slots__ = ("_breaker", "_era", "_settled", "_since")

    def __init__(self, breaker: Breaker, era: int, since: float) -> None:
        self._breaker, self._era, self._since = breaker, era, since
        self._settled = False

    def succeeded(self, result: object = None, *, seconds: float | None = None) -> None:
        """It has brought a result, in `seconds` (without: since the permit was given)."""
        if not self._settled:
            self._settled = True
            self._breaker.settle(self._era, self._took(seconds), None, result)

    def failed(self, error: BaseException, *, seconds: float | None = None) -> None:
        """It has raised an error. What ends a task rather than the call (cancellation) does not count."""
        if not isinstance(error, Exception):
            self.released()
        elif not self._settled:
            self._settled = True
            self._breaker.settle(self._era, self._took(seconds), error, None)

    def released(self) -> None:
        """It was given up: that says nothing of the dependency."""
        if not self._settled:
            self._settled = True
            self._breaker.release_probe(self._era)

    def _took(self, seconds: float | None) -> float:
        return self._breaker.clock.monotonic() - self._since if seconds is None else seconds


class Breaker:
    """Guards one dependency. Safe for concurrent use within one event loop.

    Raises `BreakerOpen` (retryable, carries `retry_after` in seconds) without calling when open.
    """

    def __init__(
        self,
        name: str,
        terms: BreakerTerms | None = None,
        *,
        faults: Faults | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Begin closed, or disabled where the terms say so."""
        self.name = name
        self.terms = terms or BreakerTerms()
        self.faults = faults or Faults()
        self.clock = clock or SystemClock()
        self._window = window_of(self.terms.kind, self.terms.window)
        self._trial = CountWindow(1)
        self._listeners: list[tuple[Listen, frozenset[Told]]] = []
        self._watched = False
        self._succeeded = self._failed = self._ignored = self._slow = self._refused = self._opened = 0
        self._era = 0
        self._row = self._probing = self._tried = self._allowed = 0
        self._until = 0.0
        self._reason = ""
        self._state = self._usual = State.CLOSED if self.terms.enabled else State.DISABLED
        self._since = self.clock.monotonic()

    @property
    def state(self) -> State:
        """The state of now: one that is over by the clock has ended."""
        state = self._state
        if state is State.OPEN and self.terms.automatic and self.clock.monotonic() >= self._until:
            self._half_open()
        elif state is State.HALF_OPEN:
            self._limit_trial()
        return self._state

    async def call(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do `work` where the breaker lets it through, and count how it went. Raises `BreakerOpen`."""
        permit = await self.permit()
        try:
            result = await work()
        except BaseException as error:
            permit.failed(error)
            raise
        permit.succeeded(result)
        return result

    @contextmanager
    def guarding(self) -> Iterator[Permit]:
        """As `call`, around a block; what the block does not settle by itself is settled at its end."""
        permit = self.acquire()
        try:
            yield permit
        except BaseException as error:
            permit.failed(error)
            raise
        permit.succeeded()

    async def permit(self) -> Permit:
        """As `acquire`; a breaker whose state is shared asks the others here."""
        return self.acquire()

    def acquire(self) -> Permit:
        """A permit for one call, which has to be settled. Raises `BreakerOpen`."""
        now = self.clock.monotonic()
        if self._state is not State.CLOSED:
            self._admit(now)
        return Permit(self, self._era, now)

    def check(self) -> None:
        """Raise `BreakerOpen` where a call would be refused now; nothing is taken and no probe spent."""
        state = self.state
        waiting = state is State.OPEN and self.clock.monotonic() < self._until
        probed = state is State.HALF_OPEN and not self._has_probe()
        if waiting or probed or state is State.FORCED_OPEN:
            raise self._refused_now()

    def settle(self, era: int, seconds: float, error: BaseException | None, result: object) -> None:
        """Count how a call went that was let through in an `era`; permits do so."""
        faults = self.faults
        if error is not None and faults.ignores(error):
            self._ignored += 1
            self.release_probe(era)
            self._tell(Told.IGNORED, seconds, error)
            return
        if self._state is State.DISABLED:
            return
        failed = faults.records(error) if error is not None else bool(faults.result and faults.result(result))
        slow = seconds >= self.terms.slow_after
        if failed:
            self._failed += 1
        else:
            self._succeeded += 1
        if slow:
            self._slow += 1
        if self._watched:
            self._tell(Told.ERROR if failed else Told.SUCCESS, seconds, error)
            if slow:
                self._tell(Told.SLOW, seconds, error)
        self._record(era, (FAILED if failed else 0) | (SLOW if slow else 0))

    def release_probe(self, era: int) -> None:
        """Let another call be the probe in the place of one that was given up; permits do so."""
        if era == self._era and self._state is State.HALF_OPEN:
            self._probing -= 1

    def force(self, state: State, reason: str = "") -> None:
        """Set a state by hand: one of `forced_open`, `disabled`, `metrics_only`. It stays until `release`."""
        if state not in BY_HAND:
            message = f"{state} is no state that is set by hand"
            raise ValueError(message)
        if self._state is not state:
            self._move(state, reason or "It was set by hand.")

    def release(self, reason: str = "") -> None:
        """End what was set by hand: the breaker is as it was made, and knows nothing of earlier calls."""
        if self._state in BY_HAND and self._state is not self._usual:
            self._move(self._usual, reason or "What was set by hand has ended.")

    def reset(self) -> None:
        """Forget every call, and close; what was set by hand stays."""
        if self._state in BY_HAND:
            self._clear()
        else:
            self._move(State.CLOSED, "It was reset.")
        self._tell(Told.RESET)

    def trip(self, reason: str = "") -> None:
        """Open now, as after too many failures."""
        self._until = self.clock.monotonic() + self.terms.open_for
        self._move(State.OPEN, reason or "It was opened.")

    def on_event(self, listen: Listen, *told: Told) -> Callable[[], None]:
        """Call `listen` for events of these kinds, or for all; returns what ends that.

        It must not block, nor raise. Where nobody listens to single calls, nothing is made of them.
        """
        wanted = (listen, frozenset(told or Told))
        self._listeners.append(wanted)
        self._watched = any(kinds & OF_CALLS for _, kinds in self._listeners)

        def off() -> None:
            self._listeners.remove(wanted)
            self._watched = any(kinds & OF_CALLS for _, kinds in self._listeners)

        return off

    def snapshot(self) -> Snapshot:
        """How the breaker is now, with what the window holds."""
        state, now = self.state, self.clock.monotonic()
        window = self._trial if state is State.HALF_OPEN else self._window
        return Snapshot(
            name=self.name,
            state=state,
            window=window.totals(now),
            in_a_row=self._row,
            counts=Counts(
                *(self._succeeded, self._failed, self._ignored, self._slow, self._refused, self._opened)
            ),
            since=self._since,
            open_until=self._until if state is State.OPEN else None,
            reason=self._reason,
        )

    def _admit(self, now: float) -> None:
        """Let a call through in another state than closed, or raise `BreakerOpen`."""
        if self._state is State.OPEN and now >= self._until:
            self._half_open()
        elif self._state is State.HALF_OPEN:
            self._limit_trial()
        if self._state is State.HALF_OPEN and self._has_probe():
            self._probing += 1
            self._until = now + self.terms.half_open_for
        elif self._state not in {State.DISABLED, State.METRICS_ONLY}:
            raise self._refused_now()

    def _has_probe(self) -> bool:
        return self._probing + self._tried < self._allowed

    def _record(self, era: int, outcome: int) -> None:
        """Add an outcome to the window of its state; one of an earlier state says nothing of now."""
        if era != self._era:
            return
        self._row = self._row + 1 if outcome & FAILED else 0
        if self._state is State.HALF_OPEN:
            self._probed(outcome)
            return
        totals = self._window.add(outcome, self.clock.monotonic())
        if self._state is State.CLOSED and (outcome or totals.failed or totals.slow):
            self._judge(totals)

    def _judge(self, totals: Totals) -> None:
        """Open where the window, or the failures in a row, say so."""
        why = self.verdict(totals, self._row)
        if why is not None:
            self.trip(why)

    def verdict(self, totals: Totals, row: int) -> str | None:
        """Why a breaker opens that has seen this much since it has closed; None where it does not."""
        terms = self.terms
        if terms.in_a_row and row >= terms.in_a_row:
            return f"{row} calls in a row have failed."
        if totals.calls < terms.least:
            return None
        if totals.failed and totals.failed >= terms.failure_rate * totals.calls - EXACT:
            return f"{totals.failed} of the last {totals.calls} calls have failed."
        if totals.slow and totals.slow >= terms.slow_rate * totals.calls - EXACT:
            return f"{totals.slow} of the last {totals.calls} calls took {terms.slow_after:g} s or more."
        return None

    def _probed(self, outcome: int) -> None:
        """Count a probe; when as many are back as were allowed, close, open, or allow more."""
        self._probing -= 1
        self._tried += 1
        totals = self._trial.add(outcome, 0.0)
        if totals.calls < self._allowed:
            return
        terms = self.terms
        both = (totals.failed, terms.failure_rate), (totals.slow, terms.slow_rate)
        bad, rate = max(both, key=lambda pair: pair[0] / pair[1])
        if bad and bad >= rate * totals.calls - EXACT:
            if bad == 1 < totals.calls:
                self._allow(self._allowed + terms.probes)
            else:
                self.trip(f"{bad} of {totals.calls} probes have failed or were slow.")
        else:
            self._move(State.CLOSED, f"{totals.calls - totals.failed} of {totals.calls} probes went well.")

    def _allow(self, probes: int) -> None:
        """Allow so many probes in all; what they have brought so far stays."""
        found, self._trial = self._trial.totals(0.0), CountWindow(probes)
        for number in range(found.calls):
            bits = (FAILED if number < found.failed else 0) | (SLOW if number < found.slow else 0)
            self._trial.add(bits, 0.0)
        self._allowed = probes

    def _half_open(self) -> None:
        self._move(State.HALF_OPEN, f"It was open for {self.terms.open_for:g} s.")
        self._probing = self._tried = 0
        self._trial.clear()
        self._allow(self.terms.probes)

    def _limit_trial(self) -> None:
        """Open again where probes are out for too long; where none is, the next call is one, whenever."""
        if self._probing and self.clock.monotonic() >= self._until:
            self.trip(f"A probe has not come back within {self.terms.half_open_for:g} s.")

    def _move(self, state: State, reason: str) -> None:
        """Stand in another state: calls of the one before do not count any more."""
        before, self._state = self._state, state
        self._since, self._reason = self.clock.monotonic(), reason
        self._clear()
        if state is State.OPEN:
            self._opened += 1
            self._wake_later()
        if before is not state:
            self._tell(Told.TRANSITION, before=before, after=state, reason=reason)

    def _clear(self) -> None:
        self._era += 1
        self._row = self._probing = self._tried = 0
        self._window.clear()

    def _wake_later(self) -> None:
        """Become half-open on time although nobody calls, where a loop runs that can see to it."""
        if self.terms.automatic:
            try:
                loop = asyncio.get_running_loop()
            except RuntimeError:
                return
            loop.call_later(self.terms.open_for + 0.001, lambda: self.state)

    def _refused_now(self) -> BreakerOpen:
        """The refusal of a call, counted."""
        self._refused += 1
        refusal = self._refusal()
        self._tell(Told.NOT_PERMITTED, 0.0, refusal)
        return refusal

    def _refusal(self) -> BreakerOpen:
        forced = self._state is State.FORCED_OPEN
        left = self._until - self.clock.monotonic()
        wait = None if forced else max(left, 0.001) if self._state is State.OPEN else SOON
        return BreakerOpen(
            f"{self.name} is left alone: {self._reason}",
            hint="An operator has opened its breaker, and closes it." if forced else None,
            retry_after=wait,
        )

    def _tell(
        self,
        told: Told,
        seconds: float = 0.0,
        error: BaseException | None = None,
        *,
        before: State | None = None,
        after: State | None = None,
        reason: str = "",
    ) -> None:
        if self._listeners:
            event = Event(told, self.name, self.clock.monotonic(), seconds, error, before, after, reason)
            for listen, wanted in list(self._listeners):
                if told in wanted:
                    listen(event)
