"""Breakers, retries and ladders: what one costs, how often it opens for nothing, and what outages do.

The cost, and what agents answer while providers fail, are measured on the clock of the machine. The others
are simulated in virtual time: the product's own code on an event loop whose clock jumps to the next thing to
do, so that an hour takes a second and each run is the same. It takes eleven minutes, ten of them with
providers that fail. `--quick` takes fewer calls, makes outages a tenth as long, and writes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import random
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pilothouse.resilience import (
    Breaker,
    BreakerOpen,
    BreakerTerms,
    Dependency,
    Event,
    RetryTerms,
    State,
    Terms,
    Told,
)
from pilothouse.telemetry import logs
from report import RESULTS, Measure, report
from resilience_models import RECOVERY, Form, availability, structured

COST = 10.0
"""Microseconds that a breaker may add to a call."""
FALSE = 0.01
"""The part of all openings that may be false."""
REFUSED = 5.0
"""Milliseconds in which a call fails once the breaker is open."""
ATTEMPTS = 1.2
"""Attempts for each call over an outage."""
LENGTHS = (5, 20, 45, 60, 75, 150, 300)
"""Seconds of outages after which recovery is measured."""
SOONER = Terms(breaker=BreakerTerms(open_for=1.5))
"""What makes recovery quick after an outage of any length."""


class VirtualTime(asyncio.SelectorEventLoop):
    """An event loop that does not wait: its clock jumps to the next thing that is due."""

    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        selector: Any = vars(self)["_selector"]
        select = selector.select

        def jump(timeout: float | None = None) -> Any:
            self._now += timeout or 0.0
            return select(0)

        selector.select = jump

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._now


class Simulated:
    """A clock that a simulation moves, or that goes with the running loop."""

    def __init__(self) -> None:
        self.at: float | None = 0.0

    def monotonic(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time() if self.at is None else self.at

    def now(self) -> dt.datetime:
        """The same as a moment."""
        return dt.datetime(2030, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=self.monotonic())


def cost(calls: int) -> list[Measure]:
    """Microseconds that the breaker adds to a call, in all: the median of slices against a plain call."""

    async def work() -> None:
        return None

    async def slices() -> Iterator[tuple[float, float, float]]:
        breaker, made, found = Breaker("x"), Dependency("x"), []
        for _ in range(9):
            plain = await timed(work, calls)
            guarded = await timed(lambda: breaker.call(work), calls)
            whole = await timed(lambda: made.call(work), calls // 10)
            found.append((plain, guarded, whole))
        return iter(found)

    plain, guarded, whole = (statistics.median(column) for column in zip(*asyncio.run(slices()), strict=True))
    added = guarded - plain
    return [
        Measure(
            *("breaker, added to a call", added, "us", COST, "a plain call", plain, guarded / plain),
            met=added < COST,
        ),
        Measure("all of a dependency, added to a call", whole - plain, "us"),
    ]


async def timed(work: Callable[[], Awaitable[None]], calls: int) -> float:
    """Microseconds of a call."""
    began = time.perf_counter()
    for _ in range(calls):
        await work()
    return (time.perf_counter() - began) / calls * 1e6


@dataclass
class Openings:
    """What a simulation has seen of one breaker.

    An opening is false where the provider is healthy at that moment: it would have answered the next call as
    it answers usually (1 % errors, at its usual speed). During a burst it is not: then it answers nothing.
    One is early where it comes from fewer calls than its rule needs: the minimum for rates, five for failures
    in a row, the number of probes while half-open.
    """

    clock: Simulated = field(default_factory=Simulated)
    calls: int = 0
    openings: int = 0
    false: int = 0
    early: int = 0
    healthy: bool = True
    recorded: int = 0

    def watch(self, breaker: Breaker) -> None:
        """Look at every event of a breaker."""
        breaker.on_event(lambda event: self._seen(breaker, event))

    def _seen(self, breaker: Breaker, event: Event) -> None:
        if event.told in {Told.SUCCESS, Told.ERROR}:
            self.recorded += 1
        elif event.told is Told.TRANSITION:
            if event.after is State.OPEN:
                terms, in_a_row = breaker.terms, "in a row" in event.reason
                least = terms.in_a_row if in_a_row else terms.least
                least = terms.probes if event.before is State.HALF_OPEN else least
                self.openings += 1
                self.false += self.healthy
                self.early += self.recorded < least
            self.recorded = 0

    def call(self, breaker: Breaker, *, failed: bool, seconds: float = 0.2) -> bool:
        """One call; whether it was let through."""
        self.calls += 1
        try:
            permit = breaker.acquire()
        except BreakerOpen:
            return False
        if failed:
            permit.failed(OSError(), seconds=seconds)
        else:
            permit.succeeded(seconds=seconds)
        return True


def random_errors(seen: Openings, terms: BreakerTerms, calls: int, rng: random.Random) -> None:
    """1 % random errors, 50 calls a second."""
    breaker = watched(seen, terms)
    for _ in range(calls):
        seen.clock.at = (seen.clock.at or 0.0) + 0.02
        seen.call(breaker, failed=rng.random() < 0.01)


def slow_start(seen: Openings, terms: BreakerTerms, calls: int, rng: random.Random) -> None:
    """Processes that start: the first ten calls take up to 40 s, the first two fail half of the time."""
    for _ in range(calls // 100):
        breaker = watched(seen, terms)
        for number in range(100):
            slow = max(0.2, 40.0 - 4 * number)
            seen.clock.at = (seen.clock.at or 0.0) + slow
            seen.call(breaker, failed=rng.random() < (0.5 if number < 2 else 0.01), seconds=slow)


def bursts(seen: Openings, terms: BreakerTerms, calls: int, rng: random.Random) -> None:
    """1 % random errors, and every 1,000 calls ten that fail one after another."""
    breaker = watched(seen, terms)
    for number in range(calls):
        seen.clock.at = (seen.clock.at or 0.0) + 0.2
        seen.healthy = number % 1_000 < 990
        seen.call(breaker, failed=not seen.healthy or rng.random() < 0.01)
    seen.healthy = True


def few_calls(seen: Openings, terms: BreakerTerms, calls: int, rng: random.Random) -> None:
    """Two calls a minute with 1 % random errors, and once in 2,000 calls an outage of ten of them."""
    breaker = watched(seen, terms)
    for number in range(calls // 5):
        seen.clock.at = (seen.clock.at or 0.0) + 30
        seen.healthy = number % 2_000 < 1_990
        seen.call(breaker, failed=not seen.healthy or rng.random() < 0.01)
    seen.healthy = True


def watched(seen: Openings, terms: BreakerTerms) -> Breaker:
    """A new breaker, looked at."""
    breaker = Breaker("x", terms, clock=seen.clock)
    seen.recorded = 0
    seen.watch(breaker)
    return breaker


SCENARIOS = (random_errors, slow_start, bursts, few_calls)
WINDOWS = {
    "last 20 calls": BreakerTerms(),
    "last 60 s": BreakerTerms(kind="time", window=60),
}


def false_openings(calls: int) -> tuple[list[Measure], list[str]]:
    """False openings as a part of all, over the four scenarios and both kinds of window."""
    found: list[Openings] = []
    notes = []
    for name, terms in WINDOWS.items():
        for scenario in SCENARIOS:
            seen = Openings()
            scenario(seen, terms, calls, random.Random(f"{name}{scenario.__name__}"))
            found.append(seen)
            notes.append(
                f"{scenario.__name__}, {name}: {seen.calls:,} calls, {seen.openings} openings, "
                f"{seen.false} false, {seen.early} from fewer calls than the minimum"
            )
    openings, false = sum(one.openings for one in found), sum(one.false for one in found)
    early = sum(one.early for one in found)
    part = false / openings if openings else 0.0
    return [
        Measure("false openings, part of all", part, "", FALSE, met=part < FALSE),
        Measure("openings from fewer calls than their minimum", early, "", 0, met=early == 0),
    ], notes


@dataclass
class Outage:
    """What an outage was like: calls made during it, and those that reached the provider.

    `back` are the seconds from its end to the first call that is answered.
    """

    calls: int = 0
    attempts: int = 0
    late: int = 0
    probes: int = 0
    back: float = float("inf")
    refused: list[float] = field(default_factory=list)


async def through(terms: Terms, seconds: int, after: float = 5) -> Outage:
    """50 calls a second for 20 s, then through an outage of `seconds`, and `after` it is over."""
    seen, clock, rng = Outage(), Simulated(), random.Random(7)
    clock.at = None
    made = Dependency("model/x", terms, clock=clock, random_of=rng.random)
    loop = asyncio.get_running_loop()
    begins, ends = 20.0, 20.0 + seconds

    async def work() -> str:
        down = begins <= loop.time() < ends
        state, opened = made.breaker.state, made.breaker.snapshot().counts.opened
        seen.attempts += down
        seen.probes += down and state is State.HALF_OPEN
        seen.late += down and opened > 0 and state is not State.HALF_OPEN
        await asyncio.sleep(0.05)
        if down:
            raise OSError("the provider is down")
        return "fine"

    async def call() -> None:
        seen.calls += begins <= loop.time() < ends
        began = time.perf_counter()
        try:
            await made.call(work)
            seen.back = min(seen.back, loop.time() - ends if loop.time() >= ends else seen.back)
        except BreakerOpen:
            seen.refused.append((time.perf_counter() - began) * 1e3)
        except OSError:
            return

    tasks = []
    while loop.time() < ends + after:
        tasks.append(asyncio.create_task(call()))
        await asyncio.sleep(0.02)
    await asyncio.wait(tasks)
    return seen


def outage(seconds: int) -> tuple[list[Measure], list[str]]:
    """An outage with nothing to fall back on: by the defaults, and with the retry budget alone."""
    both = []
    for terms in (Terms(), Terms(breaker=BreakerTerms(enabled=False), bulkhead=None)):
        with asyncio.Runner(loop_factory=VirtualTime) as runner:
            both.append(runner.run(through(terms, seconds)))
    guarded, budget = both
    ratio, alone = guarded.attempts / guarded.calls, budget.attempts / budget.calls
    slowest = sorted(guarded.refused)[int(len(guarded.refused) * 0.99)]
    reached = f"{guarded.attempts} reached the provider, {guarded.probes} of them as probes"
    notes = [f"outage of {seconds} s, 50 calls a second: {guarded.calls:,} calls, {reached}"]
    return [
        Measure("open: a call fails within, p99", slowest, "ms", REFUSED, met=slowest < REFUSED),
        Measure("outage: attempts per call", ratio, "", ATTEMPTS, met=ratio <= ATTEMPTS),
        Measure("outage: attempts per call, breaker disabled", alone, "", ATTEMPTS, met=alone <= ATTEMPTS),
        Measure("outage: attempts past an open breaker", guarded.late, "", 0, met=guarded.late == 0),
    ], notes


def without_retry_storm() -> Measure:
    """Attempts per call in an outage where nothing but the number of attempts bounds them: the peer."""
    terms = Terms(breaker=BreakerTerms(enabled=False), retry=RetryTerms(budget=10_000), bulkhead=None)
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        seen = runner.run(through(terms, 60))
    return Measure("for comparison: attempts per call, neither", seen.attempts / seen.calls, "")


def recovery(lengths: Sequence[int]) -> tuple[list[Measure], list[str]]:
    """How long after an outage a call is answered: by the defaults, and with a breaker open for less."""
    found: list[list[Outage]] = []
    for terms in (Terms(), SOONER):
        found.append([])
        for seconds in lengths:
            with asyncio.Runner(loop_factory=VirtualTime) as runner:
                found[-1].append(runner.run(through(terms, seconds, terms.breaker.open_for + 5)))
    usual, sooner = (max(one.back for one in each) for each in found)
    ratio = sum(one.attempts for one in found[1]) / sum(one.calls for one in found[1])
    notes = [
        f"recovery after outages of {', '.join(map(str, lengths))} s, open for {terms.breaker.open_for:g} s: "
        f"{', '.join(f'{one.back:.1f}' for one in each)} s"
        for terms, each in zip((Terms(), SOONER), found, strict=True)
    ]
    measured = f"outages of any length: recovery, open for {SOONER.breaker.open_for:g} s"
    return [
        Measure("outages of any length: recovery, open for 60 s", usual, "s"),
        Measure(measured, sooner, "s", RECOVERY, met=sooner < RECOVERY),
        Measure("the same: attempts per call", ratio, "", ATTEMPTS, met=ratio <= ATTEMPTS),
    ], notes


def main() -> None:
    """Measure everything, or some of it quickly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer calls, and nothing is written")
    parser.add_argument("--minutes", type=float, default=10, help="how long providers fail and return")
    said = parser.parse_args()
    quick = said.quick
    logs.configure("error", "readable")
    opened, scenarios = false_openings(10_000 if quick else 100_000)
    failing, told = outage(130 if quick else 310)
    later, recovered = recovery(LENGTHS[1:3] if quick else LENGTHS)
    measures = [*cost(2_000 if quick else 20_000), *opened, *failing, without_retry_storm(), *later]
    defined = "A false opening is one while the provider is healthy: it answers as usual, with 1 % errors."
    notes = [defined, *scenarios, *told, *recovered]
    for found, more in (
        structured(200 if quick else 1_000),
        availability(Form(30, 0.1) if quick else Form(said.minutes * 60)),
    ):
        measures += found
        notes += more
    if quick:
        with tempfile.TemporaryDirectory() as folder:
            report("resilience", measures, Path(folder), notes)
    else:
        report("resilience", measures, RESULTS, notes)


if __name__ == "__main__":
    main()
