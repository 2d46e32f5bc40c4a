"""Counts and sums: percentiles from a histogram, logarithms with a floor, and sums that add up."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from pilothouse.experiments.measuring import (
    LAST_BUCKET,
    Tally,
    bucket_of,
    log_of_cost,
    log_of_latency,
    percentile,
    total,
)


def test_percentiles_are_within_five_per_cent() -> None:
    values = np.random.default_rng(7).lognormal(6, 1, 20_000)
    histogram: dict[int, int] = {}
    for value in values:
        histogram[bucket_of(value)] = histogram.get(bucket_of(value), 0) + 1
    for share in (0.5, 0.95, 0.99):
        assert percentile(histogram, share) == pytest.approx(np.quantile(values, share), rel=0.05)
    assert percentile({}, 0.5) is None


def test_what_is_out_of_range_is_in_the_outer_buckets() -> None:
    assert (bucket_of(0), bucket_of(-1), bucket_of(1e300)) == (0, 0, LAST_BUCKET)
    assert (log_of_latency(0), log_of_cost(Decimal(0))) == (0.0, math.log(1e-6))


def test_sums_add_up() -> None:
    one = Tally(calls=2, valid=1, cost=Decimal("0.5"), latencies={3: 2})
    other = Tally(calls=1, errors=1, cost=Decimal("0.25"), latencies={3: 1, 4: 1}, rated=1, rating=-1)
    both = total([one, other])
    assert (both.calls, both.valid, both.errors, both.cost) == (3, 1, 1, Decimal("0.75"))
    assert both.latencies == {3: 3, 4: 1}
    assert both.validity.mean == pytest.approx(1 / 3)
    assert both.ratings == (1, -1, 0.0)
    assert one.calls == 2
