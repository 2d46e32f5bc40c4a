"""The intervals hold although they are looked at after every batch: shown by simulated experiments.

Each simulated experiment is looked at `LOOKS` times, and stopped at the first look that excludes zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from pilothouse.experiments.statistics import (
    LEAST_CALLS,
    LEAST_OUTCOMES,
    Sample,
    Stratum,
    difference_between,
    pooled,
    radius,
    rate_difference,
    rate_evidence,
    rho_squared,
    share_of,
)

ALPHA, TIMES, LOOKS, BATCH = 0.05, 2_000, 40, 50
"""Experiments, looks at each, and calls of each arm between two looks."""

TOLERATED = ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / TIMES)
"""The share of false alarms that chance makes of 5 % in so many experiments, but for once in 700 times."""


def sums(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sums and sums of squares after each batch: an array for each, of experiments by looks."""
    batches = values.reshape(TIMES, LOOKS, BATCH)
    return batches.sum(2).cumsum(1), (batches**2).sum(2).cumsum(1)


def looked_at(control: np.ndarray, arm: np.ndarray, every: int = 1) -> Iterator[Iterator[Stratum]]:
    """What is seen at each look (of `every` batches), of each experiment."""
    (one, one_squares), (other, other_squares) = sums(control), sums(arm)
    for number in range(TIMES):
        yield (
            Stratum(
                Sample((look + 1) * BATCH, float(one[number, look]), float(one_squares[number, look])),
                Sample((look + 1) * BATCH, float(other[number, look]), float(other_squares[number, look])),
            )
            for look in range(every - 1, LOOKS, every)
        )


def excludes_zero(found: tuple[float, float, float, bool] | None) -> bool:
    return found is not None and not found[1] <= 0 <= found[2]


def alarms(control: np.ndarray, arm: np.ndarray) -> float:
    """The share of experiments in which some look says that the means differ."""
    return (
        sum(
            any(excludes_zero(difference_between([seen], ALPHA)) for seen in looks)
            for looks in looked_at(control, arm)
        )
        / TIMES
    )


def rate_alarms(control: np.ndarray, arm: np.ndarray) -> float:
    """The same of rates, every 200 calls; where an interval is exact, by the evidence that makes it."""
    found = 0
    for looks in looked_at(control, arm, every=4):
        for seen in looks:
            outcomes = [each for part in seen for each in (part.total, part.n - part.total)]
            if min(outcomes) >= LEAST_OUTCOMES:
                alarm = excludes_zero(rate_difference([seen], ALPHA))
            else:
                alarm = rate_evidence(*seen, 0.0) >= math.log(2 / ALPHA)
            if alarm:
                found += 1
                break
    return found / TIMES


def peeked_alarms(control: np.ndarray, arm: np.ndarray) -> float:
    """The same by the usual test at 5 % (1.96 standard errors) at each look."""
    (one, one_squares), (other, other_squares) = sums(control), sums(arm)
    n = np.arange(1, LOOKS + 1) * BATCH
    variances = (one_squares / n - (one / n) ** 2 + other_squares / n - (other / n) ** 2) / n
    return float((np.abs(other - one) / n > 1.96 * np.sqrt(variances)).any(axis=1).mean())


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(20260131)


SIZE = (TIMES, LOOKS * BATCH)


def test_without_a_difference_peeking_seldom_alarms_where_a_t_test_often_does(
    random: np.random.Generator,
) -> None:
    control, arm = random.normal(7, 1, SIZE), random.normal(7, 1, SIZE)
    assert alarms(control, arm) <= TOLERATED
    assert peeked_alarms(control, arm) > 0.2


def test_logarithms_of_heavy_tailed_latencies_keep_the_rate(random: np.random.Generator) -> None:
    control = np.log1p(random.pareto(1.5, SIZE))  # raw, these have no variance at all
    arm = np.log1p(random.pareto(1.5, SIZE))
    assert alarms(control, arm) <= TOLERATED


def test_a_difference_is_found_and_its_size_is_right(random: np.random.Generator) -> None:
    control, arm = random.normal(7, 1, SIZE), random.normal(7.15, 1, SIZE)
    assert alarms(control, arm) > 0.8
    last = next(iter(looked_at(control, arm)))
    *_, seen = last
    found = difference_between([seen], ALPHA)
    assert found is not None
    assert found.low < 0.15 < found.high


@pytest.mark.parametrize("rate", [0.9, 0.995])
def test_rates_without_a_difference_seldom_alarm(random: np.random.Generator, rate: float) -> None:
    control, arm = (random.random(SIZE) < rate).astype(float), (random.random(SIZE) < rate).astype(float)
    assert rate_alarms(control, arm) <= TOLERATED


def test_a_rate_that_fell_is_found(random: np.random.Generator) -> None:
    control, arm = (random.random(SIZE) < 0.97).astype(float), (random.random(SIZE) < 0.90).astype(float)
    assert rate_alarms(control, arm) > 0.99


@pytest.mark.parametrize(("good", "better"), [(0, 0), (10, 10), (0, 10), (3, 7), (9, 10)])
def test_an_exact_interval_has_the_differences_with_little_evidence_against(good: int, better: int) -> None:
    control, arm = share_of(good, 10), share_of(better, 10)
    found = rate_difference([Stratum(control, arm)], ALPHA)
    assert found.exact
    assert found.estimate == pytest.approx((better - good) / 10)
    assert -1 <= found.low <= found.estimate <= found.high <= 1
    for bound in (found.low, found.high):
        if abs(bound) < 1:
            assert rate_evidence(control, arm, bound) == pytest.approx(math.log(2 / ALPHA), abs=1e-4)


def test_evidence_is_that_of_the_best_fitting_pair_and_of_both_mixtures() -> None:
    control, arm = share_of(3, 10), share_of(7, 12)

    def against(p: float) -> float:
        beta = math.gamma(4) * math.gamma(8) / math.gamma(12) * math.gamma(8) * math.gamma(6) / math.gamma(14)
        return math.log(beta / (p**10 * (1 - p) ** 12))

    best = min(against(p / 10_000) for p in range(1, 10_000))
    assert rate_evidence(control, arm, 0.0) == pytest.approx(best, abs=1e-6)


def test_few_calls_are_covered_at_any_time(random: np.random.Generator) -> None:
    """Looked at after every tenth call, with true rates of 90 % and 70 %."""
    times = TIMES // 2
    one, other = ((random.random((times, 60)) < rate).cumsum(1) for rate in (0.9, 0.7))
    missed = sum(
        any(
            rate_evidence(share_of(int(row[n - 1]), n), share_of(int(line[n - 1]), n), -0.2) >= math.log(20)
            for n in range(10, 61, 10)
        )
        for row, line in zip(one, other, strict=True)
    )
    assert missed / times <= ALPHA


def test_the_radius_is_that_of_the_theorem() -> None:
    n, spread = 400, 2.5
    rho = math.sqrt(rho_squared(ALPHA))
    inside = 2 * (n * rho**2 + 1) / (n**2 * rho**2) * math.log(math.sqrt(n * rho**2 + 1) / ALPHA)
    assert radius(spread**2 / n, n, ALPHA) == pytest.approx(spread * math.sqrt(inside))
    assert rho_squared(ALPHA, 1) == pytest.approx(8.78, abs=0.01)


def test_too_few_calls_say_nothing() -> None:
    few = Sample(LEAST_CALLS - 1, 10.0, 10.0)
    many = Sample(LEAST_CALLS, 10.0, 10.0)
    assert difference_between([Stratum(few, many)], ALPHA) is None
    assert difference_between([], ALPHA) is None
    assert (Sample(0, 0, 0).mean, Sample(1, 5, 25).variance) == (0, 0)


def test_a_share_that_grew_while_all_became_slower_is_no_difference() -> None:
    """Simpson's paradox: in each stratum both arms are alike, and most of the arm's calls came late."""

    def around(mean: float, n: int) -> Sample:
        return Sample(n, mean * n, (mean**2 + 1) * n)

    early = Stratum(around(5, 9_900), around(5, 100))
    late = Stratum(around(7, 5_000), around(7, 5_000))
    found = difference_between([early, late], ALPHA)
    assert found is not None
    assert found.low < 0 < found.high
    naive = pooled([early.arm, late.arm]).mean - pooled([early.control, late.control]).mean
    assert naive > 1


def test_one_outcome_that_is_rare_is_taken_exactly() -> None:
    rare = rate_difference([Stratum(share_of(995, 1_000), share_of(990, 1_000))], ALPHA)
    common = rate_difference([Stratum(share_of(900, 1_000), share_of(800, 1_000))], ALPHA)
    assert (rare.exact, common.exact) == (True, False)
    assert common.estimate == pytest.approx(-0.1)
    assert common.low < common.estimate < common.high < 0
