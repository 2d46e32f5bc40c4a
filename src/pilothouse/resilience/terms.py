"""What holds for a dependency: its deadline, breaker, retries, bulkhead and rates, each with defaults.

Times are in seconds, rates of failures in parts of one. What is not given is as the guide to resilience says.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Seconds = Annotated[float, Field(gt=0, le=86_400)]
Share = Annotated[float, Field(gt=0, le=1)]


class _Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BreakerTerms(_Terms):
    """When a breaker opens and how it closes again, in resilience4j's words.

    The window holds the last `window` calls, or those of the last `window` seconds where its kind is `time`.
    From `minimum` calls on (or a full window of calls, if that is smaller) the breaker opens at a failure
    rate of `failure_rate`, and at a rate of slow calls (`slow_after` or longer) of `slow_rate`. It also opens
    after `in_a_row` failures in a row (0: never for that). After `open_for` it lets `probes` calls through;
    where one of them is out for `half_open_for`, it opens again. With `automatic` it becomes half-open when
    the time has come, else with the next call.
    """

    kind: Literal["count", "time"] = "count"
    window: Annotated[int, Field(ge=1, le=3_600)] = 20
    minimum: Annotated[int, Field(ge=1, le=100_000)] = 10
    failure_rate: Share = 0.5
    slow_rate: Share = 1.0
    slow_after: Seconds = 60.0
    in_a_row: Annotated[int, Field(ge=0, le=100_000)] = 5
    open_for: Seconds = 60.0
    probes: Annotated[int, Field(ge=1, le=1_000)] = 2
    half_open_for: Seconds = 60.0
    automatic: bool = True
    enabled: bool = True

    @property
    def least(self) -> int:
        """From how many calls on rates are judged."""
        return min(self.minimum, self.window) if self.kind == "count" else self.minimum


class RetryTerms(_Terms):
    """How often a call is tried in all, and how long is waited in between: full jitter up to a growing bound.

    The bound is `first`, then twice as long each time, up to `longest`. The budget holds `budget` retries at
    most, and each call that succeeds puts `earned` back.
    """

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    first: Seconds = 1.0
    longest: Seconds = 60.0
    budget: Annotated[float, Field(ge=0, le=10_000)] = 10.0
    earned: Annotated[float, Field(ge=0, le=1)] = 0.1


class BulkheadTerms(_Terms):
    """How many calls are under way `at_once`, and how many more wait, for `patience` seconds at most."""

    at_once: Annotated[int, Field(ge=1, le=100_000)] = 64
    queue: Annotated[int, Field(ge=0, le=100_000)] = 256
    patience: Seconds = 30.0


class RateTerms(_Terms):
    """Calls a second, of which `burst` may come at once; and weight (tokens) a minute. None is unlimited.

    Who cannot be served within `patience`, or within the deadline, is refused at once.
    """

    calls: Annotated[float, Field(gt=0, le=1_000_000)] | None = None
    burst: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    weight: Annotated[float, Field(gt=0, le=1e12)] | None = None
    patience: Annotated[float, Field(ge=0, le=86_400)] = 30.0


class Terms(_Terms):
    """All of it for one dependency; a part that is None is left out.

    `deadline` bounds the whole of a call. A breaker that is `shared` counts together with those of the other
    processes, where the settings name a Redis.
    """

    deadline: Seconds | None = 30.0
    breaker: BreakerTerms = BreakerTerms()
    retry: RetryTerms | None = RetryTerms()
    bulkhead: BulkheadTerms | None = BulkheadTerms()
    rates: RateTerms | None = None
    shared: bool = False
