"""The breaker against a naive model of it, over any sequence of calls, ends and waits."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from pilothouse.resilience import Breaker, BreakerOpen, BreakerTerms, Permit, State
from support.clocks import ManualClock


class Model(RuleBasedStateMachine):
    """Keeps every outcome since the last change of state, and judges them anew each time."""

    @initialize(
        window=st.integers(2, 8), minimum=st.integers(1, 8), row=st.integers(0, 4), probes=st.integers(1, 4)
    )
    def begin(self, window: int, minimum: int, row: int, probes: int) -> None:
        self.terms = BreakerTerms(
            window=window, minimum=min(window, minimum), in_a_row=row, probes=probes, open_for=10
        )
        self.clock = ManualClock()
        self.breaker = Breaker("x", self.terms, clock=self.clock)
        self.state, self.opened_at, self.rounds = State.CLOSED, 0.0, 1
        self.seen: list[bool] = []
        self.out: list[tuple[Permit, int]] = []
        self.era = 0

    def move(self, state: State) -> None:
        self.state, self.seen, self.rounds = state, [], 1
        self.era += 1
        self.opened_at = self.clock.monotonic()

    def half_open_when_due(self) -> None:
        if self.state is State.OPEN and self.clock.monotonic() - self.opened_at >= 10:
            self.move(State.HALF_OPEN)

    @rule()
    def call(self) -> None:
        self.half_open_when_due()
        out = sum(era == self.era for _, era in self.out)
        full = out + len(self.seen) >= self.terms.probes * self.rounds
        refused = self.state is State.OPEN or (self.state is State.HALF_OPEN and full)
        try:
            permit = self.breaker.acquire()
        except BreakerOpen:
            assert refused
        else:
            assert not refused
            self.out.append((permit, self.era))

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 100), failed=st.booleans())
    def end(self, which: int, failed: bool) -> None:
        permit, era = self.out.pop(which % len(self.out))
        permit.failed(OSError()) if failed else permit.succeeded()
        if era != self.era:
            return
        self.seen.append(failed)
        if self.state is State.CLOSED:
            self.judge()
        elif len(self.seen) == self.terms.probes * self.rounds:
            self.judge_probes()

    @precondition(lambda self: self.out)
    @rule(which=st.integers(0, 100))
    def give_up(self, which: int) -> None:
        permit, _ = self.out.pop(which % len(self.out))
        permit.released()
        permit.failed(OSError())  # it is settled already

    @rule(seconds=st.sampled_from([0.5, 4.0, 10.0]))
    def wait(self, seconds: float) -> None:
        self.half_open_when_due()
        self.clock.advance(seconds)

    def judge(self) -> None:
        terms, last = self.terms, self.seen[-self.terms.window :]
        row = next((number for number, one in enumerate(reversed(self.seen)) if not one), len(self.seen))
        in_a_row = terms.in_a_row and row >= terms.in_a_row
        if in_a_row or (len(last) >= terms.minimum and sum(last) >= len(last) / 2):
            self.move(State.OPEN)

    def judge_probes(self) -> None:
        bad = sum(self.seen)
        if bad < len(self.seen) / 2:
            self.move(State.CLOSED)
        elif bad == 1 < len(self.seen):
            self.rounds += 1
        else:
            self.move(State.OPEN)

    @invariant()
    def is_the_same(self) -> None:
        if hasattr(self, "breaker") and not self.out:
            self.half_open_when_due()
            assert self.breaker.state is self.state


Model.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestModel = Model.TestCase
