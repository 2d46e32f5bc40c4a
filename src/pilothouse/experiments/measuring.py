"""What is kept of calls: counts and sums by arm and hour, of which everything that is shown is made.

Cost and latency are heavy-tailed: one call may take a thousand times as long as another, and a mean of such
values jumps. They are compared by their logarithms, whose means are those of *geometric* means: a call that
takes ten times as long counts as much as one that takes a tenth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from pilothouse.experiments.statistics import Sample

LEAST_MS = 1.0
"""Milliseconds below which latencies are not told apart."""

LEAST_COST = 1e-6
"""The cost below which costs are not told apart, so that what costs nothing has a logarithm, too."""

BUCKETS_PER_DOUBLING = 8
"""Buckets of the histogram of latencies in each doubling: a percentile is exact to about 4.5 %."""

LAST_BUCKET = 27 * BUCKETS_PER_DOUBLING
"""More than a day."""


def bucket_of(latency_ms: float) -> int:
    """The bucket of a latency."""
    found = int(math.log2(max(latency_ms, LEAST_MS)) * BUCKETS_PER_DOUBLING)
    return min(found, LAST_BUCKET)


def log_of_latency(latency_ms: float) -> float:
    """The natural logarithm that is summed."""
    return math.log(max(latency_ms, LEAST_MS))


def log_of_cost(cost: Decimal) -> float:
    """The natural logarithm that is summed."""
    return math.log(max(float(cost), LEAST_COST))


@dataclass
class Tally:
    """The sums of some calls of one arm."""

    calls: int = 0
    valid: int = 0
    errors: int = 0
    repairs: int = 0
    tokens: int = 0
    cost: Decimal = Decimal(0)
    cost_log: float = 0.0
    cost_squares: float = 0.0
    latency_log: float = 0.0
    latency_squares: float = 0.0
    latencies: dict[int, int] = field(default_factory=dict)
    rated: int = 0
    rating: float = 0.0
    rating_squares: float = 0.0

    def add(self, other: Tally) -> None:
        """Count what another has, too."""
        for name in _SUMS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for bucket, count in other.latencies.items():
            self.latencies[bucket] = self.latencies.get(bucket, 0) + count

    @property
    def validity(self) -> Sample:
        """1 for a valid result, 0 for another."""
        return Sample(self.calls, self.valid, self.valid)

    @property
    def failing(self) -> Sample:
        """1 for an error, 0 for none."""
        return Sample(self.calls, self.errors, self.errors)

    @property
    def dearness(self) -> Sample:
        """Logarithms of costs."""
        return Sample(self.calls, self.cost_log, self.cost_squares)

    @property
    def slowness(self) -> Sample:
        """Logarithms of latencies in milliseconds."""
        return Sample(self.calls, self.latency_log, self.latency_squares)

    @property
    def ratings(self) -> Sample:
        """Ratings from -1 to 1."""
        return Sample(self.rated, self.rating, self.rating_squares)


_SUMS = tuple(name for name in Tally.__dataclass_fields__ if name != "latencies")


def total(tallies: Iterable[Tally]) -> Tally:
    """The sums of all."""
    made = Tally()
    for each in tallies:
        made.add(each)
    return made


def percentile(latencies: Mapping[int, int], share: float) -> float | None:
    """The latency in milliseconds below which a share (0 to 1) of the calls lies; None of no calls.

    Within its bucket calls are taken to lie evenly by their logarithms.
    """
    calls = sum(latencies.values())
    wanted, before = share * calls, 0
    for bucket in sorted(latencies):
        count = latencies[bucket]
        if count and before + count >= wanted:
            inside = (wanted - before) / count
            return float(2 ** ((bucket + inside) / BUCKETS_PER_DOUBLING))
        before += count
    return None
